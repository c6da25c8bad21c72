"""`ringdesk user password`, `role`, `phone`, `disable`, `enable` and `ringdesk token revoke`: what changes later."""

from __future__ import annotations

import getpass
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from core.identity.roles import Role
from core.identity.service import Identity
from server.commands.common import Config, database, fail, run, say, settings_of
from server.commands.users import read_password, seat_of

T = TypeVar("T")
User = Annotated[str, typer.Argument(help="The user's name.")]


def password(name: User, config: Config = None) -> None:
    """Give a user a new password, read from standard input; all its sessions end."""
    new = read_password()
    _with(config, lambda identity, actor: identity.set_password(name, new, time.time(), actor))
    say(f"{name} has a new password; sessions so far have ended")


def role(
    name: User, role: Annotated[Role, typer.Argument(help="What the user may do.")], config: Config = None
) -> None:
    """Give a user another role; all its sessions end."""
    _with(config, lambda identity, actor: identity.set_role(name, role, time.time(), actor))
    say(f"{name} is now {role.value}; sessions so far have ended")


def disable(name: User, config: Config = None) -> None:
    """Shut a user out: sessions end and API tokens stop working. The history keeps the name."""
    _with(config, lambda identity, actor: identity.set_active(name, False, time.time(), actor))
    say(
        f"{name} cannot sign in any more; its phone stays taken until `ringdesk user phone {name} --remove …`"
    )


def enable(name: User, config: Config = None) -> None:
    """Let a user in again, with the password and the tokens it had."""
    _with(config, lambda identity, actor: identity.set_active(name, True, time.time(), actor))
    say(f"{name} can sign in again")


def phone(
    name: User,
    add: Annotated[str, typer.Option(help="A phone as queues name it, such as PJSIP/1001.")] = "",
    remove: Annotated[str, typer.Option(help="A phone to take from the user.")] = "",
    extension: Annotated[
        str, typer.Option(help="The added phone's number; the interface's name where not given.")
    ] = "",
    pbx: Annotated[str, typer.Option(help="The added phone's PBX; the first one where not given.")] = "",
    config: Config = None,
) -> None:
    """Take a phone from a user, give it one, or both. Sign the agent out of its queues before."""
    if not add and not remove:
        fail("say --add PJSIP/1001, --remove PJSIP/1001, or both")
    settings = settings_of(config)
    seat = seat_of(settings, add, extension, pbx)

    async def change(identity: Identity, actor: str) -> None:
        if remove:
            await identity.remove_seat(name, remove, time.time(), actor)
        if seat is not None:
            await identity.add_seat(name, seat, time.time(), actor)

    _with(config, change)
    say(f"{name}: " + ", ".join(filter(None, [remove and f"without {remove}", add and f"at {add}"])))


def revoke(name: Annotated[str, typer.Argument(help="Whose tokens.")], config: Config = None) -> None:
    """Delete all API tokens of a user."""
    count = _with(config, lambda identity, actor: identity.revoke_tokens(name, time.time(), actor))
    say(f"{count} tokens of {name} deleted")


def _with(config: Path | None, work: Callable[[Identity, str], Awaitable[T]]) -> T:
    settings = settings_of(config)

    async def go() -> T:
        async with database(settings) as db:
            return await work(Identity(db, settings.security), f"cli:{getpass.getuser()}")

    return run(go())
