"""`ringdesk user …` and `ringdesk token …`."""

from __future__ import annotations

import getpass
import sys
import time
from typing import Annotated

import typer

from config.settings import Settings
from core.errors import Invalid
from core.identity.roles import Role
from core.identity.service import Identity
from core.identity.users import NewSeat
from server.commands.common import Config, database, fail, run, say, settings_of


def add(
    name: Annotated[str, typer.Argument(help="What the user signs in with.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")],
    interface: Annotated[str, typer.Option(help="The phone as queues name it, such as PJSIP/1001.")] = "",
    extension: Annotated[
        str, typer.Option(help="The phone's number; the interface's name where not given.")
    ] = "",
    full_name: Annotated[str, typer.Option("--name", help="Full name, as pages show it.")] = "",
    pbx: Annotated[str, typer.Option(help="The PBX of the phone; the first one where not given.")] = "",
    department: Annotated[str, typer.Option(help="The department whose tickets the user handles.")] = "",
    config: Config = None,
) -> None:
    """Add a user; the password is read from standard input."""
    settings = settings_of(config)
    seat = seat_of(settings, interface, extension, pbx)
    password = read_password()

    async def work() -> None:
        async with database(settings) as db:
            identity = Identity(db, settings.security)
            await identity.add_user(name, password, role, full_name, seat, time.time(), department=department)

    run(work())
    phone = f" at {seat.interface}" if seat else ""
    say(f"added {name} ({role.value}){phone}")


def seat_of(settings: Settings, interface: str, extension: str, pbx: str) -> NewSeat | None:
    """The phone that options name; None where they name none. Exits with 1 for an unknown PBX."""
    if not interface:
        if extension:
            fail("--extension needs --interface, such as --interface PJSIP/1001")
        return None
    names = [one.name for one in settings.pbx]
    if pbx and names and pbx not in names:
        fail(f"there is no PBX {pbx!r} in the settings; there are: {', '.join(names)}")
    chosen = pbx or (names[0] if names else "main")
    return NewSeat(interface=interface, pbx=chosen, extension=extension or interface.rpartition("/")[2])


def read_password(question: str = "password: ") -> str:
    """The password from a pipe, or asked for on a terminal."""
    if sys.stdin.isatty():
        return getpass.getpass(question)
    try:
        password = sys.stdin.readline().rstrip("\r\n")
        password.encode()
    except UnicodeError:
        fail("the password on standard input is no text in UTF-8")
    return password


def list_users(config: Config = None) -> None:
    """List the users: name, role, phone, full name."""
    settings = settings_of(config)

    async def work() -> list[str]:
        async with database(settings) as db:
            identity = Identity(db, settings.security)
            phones = {seat.user: f"{seat.pbx}:{seat.interface}" for seat in await identity.seats()}
            return [
                f"{user.name}\t{user.role.value}\t{phones.get(user.name, '-')}\t{user.full_name}"
                + ("" if user.active else "\tdisabled")
                for user in await identity.users()
            ]

    for line in run(work()):
        say(line)


def add_token(user: Annotated[str, typer.Argument(help="Whose token.")], config: Config = None) -> None:
    """Make an API token for the user and print it, this once."""
    settings = settings_of(config)

    async def work() -> str:
        async with database(settings) as db:
            if not user.strip():
                raise Invalid("A token needs a user.")
            return await Identity(db, settings.security).add_token(user, time.time())

    say(run(work()))
