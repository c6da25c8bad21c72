"""`ringdesk audit …`: whether the record is as it was written."""

from __future__ import annotations

import sys

import typer

from server.commands.common import Config, database, run, say, settings_of
from ticketing.verification import Findings, verify_all


def verify(config: Config = None) -> None:
    """Check every ticket's history against its chain of hashes; exit 1 naming each ticket and row that is not whole."""
    settings = settings_of(config)

    async def work() -> Findings:
        async with database(settings) as db:
            return await verify_all(db)

    found = run(work())
    for one in found.breaks:
        where = f"row {one.row}: " if one.row else ""
        print(f"{one.number}: {where}{one.reason}", file=sys.stderr)
    if found.breaks:
        print(f"{len(found.breaks)} of {found.tickets} tickets are not as they were written", file=sys.stderr)
        raise typer.Exit(1)
    say(f"{found.tickets} tickets with {found.rows} rows of history: whole")
