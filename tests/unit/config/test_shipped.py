"""The shipped files: defaults.toml says what the types say, and the folders are where they are looked for."""

import re
import tomllib

import msgspec

from config.files import shipped, shipped_asterisk, shipped_workflows, workflows_dir
from config.load import load
from config.settings import PathSettings, PbxSettings, ServerSettings, Settings, WebhookSettings


def test_defaults_toml_holds_the_defaults() -> None:
    assert load(shipped("defaults.toml"), {}) == Settings()


def test_defaults_toml_names_every_setting() -> None:
    text = shipped("defaults.toml").read_text("utf-8")
    full = tomllib.loads(re.sub(r"(?m)^#(?=[\[a-z])", "", text))
    expected = msgspec.to_builtins(Settings())
    assert list(full) == [
        "server",
        "database",
        "pbx",
        "ivr",
        "dial",
        "callback",
        "survey",
        "paths",
        "desk",
        "webhook",
        "security",
        "recordings",
        "retention",
        "journal",
        "log",
    ]
    assert set(full) == set(expected)
    for section, values in expected.items():
        if section not in ("pbx", "webhook"):
            assert set(full[section]) == set(values), section
    assert set(full["pbx"][0]) == set(PbxSettings.__struct_fields__)
    assert set(full["webhook"][0]) == set(WebhookSettings.__struct_fields__)
    assert set(full["server"]) == set(ServerSettings.__struct_fields__)


def test_the_pbx_of_defaults_toml_has_the_defaults() -> None:
    text = shipped("defaults.toml").read_text("utf-8")
    (block,) = tomllib.loads(re.sub(r"(?m)^#(?=[\[a-z])", "", text))["pbx"]
    given = msgspec.convert(block, PbxSettings)
    plain = PbxSettings(name="main", secret=given.secret, trunks=given.trunks)
    assert given == plain


def test_an_installations_folder_is_used_instead_of_the_shipped_one() -> None:
    assert workflows_dir(PathSettings()) == shipped_workflows()
    assert list(shipped_workflows().glob("*.yaml"))
    assert (shipped_asterisk() / "manager.conf").is_file()
    assert str(workflows_dir(PathSettings(workflows="/x"))) == "/x"
