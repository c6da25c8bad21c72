"""A ticket in memory that goes through a definition as a real one would: for scenarios, trials and tests. Pure.

It decides by the same functions as the one door, and keeps the same chained history; nothing is stored or sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ticketing.chain import FIRST, row_of
from ticketing.clocks import Reading, Reckoners, readings
from ticketing.messages import Actor, HistoryRow, NewTicket, Ticket
from ticketing.workflow.decide import Outcome, decide, offered, row_for
from ticketing.workflow.model import Row, Workflow
from ticketing.workflow.opening import Birth, decide_open
from ticketing.workflow.values import Refusal


class ReadClocks(Protocol):
    """Reads a ticket's clocks from its history."""

    def __call__(
        self, workflow: Workflow, ticket: Ticket, history: list[HistoryRow], now: float, /
    ) -> list[Reading]: ...


def clocks_by(reckoners: Reckoners) -> ReadClocks:
    """A reader of clocks that goes by these calendars."""
    return lambda workflow, ticket, history, now: readings(workflow, ticket, history, now, reckoners)


class Sandbox:
    """One ticket of one definition; `ticket` is None until it is opened."""

    def __init__(self, workflow: Workflow, read_clocks: ReadClocks = readings) -> None:
        self.workflow = workflow
        self.ticket: Ticket | None = None
        self.history: list[HistoryRow] = []
        self.taken: list[Row] = []
        self._read_clocks = read_clocks

    def open(self, new: NewTicket, actor: Actor, at: float) -> Outcome | Refusal:
        """Open the ticket; a refusal leaves everything as it was."""
        birth = Birth("trial", f"{self.workflow.prefix}-0", 0, at)
        decision = decide_open(self.workflow, new, actor, birth)
        return self._happened(decision, actor, at, FIRST)

    def fire(self, event: str, actor: Actor, data: Mapping[str, Any], at: float) -> Outcome | Refusal:
        """Have an event happen to the open ticket; a refusal leaves everything as it was."""
        ticket = self.opened
        due = self._due(at)
        row = row_for(self.workflow, ticket, event, actor, data, at, due)
        decision = decide(self.workflow, ticket, event, actor, data, at, due)
        if isinstance(decision, Outcome) and row is not None:
            self.taken.append(row)
        return self._happened(decision, actor, at, self.history[-1].hash)

    @property
    def opened(self) -> Ticket:
        """The ticket; ValueError before it is opened."""
        if self.ticket is None:
            raise ValueError("the ticket is not opened yet")
        return self.ticket

    def offered(self, actor: Actor, at: float) -> tuple[str, ...]:
        """What this actor may try now."""
        return offered(self.workflow, self.opened, actor, at, self._due(at))

    def clocks(self, at: float) -> list[Reading]:
        """The ticket's clocks as they stand."""
        return self._read_clocks(self.workflow, self.opened, self.history, at)

    def _due(self, at: float) -> dict[str, float | None]:
        return {reading.name: reading.due_at for reading in self.clocks(at)}

    def _happened(
        self, decision: Outcome | Refusal, actor: Actor, at: float, previous: str
    ) -> Outcome | Refusal:
        if isinstance(decision, Outcome):
            self.history.append(row_of(decision, actor.user, at, previous))
            self.ticket = decision.ticket
        return decision
