"""The documentation keeps step with the code: links, commands, settings, roles, samples, keys, pictures."""

import json
import re
import shlex
import struct
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer

from config.load import load
from config.settings import PbxSettings, Settings, WebhookSettings
from core.identity.roles import PERMISSIONS, Permission, Role
from server.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = (*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "config" / "asterisk" / "README.md")
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
every_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:[\w./-]*/)?ringdesk (\S.*)$")
PLACEHOLDER = re.compile(r"[A-Z…\[(]")


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors that a forge makes of headings: lower case, no punctuation, dashes for spaces."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def commands_in(page: Path) -> Iterator[str]:
    """What follows `ringdesk` wherever code begins with it."""
    text = text_of(page)
    lines = [line for fence in FENCE.finditer(text) for line in fence[3].splitlines()]
    lines += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    for line in lines:
        if found := COMMAND.match(line.strip()):
            yield found[1]


def under(command: Any) -> dict[str, Any]:
    """The commands of a group by name; none for a command. (Typer's groups are no click.Group any more.)"""
    found: dict[str, Any] = getattr(command, "commands", {})
    return found


def wrong_with(command: str) -> str:
    """Why there is no such command, or an empty text. Words in capitals stand for what the reader puts there."""
    found: Any = typer.main.get_command(app)
    for word in shlex.split(re.split(r" [|<>#] ?| {2,}", command)[0]):
        if subs := under(found):
            if PLACEHOLDER.match(word):
                return ""
            if word not in subs:
                return f"there is no {word!r} in `ringdesk {command}`"
            found = subs[word]
        elif word.startswith("--"):
            options = {opt for param in found.params for opt in param.opts} | {"--help"}
            if word not in options:
                return f"there is no {word} in `ringdesk {command}`"
    return ""


@every_page
def test_commands_exist_with_their_options(page: Path) -> None:
    assert [wrong for command in commands_in(page) if (wrong := wrong_with(command))] == []


def test_a_command_that_does_not_exist_would_be_found() -> None:
    assert wrong_with("user add anna --role agent  # a comment") == ""
    assert wrong_with("COMMAND --help") == ""
    assert "'bake'" in wrong_with("bake")
    assert "'fly'" in wrong_with("user fly anna")
    assert "--rolle" in wrong_with("user add anna --rolle agent")


def test_every_command_is_named_in_the_documentation() -> None:
    named = {" ".join(command.split()[:2]) for page in PAGES for command in commands_in(page)}
    named |= {command.split()[0] for command in named}
    commands = under(typer.main.get_command(app))
    assert commands
    for name, command in commands.items():
        for wanted in [f"{name} {sub}" for sub in under(command)] or [name]:
            assert wanted in named


def table(page: Path, head: str) -> dict[str, list[str]]:
    """The rows of the table whose heading begins so: first cell (without backticks) to the others."""
    lines = iter(text_of(page).splitlines())
    assert any(line.startswith(head) for line in lines), head
    next(lines)
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        first, *others = (cell.strip() for cell in line.strip("|").split("|"))
        rows[first.strip("`")] = others
    return rows


def as_shown(default: object) -> str:
    if default is msgspec.NODEFAULT:
        return "*(needed)*"
    return "*(none)*" if default is None else f"`{json.dumps(msgspec.to_builtins(default))}`"


def settings() -> dict[str, str]:
    """Every setting with its default as the table shows it."""
    lists = {"pbx": PbxSettings, "webhook": WebhookSettings}
    found = {}
    for section in msgspec.structs.fields(Settings):
        kind = lists.get(section.name) or type(getattr(Settings(), section.name))
        found |= rows_of(kind, section.name)
    return found


def rows_of(kind: type[msgspec.Struct], where: str) -> dict[str, str]:
    """The settings of one table, and of those inside it."""
    found = {}
    for field in msgspec.structs.fields(kind):
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if isinstance(default, msgspec.Struct):
            found |= rows_of(type(default), f"{where}.{field.name}")
        else:
            found[f"{where}.{field.name}"] = as_shown(default)
    return found


def test_the_table_of_settings_is_the_codes() -> None:
    shown = table(DOCS / "admin.md", "| setting |")
    assert {name: cells[0] for name, cells in shown.items()} == settings()
    assert all(cells[1] for cells in shown.values())


def test_the_table_of_roles_is_the_codes() -> None:
    page = DOCS / "admin.md"
    head = re.search(r"^\| permission \| +\|(.*)\|$", text_of(page), re.M)
    assert head
    roles = [Role(cell.strip()) for cell in head[1].split("|")]
    assert set(roles) == set(Role)
    shown = {
        Permission(name): {role for role, cell in zip(roles, cells[1:], strict=True) if cell}
        for name, cells in table(page, "| permission |").items()
    }
    assert shown == {one: {role for role in Role if one in PERMISSIONS[role]} for one in Permission}


def test_the_settings_of_the_install_guide_can_be_used(tmp_path: Path) -> None:
    blocks = [fence[3] for fence in FENCE.finditer(text_of(DOCS / "install.md")) if fence[2] == "toml"]
    assert len(blocks) == 3
    (tmp_path / "ami.secret").write_text("secret\n")
    for number, block in enumerate(blocks):
        tomllib.loads(block)
        path = tmp_path / f"{number}.toml"
        # The folder that step 1 has made by now.
        path.write_text(block.replace("/var/spool/asterisk/ringdesk", str(tmp_path)), "utf-8")
        load(path, {})


def bare(line: str) -> str:
    return re.sub(r"\s+", "", line.partition(";")[0])


@pytest.mark.parametrize(
    ("section", "sample"), [("[ringdesk]", "manager.conf"), ("[ringdesk-dial]", "extensions.conf")]
)
def test_the_install_guide_asks_for_what_the_samples_have(section: str, sample: str) -> None:
    """The rig of the tests runs on the samples, so what the guide says is proven by them."""
    given = {bare(line) for line in text_of(ROOT / "config" / "asterisk" / sample).splitlines()}
    (block,) = (fence[3] for fence in FENCE.finditer(text_of(DOCS / "install.md")) if section in fence[3])
    assert {bare(line) for line in block.splitlines()} - given == set()


def keys_in(page: Path) -> set[str]:
    part = text_of(page).split("\n| ")
    rows = [line for line in part if line.startswith("`")]
    return set(re.findall(r"`(1`…`9|Ctrl`\+`Enter|.|Esc)`", "\n".join(rows)))


def test_both_agents_guides_name_the_keys_that_the_desk_has() -> None:
    keys = (ROOT / "screenpop" / "templates" / "parts" / "keys.html").read_text("utf-8")
    known = set(re.findall(r"\('(.|Esc)', _\(", keys)) | {"1`…`9", "Ctrl`+`Enter"}
    assert {"R", "P", "X", "?", "/", "Esc"} <= known
    assert keys_in(DOCS / "agent.md") == known
    assert keys_in(DOCS / "agent.zh.md") == known


@pytest.mark.parametrize("picture", sorted((DOCS / "images").glob("*.png")), ids=lambda path: path.name)
def test_pictures_are_small_and_shown(picture: Path) -> None:
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1280, 720)
    assert len(data) < 300_000
    assert any(f"images/{picture.name}" in text_of(page) for page in PAGES)


def test_the_first_picture_is_there() -> None:
    assert (DOCS / "images" / "desk.png").is_file()
