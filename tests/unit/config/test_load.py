"""Settings: from file, environment and options, with every problem told at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.load import SettingsError, load
from config.settings import Settings

WriteToml = Callable[[str], Path]


@pytest.fixture
def toml(tmp_path: Path) -> WriteToml:
    def write(text: str) -> Path:
        path = tmp_path / "ringdesk.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def problems(path: Path | None, environ: dict[str, str] | None = None) -> dict[str, str]:
    """What is told, by the place it is told of."""
    with pytest.raises(SettingsError) as caught:
        load(path, environ or {})
    return {problem.where: f"{problem.what}; {problem.fix}" for problem in caught.value.problems}


PBX = '[[pbx]]\nname = "main"\nsecret = "s"\n'


def test_without_anything_the_defaults_hold() -> None:
    assert load(None, {}) == Settings()


def test_the_environment_wins_over_the_file_and_options_over_both(toml: WriteToml) -> None:
    path = toml("[server]\nport = 1000\nhost = '0.0.0.0'\n" + PBX)
    environ = {
        "RINGDESK_SERVER__PORT": "2000",
        "RINGDESK_PBX__0__SECRET": "t",
        "RINGDESK_PBX__0__TRUNKS": "PJSIP/a, PJSIP/b",
        "RINGDESK_LOG__JSON": "true",
        "RINGDESK_DESK__POP_DEADLINE_SECONDS": "2",
        "RINGDESK_PARTS": "not a setting",
        "HOME": "/root",
    }
    settings = load(path, environ)
    assert settings.server.port == 2000
    assert settings.server.host == "0.0.0.0"
    assert settings.pbx[0].name == "main"
    assert settings.pbx[0].secret == "t"
    assert settings.pbx[0].trunks == ("PJSIP/a", "PJSIP/b")
    assert settings.log.json is True
    assert settings.desk.pop_deadline_seconds == 2.0
    assert load(path, environ, {"server": {"port": 3000}}).server.port == 3000


def test_a_secret_that_looks_like_a_number_stays_a_text() -> None:
    settings = load(None, {"RINGDESK_PBX__0__NAME": "main", "RINGDESK_PBX__0__SECRET": "0123"})
    assert settings.pbx[0].secret == "0123"


def test_everything_wrong_is_told_at_once(toml: WriteToml) -> None:
    path = toml(
        """
[server]
prot = 80
port = "eighty"
public_url = "http://["
[databse]
url = "x"
[database]
url = "mysql://x"
[[pbx]]
host = "10.0.0.1"
secret = "s"
[[pbx]]
name = "main"
region = "China"
[[pbx]]
name = "main"
secret = "s"
port = 70000
ping_seconds = 0
[desk]
time_zone = "Mars/Olympus"
language = "fr"
[security]
sign_in_tries = 0
[log]
level = "loud"
"""
    )
    told = problems(path)
    assert set(told) == {
        "server.prot",
        "server.port",
        "server.public_url",
        "databse",
        "database.url",
        "pbx[0].name",
        "pbx[1].secret",
        "pbx[1].region",
        "pbx[2].name",
        "pbx[2].port",
        "pbx[2].ping_seconds",
        "desk.time_zone",
        "desk.language",
        "security.sign_in_tries",
        "log.level",
    }
    assert "did you mean port?" in told["server.prot"]
    assert "did you mean database?" in told["databse"]
    assert "must be int" in told["server.port"]
    assert "'eighty'" in told["server.port"]
    assert "pbx[1]" in told["pbx[2].name"]


@pytest.mark.parametrize(
    ("text", "what"),
    [("[server", "is not TOML"), ("server = 1", "must be a table"), ("pbx = 1", "must be a list of tables")],
)
def test_a_file_of_another_shape_is_named(toml: WriteToml, text: str, what: str) -> None:
    assert what in " ".join(problems(toml(text)).values())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert "no such file" in problems(path)[str(path)]


@pytest.mark.parametrize("name", ["RINGDESK_PBX__X__SECRET", "RINGDESK_SERVER__", "RINGDESK_SERVER__PORT__X"])
def test_a_variable_that_names_no_setting_is_told(name: str, toml: WriteToml) -> None:
    assert name in problems(toml("[server]\nport = 1\n"), {name: "1"})


def test_a_mistyped_variable_is_told() -> None:
    assert "did you mean port?" in problems(None, {"RINGDESK_SERVER__PROT": "1"})["server.prot"]


def test_the_secret_may_be_in_a_file_beside(toml: WriteToml, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n", "utf-8")
    path = toml('[[pbx]]\nname = "main"\nsecret_file = "secret"\n')
    assert load(path, {}).pbx[0].secret == "hush"


@pytest.mark.parametrize(
    ("content", "what"), [(None, "No such file"), (b"", "it is empty"), (b"\xff", "it is no text")]
)
def test_a_secret_file_without_a_secret_is_told(
    toml: WriteToml, tmp_path: Path, content: bytes | None, what: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    told = problems(toml('[[pbx]]\nname = "main"\nsecret_file = "secret"\n'))
    assert list(told) == ["pbx[0].secret_file"]
    assert what in told["pbx[0].secret_file"]


def test_a_secret_and_a_secret_file_are_one_too_many(toml: WriteToml) -> None:
    assert "pbx[0].secret" in problems(toml(PBX + 'secret_file = "x"\n'))


def test_what_would_break_out_of_an_ami_line_is_refused(toml: WriteToml) -> None:
    text = '[[pbx]]\nname = "main"\nusername = "a\\r\\nAction: Command"\nsecret = "b\\u0000"\n'
    assert {"pbx[0].username", "pbx[0].secret"} <= set(problems(toml(text)))


def test_folders_are_found_beside_the_file_and_must_exist(toml: WriteToml, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert load(toml('[paths]\nworkflows = "mine"\n'), {}).paths.workflows == str(tmp_path / "mine")
    assert "paths.flows" in problems(toml('[paths]\nflows = "none"\n'))


@pytest.mark.parametrize(
    "url", ["sqlite:///a.db", "sqlite:////var/lib/a.db", "postgresql://u:p@h/d", "postgresql:///d?host=/run"]
)
def test_addresses_of_databases(url: str, toml: WriteToml) -> None:
    assert load(toml(f'[database]\nurl = "{url}"\n'), {}).database.url == url


@pytest.mark.parametrize("url", ["", "a.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://h/d"])
def test_addresses_of_none(url: str, toml: WriteToml) -> None:
    assert "database.url" in problems(toml(f'[database]\nurl = "{url}"\n'))


def test_a_problem_reads_as_a_line() -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, {"RINGDESK_SERVER__PORT": "x"})
    (problem,) = caught.value.problems
    line: Any = str(problem)
    assert line.startswith("server.port: must be int")
    assert "\n" not in line


def test_webhooks_are_checked(tmp_path: Path) -> None:
    """Each mistake is named with its place, and a good one is taken, from the environment too."""
    file = tmp_path / "ringdesk.toml"
    file.write_text(
        """
[[webhook]]
url = "ftp://example.com"
secret = "short"
events = ["complaint.*", "everything"]
[[webhook]]
url = "https://example.com/in"
secret = "0123456789abcdef"
name = "a b"
[[webhook]]
url = "https://example.com/in"
secret = "0123456789abcdef"
[[webhook]]
url = "https://example.com/in"
secret = "0123456789abcdef"
""",
        "utf-8",
    )
    with pytest.raises(SettingsError) as caught:
        load(file, {})
    assert [problem.where for problem in caught.value.problems] == [
        "webhook[0].url",
        "webhook[0].secret",
        "webhook[0].events",
        "webhook[1].name",
        "webhook[3].name",
    ]
    given = {"URL": "http://127.0.0.1:9/in", "SECRET": "0123456789abcdef", "EVENTS": "repair.*,*.merge"}
    settings = load(None, {f"RINGDESK_WEBHOOK__0__{name}": value for name, value in given.items()})
    assert settings.webhook[0].events == ("repair.*", "*.merge")
    assert len(settings.webhook[0].key) == 12
