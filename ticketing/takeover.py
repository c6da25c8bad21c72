"""What a changed set of definitions does to open tickets: told beforehand, and then done.

A ticket stays on the version that it began with. A definition with a `map` takes the open tickets of its other
versions along: each gets a history row `take_over`, its state as `map` says where the old one is no longer there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from core import trips
from core.database import Database
from core.errors import Conflict
from ticketing import event_store
from ticketing.clocks import Reckoners
from ticketing.library import Definition, in_force, version_of
from ticketing.messages import Actor, Ticket
from ticketing.tables import tickets
from ticketing.workflow.decide import Outcome
from ticketing.workflow.model import TAKE_OVER, Workflow
from ticketing.writing import happening

BATCH = 200
TRIES = 5


class Group(msgspec.Struct, frozen=True):
    """So many open tickets of one version in one state, and where they come to; `to_state` is "" where they stay
    as they are, None where there is no place for them."""

    workflow: str
    version: int
    state: str
    tickets: int
    to_state: str | None


class Change(msgspec.Struct, frozen=True):
    """What happens to one workflow: the versions in force (None: none), and its open tickets."""

    workflow: str
    before: int | None
    after: int | None
    new: bool
    groups: tuple[Group, ...] = ()

    @property
    def lost(self) -> tuple[Group, ...]:
        """Tickets that the map leaves without a state."""
        return tuple(group for group in self.groups if group.to_state is None)

    @property
    def moved(self) -> tuple[Group, ...]:
        """Tickets that come along."""
        return tuple(group for group in self.groups if group.to_state)


class Unmapped(Conflict):
    """Open tickets are in states that the new definition does not know; nothing was changed (409)."""

    code = "unmapped_states"


async def plan(tx: AsyncConnection, workflows: Mapping[str, Workflow]) -> tuple[Change, ...]:
    """What putting these definitions in force would do. Reads only."""
    before = await in_force(tx)
    live = await _live(tx)
    changes = []
    for name in sorted({*before, *workflows, *(workflow for workflow, _, _ in live)}):
        of_name = {key[1:]: count for key, count in live.items() if key[0] == name}
        workflow = workflows.get(name)
        if workflow is None:
            stay = tuple(Group(name, v, state, count, "") for (v, state), count in of_name.items())
            changes.append(Change(name, before.get(name), None, False, stay))
            continue
        version, stored = await version_of(tx, workflow)
        groups = tuple(
            Group(name, v, state, count, _destination(workflow, version, v, state))
            for (v, state), count in of_name.items()
        )
        changes.append(Change(name, before.get(name), version, not stored, groups))
    return tuple(changes)


def _destination(workflow: Workflow, version: int, of_ticket: int, state: str) -> str | None:
    if workflow.map is None or of_ticket == version:
        return ""
    mapped = workflow.map.get(state, state)
    return mapped if mapped in workflow.states else None


async def _live(tx: AsyncConnection) -> dict[tuple[str, int, str], int]:
    t = tickets.c
    query = (
        sa.select(t.workflow, t.workflow_version, t.state, sa.func.count())
        .where(t.closed_at.is_(None))
        .group_by(t.workflow, t.workflow_version, t.state)
        .order_by(t.workflow, t.workflow_version, t.state)
    )
    return {(name, version, state): count for name, version, state, count in await tx.execute(query)}


def require_places(changes: Iterable[Change]) -> None:
    """Raise `Unmapped` where open tickets would be left without a state."""
    lost = [group for change in changes for group in change.lost]
    if lost:
        told = "; ".join(
            f"{g.tickets} in `{g.state}` of {g.workflow} version {g.version} (add `{g.state}: STATE` to its map)"
            for g in lost
        )
        raise Unmapped(f"Open tickets would have no state: {told}.", groups=msgspec.to_builtins(lost))


async def take_over(
    db: Database, definition: Definition, at: float, reckoners: Reckoners, moved: Callable[[Ticket], None]
) -> int:
    """Bring the open tickets of other versions to this one, a batch per transaction; tells `moved` of each.
    Clocks that run go on by the new definition, with what they have counted.

    A ticket that somebody changes meanwhile is tried again. Returns how many came along.
    """
    if definition.workflow.map is None:
        return 0
    count = idle = 0
    while idle < TRIES:
        async with db.begin() as tx:
            batch = await _batch(tx, definition)
            done = [after for one in batch if (after := await _move(tx, one, definition, at, reckoners))]
        if not batch:
            break
        for ticket in done:
            moved(ticket)
        count, idle = count + len(done), 0 if done else idle + 1
    return count


async def _batch(tx: AsyncConnection, definition: Definition) -> list[Ticket]:
    t, workflow = tickets.c, definition.workflow
    placed = [*workflow.states, *(workflow.map or {})]
    query = sa.select(tickets).where(
        t.workflow == workflow.name,
        t.closed_at.is_(None),
        t.workflow_version != definition.version,
        t.state.in_(placed),
    )
    return [Ticket(**row) for row in (await tx.execute(query.limit(BATCH))).mappings()]


def came_along(ticket: Ticket, definition: Definition, at: float) -> Outcome:
    """The ticket as it comes to the definition, and what its history says of that. Pure."""
    workflow, version = definition.workflow, definition.version
    state = (workflow.map or {}).get(ticket.state, ticket.state)
    after = replace(
        ticket,
        state=state,
        version=ticket.version + 1,
        workflow_version=version,
        updated_at=at,
        state_since=ticket.state_since if state == ticket.state else at,
        closed_at=at if workflow.states[state].end else None,
    )
    data = {"from_version": ticket.workflow_version, "to_version": version}
    return Outcome(after, TAKE_OVER, ticket.state, data)


async def _move(
    tx: AsyncConnection, ticket: Ticket, definition: Definition, at: float, reckoners: Reckoners
) -> Ticket | None:
    found = await event_store.to_change(tx, ticket.id)
    if found is None or found.ticket.version != ticket.version:
        return None
    outcome = came_along(ticket, definition, at)
    written = happening(definition.workflow, outcome, Actor("system"), at, found, reckoners)
    return outcome.ticket if await trips.write(tx, written.changes) else None
