"""The command line: exit codes, one line for each problem, and processes that end cleanly with sockets open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import websockets
from typer.testing import CliRunner, Result

from cti.practice.pbx import SECRET, PracticePbx
from screenpop.hub import GOING_AWAY
from server.cli import app
from tests.e2e.ringdesk import PROGRAM, Installation, Server, command, command_here
from tests.integration.test_permissions import closed, hear

GOOD = '[[pbx]]\nname = "main"\nport = 1\nsecret = "x"\n'
READ = ("user list", "token add anna", "customers import people.csv", "doctor", "serve", "audit verify")
"""Commands that want a database."""
ALL = (*READ, "check", "migrate", "user add anna --role agent", "tail --token x")
PASSWORD = "correct horse\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of an installation that has good settings and no database yet."""
    for name in [name for name in os.environ if name.startswith("RINGDESK_")]:
        monkeypatch.delenv(name)
    (tmp_path / "ringdesk.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as `ringdesk migrate` makes it."""
    path = tmp_path_factory.mktemp("migrated") / "ringdesk.db"
    settings = path.with_name("ringdesk.toml")
    settings.write_text(f'[database]\nurl = "sqlite:///{path}"\n')
    result = CliRunner().invoke(app, ["migrate", "--config", str(settings)])
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture
def ready(folder: Path, migrated: Path) -> Path:
    """The same working directory with an empty database that is up to date."""
    shutil.copy(migrated, folder / "ringdesk.db")
    return folder


@pytest.fixture
def any_port(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve` takes a port that is free."""
    monkeypatch.setenv("RINGDESK_SERVER__PORT", "0")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port where another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def run(line: str, *, typed: str | bytes = "") -> Result:
    return CliRunner().invoke(app, line.split(), input=typed)


def refused(line: str, *, typed: str | bytes = "", lines: int = 1) -> str:
    """What a command says on stderr that ends with 1 and says nothing else."""
    result = run(line, typed=typed)
    assert result.exit_code == 1, (line, result.output, result.exception)
    assert isinstance(result.exception, SystemExit), line
    assert result.stdout == "", line
    said = result.stderr.splitlines()
    assert len(said) == lines, (line, result.stderr)
    assert all(one.startswith("ringdesk: ") and len(one) < 400 for one in said)
    return result.stderr


@pytest.mark.parametrize("line", ALL)
def test_every_command_says_that_its_settings_are_missing_or_broken(folder: Path, line: str) -> None:
    assert "there is no such file; name another one with --config" in refused(f"{line} --config no.toml")
    Path("bad.toml").write_text("[server\n")
    assert "bad.toml: is not TOML" in refused(f"{line} --config bad.toml")
    Path("bytes.toml").write_bytes(b"\xff\xfe")
    assert "cannot be read" in refused(f"{line} --config bytes.toml")
    Path("wrong.toml").write_text('[server]\nprot = 1\nport = "x"\n[nope]\n')
    said = refused(f"{line} --config wrong.toml", lines=3)
    assert "server.prot: is no setting; did you mean port?" in said
    assert "server.port: must be int" in said
    assert "nope: is no setting" in said


@pytest.mark.usefixtures("any_port")
@pytest.mark.parametrize("line", [*READ, "user add anna --role agent"])
def test_a_database_that_is_not_migrated_is_told_with_the_next_step(folder: Path, line: str) -> None:
    assert "run `ringdesk migrate` first" in refused(line, typed=PASSWORD)


@pytest.mark.usefixtures("any_port")
@pytest.mark.parametrize("line", ["migrate", "user list", "serve", "token add anna"])
def test_a_database_that_cannot_be_used_is_told(folder: Path, line: str) -> None:
    for name, url in (
        ("folder", "sqlite:////nowhere/at/all/x.db"),
        ("proc", "sqlite:////proc/ringdesk.db"),
        ("text", "sqlite:///text.db"),
    ):
        Path("text.db").write_text("this is no database, but a text of some length\n" * 30)
        Path(f"{name}.toml").write_text(f'[database]\nurl = "{url}"\n')
        assert "database" in refused(f"{line} --config {name}.toml"), name
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    Path("away.toml").write_text(f'[database]\nurl = "postgresql://u:hidden@127.0.0.1:{port}/x"\n')
    said = refused(f"{line} --config away.toml")
    assert "refused" in said
    assert "hidden" not in said


@pytest.mark.usefixtures("any_port")
def test_a_newer_database_is_told(ready: Path) -> None:
    with contextlib.closing(sqlite3.connect("ringdesk.db")) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    assert "newer Ringdesk" in refused("migrate")
    assert "9999" in refused("serve")


def test_migrating_twice_changes_nothing(folder: Path) -> None:
    first, second = run("migrate"), run("migrate")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "was empty" in first.stdout
    assert "nothing to do" in second.stdout


@pytest.mark.parametrize(
    "line",
    ["nope", "serve --bogus", "serve --port abc", "user add", "user add anna", "user add anna --role boss",
     "token add", "customers import", "schema nope", "tail", "demo --speed 99", "user", ""],
)  # fmt: skip
def test_a_wrong_call_is_code_2(folder: Path, line: str) -> None:
    result = run(line)
    assert result.exit_code == 2, result.output
    assert "Usage" in result.output


def test_users_and_what_is_wrong_with_them(ready: Path) -> None:
    good = run("user add anna --role agent --interface PJSIP/1001 --name Anna", typed=PASSWORD)
    assert (good.exit_code, good.stdout.strip()) == (0, "added anna (agent) at PJSIP/1001")
    for line, typed, what in (
        ("user add eva --role agent", "", "password is empty"),
        ("user add eva --role agent", "\n", "password is empty"),
        ("user add eva --role agent", b"\xff\xfe\n", "no text in UTF-8"),
        ("user add eva --role agent", "x" * 2000 + "\n", "longer than"),
        ("user add anna --role agent", PASSWORD, "already a user anna"),
        ("user add e/va --role agent", PASSWORD, "letters"),
        ("user add eva --role agent --interface PJSIP/1001", PASSWORD, "phone of anna"),
        ("user add eva --role agent --interface 1001", PASSWORD, "like PJSIP/1001"),
        ("user add eva --role agent --interface PJSIP/2 --pbx other", PASSWORD, "no PBX 'other'"),
        ("user add eva --role agent --interface PJSIP/2 --extension x", PASSWORD, "no extension"),
        ("user add eva --role agent --extension 1", PASSWORD, "needs --interface"),
        ("token add nobody", "", "no user 'nobody'"),
    ):
        assert what in refused(line, typed=typed), line
    assert run("user list").stdout.splitlines() == ["anna\tagent\tmain:PJSIP/1001\tAnna"]


def test_a_token_stands_alone_on_standard_output(ready: Path) -> None:
    run("user add anna --role agent", typed=PASSWORD)
    first, second = run("token add anna"), run("token add anna")
    for result in (first, second):
        assert result.exit_code == 0
        assert re.fullmatch(r"rdk_[A-Za-z0-9_-]{43}\n", result.stdout)
        assert result.stderr == ""
    assert first.stdout != second.stdout
    with contextlib.closing(sqlite3.connect("ringdesk.db")) as db:
        assert first.stdout.strip() not in "\n".join(db.iterdump())


def test_an_import_says_what_went_in_and_what_is_wrong(ready: Path) -> None:
    assert "No such file" in refused("customers import nope.csv")
    assert "directory" in refused("customers import /tmp").lower()
    Path("empty.csv").write_text("")
    assert "empty" in refused("customers import empty.csv")
    Path("binary.csv").write_bytes(bytes(range(256)) * 10)
    refused("customers import binary.csv")
    Path("people.csv").write_text("name,phones,colour\nLi,13800138000,red\n,139,\nWu,not a number,\n")
    result = run("customers import people.csv")
    assert result.exit_code == 0
    assert "read 3 rows: 1 new" in result.stdout
    assert "2 rejected" in result.stdout
    assert "colour" in result.stdout
    (report,) = [path for path in Path().glob("*.csv") if "reject" in path.name]
    text = report.read_text("utf-8-sig")
    assert "3" in text
    assert "not a number" in text


def test_a_taken_port_is_named_and_another_way_shown(ready: Path, taken: int) -> None:
    for line in (f"serve --port {taken}", f"demo --port {taken} --dir demo"):
        said = refused(line)
        assert f"port {taken} of 127.0.0.1 is taken" in said
        assert f"--port {taken + 1}" in said
        assert f"PORT={taken + 1}" in said
    assert not Path("demo").exists()
    assert "nowhere.invalid" in refused("serve --host nowhere.invalid")
    assert "99999 is no port" in refused("serve --port 99999")


def test_the_environment_stands_above_the_file(
    ready: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGDESK_SERVER__PORT", str(taken))
    assert f"port {taken} " in refused("serve")
    monkeypatch.setenv("RINGDESK_SERVER__PORT", "abc")
    assert "server.port: must be int" in refused("serve")
    monkeypatch.setenv("RINGDESK_SERVER__PORT", "1")
    monkeypatch.setenv("RINGDESK_PBX__0__SECRET", "y")
    assert run("check").exit_code == 0
    monkeypatch.setenv("RINGDESK_SERVER__PROT", "1")
    assert "server.prot" in refused("serve")


def test_the_demo_names_a_folder_that_cannot_be_had(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    Path("file").write_text("")
    assert "choose another --dir" in refused(f"demo --port {port} --dir file/demo")
    assert "settings of its own" in refused(f"demo --port {port} --config ringdesk.toml")


def test_a_doctor_without_a_pbx_and_with_one_that_is_away(ready: Path) -> None:
    result = run("doctor")
    assert result.exit_code == 1
    assert "BAD" in result.stdout
    assert "do:" in result.stdout
    Path("none.toml").write_text("")
    assert "[[pbx]]" in refused("doctor --config none.toml")


def test_schemas_are_json(folder: Path) -> None:
    result = run("schema workflow")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["$schema"].startswith("https://json-schema.org/")


# --- processes of their own -------------------------------------------------------------------------------


@pytest.fixture
async def served(tmp_path: Path, migrated: Path) -> AsyncIterator[Server]:
    """`ringdesk serve` on a practice PBX, with an agent anna and a supervisor li."""
    shutil.copy(migrated, tmp_path / "ringdesk.db")
    async with PracticePbx() as pbx:
        server = Server(Installation(tmp_path, {}), pbx.port, SECRET)
        url = f'url = "sqlite:///{tmp_path}/ringdesk.db"'
        settings = tmp_path / "ringdesk.toml"
        settings.write_text(settings.read_text().replace('url = "sqlite:///ringdesk.db"', url))
        await command_here(tmp_path, "user", "add", "anna", "--role", "agent", typed=PASSWORD)
        await command_here(tmp_path, "user", "add", "li", "--role", "supervisor", typed=PASSWORD)
        server.tokens = {name: await command_here(tmp_path, "token", "add", name) for name in ("anna", "li")}
        async with server:
            yield server


def live(server: Server, user: str) -> websockets.connect:
    headers = {"Authorization": f"Bearer {server.tokens[user]}"}
    return websockets.connect(server.address.replace("http", "ws") + "/ws", additional_headers=headers)


class Tail:
    """A `ringdesk tail` and what it printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            text = await self.process.stdout.readline()
        found: dict[str, Any] = msgspec.json.decode(text)
        return found


@contextlib.asynccontextmanager
async def tail(server: Server, *options: str, token: str = "") -> AsyncIterator[Tail]:
    process = await asyncio.create_subprocess_exec(
        *("setpriv", "--pdeathsig", "KILL", str(PROGRAM), "tail", *options),
        cwd=server.folder,
        env={**os.environ, "RINGDESK_TOKEN": token or server.tokens["li"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**22,
    )
    try:
        yield Tail(process)
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        await process.communicate()


async def test_serve_ends_cleanly_with_sockets_open(served: Server) -> None:
    async with live(served, "anna") as one, live(served, "li") as two:
        await hear(one)
        await hear(two)
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
        frozen = socket.create_connection(("127.0.0.1", served.port))
        await writer.drain()
        await served.stop()
        assert await closed(one) == GOING_AWAY
        assert await closed(two) == GOING_AWAY
        writer.close()
        frozen.close()
    assert served.faults() == []


async def test_tail_prints_json_lines_and_comes_back_after_a_restart(served: Server) -> None:
    async with tail(served) as following:
        hello = await following.line()
        assert hello["type"] == "hello"
        assert hello["user"]["user"] == "li"
        await served.stop()
        await served.start()
        again = await following.line()
        while again["type"] != "hello":
            again = await following.line()
        assert again["epoch"] != hello["epoch"]


async def test_tail_ends_after_count_or_when_nobody_reads(served: Server) -> None:
    async with tail(served, "--count", "1") as following:
        assert (await following.line())["type"] == "hello"
        assert await asyncio.wait_for(following.process.wait(), 60) == 0
    pipe = f"{PROGRAM} tail | head -n 1"
    process = await asyncio.create_subprocess_shell(
        pipe,
        cwd=served.folder,
        env={**os.environ, "RINGDESK_TOKEN": served.tokens["li"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert json.loads(await process.stdout.readline())["type"] == "hello"
        await served.api("POST", "/tickets", {"workflow": "inquiry", "subject": "news"})
        await served.stop()  # whatever comes next finds that nobody reads
        await served.start()
        _, errors = await process.communicate()
    assert errors == b""


async def test_tail_says_in_a_line_that_its_token_or_server_is_wrong(served: Server) -> None:
    async with tail(served, token="rdk_wrong") as following:
        out, errors = await asyncio.wait_for(following.process.communicate(), 60)
        assert (following.process.returncode, out) == (1, b"")
        assert errors.startswith(b"ringdesk: The server refused the token (401)")
    async with tail(served, "--url", "http://127.0.0.1:1") as following:
        out, errors = await asyncio.wait_for(following.process.communicate(), 60)
        assert (following.process.returncode, out) == (1, b"")
        assert errors.count(b"\n") == 1


async def test_the_demo_serves_and_ends_cleanly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *("setpriv", "--pdeathsig", "KILL", str(PROGRAM), "demo", "--port", str(port), "--dir", "demo"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = b""
    async with asyncio.timeout(120):
        while b"Ctrl-C" not in said:
            said += await process.stdout.readline()
    assert f"ready: http://127.0.0.1:{port}\n".encode() in said
    assert b"anna" in said
    os.kill(process.pid, signal.SIGINT)
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    assert process.stderr is not None
    assert b"Traceback" not in await process.stderr.read()


async def test_the_installed_command_is_the_one_that_is_tested(ready: Path) -> None:
    with pytest.raises(Exception, match="no user 'nobody'"):
        await command(ready, "token", "add", "nobody")
