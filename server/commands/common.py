"""What every command does: read the settings, run the work, tell a problem in one line."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import typer

from config.load import SettingsError, load
from config.settings import Settings
from core import migrate
from core.database import Database
from core.errors import Refused
from ticketing.definitions import Faulty

T = TypeVar("T")

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; ringdesk.toml in the working directory where not given."),
]
DEFAULT_CONFIG = Path("ringdesk.toml")


def fail(message: str) -> NoReturn:
    """Say what is wrong in one line on stderr and exit with 1."""
    print(" ".join(f"ringdesk: {message}".split()), file=sys.stderr)
    raise typer.Exit(1)


def say(message: str = "") -> None:
    """Print a line for the person (or the pipe) that ran the command."""
    print(message, flush=True)


def settings_of(config: Path | None, overrides: dict[str, Any] | None = None) -> Settings:
    """The settings, or exit 1 with all that is wrong with them, a line each."""
    try:
        return read_settings(config, overrides)
    except SettingsError as error:
        tell_settings(error)
        raise typer.Exit(1) from None


def read_settings(config: Path | None, overrides: dict[str, Any] | None = None) -> Settings:
    """The settings; raises `SettingsError`."""
    path = config if config is not None else (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    return load(path, os.environ, overrides or {})


def tell_settings(error: SettingsError) -> None:
    """Each problem of the settings in a line on stderr."""
    for problem in error.problems:
        print(f"ringdesk: {problem}", file=sys.stderr)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the work; a refusal, a database that is away and a broken file are told in a line."""
    try:
        return asyncio.run(work)
    except Refused as refusal:
        fail(refusal.message)
    except Faulty as faulty:
        for problem in faulty.problems:
            print(f"{problem.file}:{problem.line}: {problem.message} ({problem.fix})", file=sys.stderr)
        raise typer.Exit(1) from None
    except sa.exc.DBAPIError as error:
        fail(f"the database (database.url) cannot be used: {error.orig}")
    except sa.exc.TimeoutError:
        fail("the database (database.url) does not answer")
    except OSError as error:
        fail(str(error) or type(error).__name__)
    except KeyboardInterrupt:
        raise typer.Exit(1) from None


def require_port(host: str, port: int) -> None:
    """Exit 1 where nothing can be served there, with the way to another port."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(
                f"port {port} of {host} is taken by another program; choose another one: --port {port + 1}"
                f" (RINGDESK_SERVER__PORT={port + 1}, or `make demo PORT={port + 1}`)"
            )
        fail(f"cannot serve on {host}, port {port}: {error.strerror or error}; see --host and --port")


def moment(text: str, settings: Settings) -> float:
    """A time as people write it, in epoch seconds; in desk.time_zone where it names no offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no time; write it like 2026-01-31 or 2026-01-31T13:00")
    zone = ZoneInfo(settings.desk.time_zone)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database of these settings, which must be up to date."""
    db = Database(settings.database.url)
    try:
        await require_current(db)
        yield db
    finally:
        await db.close()


async def require_current(db: Database) -> None:
    """Refuse an older (or newer) database, with the next step."""
    found = await migrate.revision(db)
    if found != migrate.head():
        state = (
            "is empty" if found is None else f"is at revision {found}, this program wants {migrate.head()}"
        )
        raise Refused(f"The database {state}: run `ringdesk migrate` first.", code="not_migrated")
