"""What `ringdesk check` says of open tickets: whether changed workflows have a place for each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from core import migrate
from core.database import Database
from core.errors import Refused
from ticketing.takeover import Change, plan
from ticketing.workflow.model import Workflow


def open_tickets(url: str, workflows: Mapping[str, Workflow]) -> tuple[list[str], list[str]]:
    """Problems (tickets that would have no state) and remarks. A database that is not there is a remark."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        return [], ["open tickets: not looked at, there is no database yet"]
    try:
        return asyncio.run(_look(url, workflows))
    except (Refused, OSError, sa.exc.SQLAlchemyError):
        return [], ["open tickets: not looked at, the database does not answer"]


async def _look(url: str, workflows: Mapping[str, Workflow]) -> tuple[list[str], list[str]]:
    db = Database(url)
    try:
        if await migrate.revision(db) != migrate.head():
            return [], ["open tickets: not looked at, run `ringdesk migrate` first"]
        async with db.read() as tx:
            changes = await plan(tx, workflows)
    finally:
        await db.close()
    return [line for change in changes for line in _lost(change)], [_told(changes)]


def _lost(change: Change) -> list[str]:
    return [
        f"{group.workflow}: {group.tickets} open tickets of version {group.version} are in `{group.state}`, which "
        f"is no longer there (add `{group.state}: STATE` to the map)"
        for group in change.lost
    ]


def _told(changes: tuple[Change, ...]) -> str:
    groups = [group for change in changes for group in change.groups]
    moved = sum(group.tickets for change in changes for group in change.moved)
    along = f", {moved} come along to a new version (see `ringdesk workflow diff`)" if moved else ""
    return f"open tickets: {sum(group.tickets for group in groups)}, each with a state{along}"
