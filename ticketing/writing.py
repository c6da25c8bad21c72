"""All that one event writes of its ticket: the ticket, the history's next row, the clocks, the audit trail."""

from __future__ import annotations

import msgspec

from core import audit
from core.trips import Change
from ticketing import clock_store, event_store
from ticketing.chain import FIRST, row_of
from ticketing.clocks import Reckoners
from ticketing.event_store import Found
from ticketing.messages import Actor, HistoryRow
from ticketing.workflow.decide import Outcome
from ticketing.workflow.model import TAKE_OVER, Workflow


class Written(msgspec.Struct, frozen=True):
    """The history's row, and all changes; the first of them is the ticket, and shows whether it is still the same."""

    row: HistoryRow
    changes: list[Change]
    after: Found
    """The ticket as it is then."""


def happening(  # noqa: PLR0913, PLR0917  # what an event is made of
    workflow: Workflow,
    outcome: Outcome,
    actor: Actor,
    at: float,
    found: Found | None,
    reckoners: Reckoners,
) -> Written:
    """What an event writes; `found` is the ticket as it was, None for a new one."""
    ticket = outcome.ticket
    row = row_of(outcome, actor.user, at, found.previous if found else FIRST)
    ahead = event_store.replaced(ticket, found.ticket.version) if found else event_store.inserted(ticket)
    before = found.clocks if found else {}
    clocks = clock_store.followed(workflow, ticket, row, before, reckoners)
    return Written(
        row,
        [
            ahead,
            event_store.appended(ticket.id, row),
            *clock_store.saved(clocks),
            audit.entry(at, actor.user, _action(outcome), f"ticket:{ticket.number}", _details(outcome)),
        ],
        Found(ticket, row.hash, {**before, **{clock.name: clock for clock in clocks}}),
    )


def _action(outcome: Outcome) -> str:
    if outcome.event == TAKE_OVER:
        return "ticket.take_over"
    return "ticket.open" if outcome.from_state is None else "ticket.fire"


def _details(outcome: Outcome) -> dict[str, object]:
    if outcome.event == TAKE_OVER:
        return {**outcome.data, "state": outcome.ticket.state}
    return {"event": outcome.event, "state": outcome.ticket.state, "version": outcome.ticket.version}
