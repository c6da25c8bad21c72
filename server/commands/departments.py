"""`ringdesk department …`: departments, who belongs to them, and who stands in for whom."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from server.commands.common import Config, database, moment, run, say, settings_of
from ticketing.directory import Directory
from ticketing.staff import Absence, Department

T = TypeVar("T")
ACTOR = "system"
Name = Annotated[str, typer.Argument(help="The department, as definitions write it.")]
User = Annotated[str, typer.Argument(help="The user's name.")]


def add(
    name: Name,
    en: Annotated[
        str, typer.Option("--en", help="Its name in English; the plain name where not given.")
    ] = "",
    zh: Annotated[
        str, typer.Option("--zh", help="Its name in Chinese; the English one where not given.")
    ] = "",
    head: Annotated[str, typer.Option(help="The user who is its head.")] = "",
    config: Config = None,
) -> None:
    """Add a department, or change its labels and head; what is not given is empty again."""
    english = en or name
    wanted = Department(name, english, zh or english, head or None)
    _with(config, lambda directory: directory.put(ACTOR, wanted, time.time()))
    say(f"department {name}: {english}" + (f", head {head}" if head else ""))


def member(
    name: Name,
    user: User,
    remove: Annotated[bool, typer.Option("--remove", help="Take the user out instead.")] = False,
    config: Config = None,
) -> None:
    """Have a user belong to a department (a user may belong to several)."""

    def work(directory: Directory) -> Awaitable[Department]:
        change = directory.remove_member if remove else directory.add_member
        return change(ACTOR, name, user, time.time())

    found = _with(config, work)
    say(f"department {name}: {', '.join(found.members) or 'no members'}")


def absence(
    user: User,
    begin: Annotated[str, typer.Option("--from", help="2026-01-31 or 2026-01-31T13:00, in desk.time_zone.")],
    until: Annotated[str, typer.Option(help="When the user is back, written the same way.")],
    stand_in: Annotated[str, typer.Option(help="The user who stands in.")],
    config: Config = None,
) -> None:
    """Note that a user is away, and who stands in."""
    settings = settings_of(config)
    wanted = Absence("", user, moment(begin, settings), moment(until, settings), stand_in)
    _with(config, lambda directory: directory.add_absence(ACTOR, wanted, time.time()))
    say(f"{user} is away from {begin} until {until}; {stand_in} stands in")


def list_departments(config: Config = None) -> None:
    """List the departments: name, labels, head, members."""
    for found in _with(config, lambda directory: directory.departments()):
        members = ",".join(found.members) or "-"
        say(f"{found.name}\t{found.label_en}\t{found.label_zh}\t{found.head or '-'}\t{members}")


def _with(config: Path | None, work: Callable[[Directory], Awaitable[T]]) -> T:
    settings = settings_of(config)

    async def go() -> T:
        async with database(settings) as db:
            return await work(Directory(db))

    return run(go())
