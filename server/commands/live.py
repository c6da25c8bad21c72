"""What `ringdesk check` says of open tickets: whether changed workflows have a place for each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from core import migrate
from core.database import Database
from core.definition.source import Problem, Source, read_yaml
from core.errors import Refused
from ticketing.definitions import workflow_files
from ticketing.takeover import Change, plan
from ticketing.workflow.model import Workflow


def open_tickets(
    url: str, workflows: Mapping[str, Workflow], folder: Path
) -> tuple[list[Problem], list[str]]:
    """Problems (tickets that would have no state) and remarks. A database that is not there is a remark. `folder` is
    where the workflows' files are."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        return [], ["open tickets: not looked at, there is no database yet"]
    try:
        return asyncio.run(_look(url, workflows, folder))
    except (Refused, OSError, sa.exc.SQLAlchemyError):
        return [], ["open tickets: not looked at, the database does not answer"]


async def _look(url: str, workflows: Mapping[str, Workflow], folder: Path) -> tuple[list[Problem], list[str]]:
    db = Database(url)
    try:
        if await migrate.revision(db) != migrate.head():
            return [], ["open tickets: not looked at, run `ringdesk migrate` first"]
        async with db.read() as tx:
            changes = await plan(tx, workflows)
    finally:
        await db.close()
    return [line for change in changes for line in _lost(change, folder)], [_told(changes)]


def _lost(change: Change, folder: Path) -> list[Problem]:
    source = _source(change.workflow, folder) if change.lost else Source(str(folder), None, {})
    return [
        source.problem(
            ("map",),
            f"{group.tickets} open tickets of version {group.version} are in `{group.state}`, which is no longer there",
            f"add `{group.state}: STATE` to the map",
        )
        for group in change.lost
    ]


def _source(workflow: str, folder: Path) -> Source:
    """The file of a workflow, or its folder where none is to be found."""
    read = (read_yaml(path.read_text("utf-8-sig"), str(path)) for path in workflow_files(folder))
    named = (one for one in read if isinstance(one.data, dict) and one.data.get("name") == workflow)
    return next(named, Source(str(folder), None, {}))


def _told(changes: tuple[Change, ...]) -> str:
    groups = [group for change in changes for group in change.groups]
    moved = sum(group.tickets for change in changes for group in change.moved)
    along = f", {moved} come along to a new version (see `ringdesk workflow diff`)" if moved else ""
    return f"open tickets: {sum(group.tickets for group in groups)}, each with a state{along}"
