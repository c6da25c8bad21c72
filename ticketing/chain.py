"""The history's chain: each row's hash covers the row and the hash before it, so that an edit shows. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from ticketing.messages import HistoryRow, Ticket
from ticketing.workflow.decide import Outcome

FIRST = "0" * 64
"""What stands before the first row."""


class Head(msgspec.Struct, frozen=True):
    """What a ticket says of itself, for its history to agree with."""

    id: str
    version: int
    state: str


class Verified(msgspec.Struct, frozen=True):
    """Whether a history is as it was written; `broken_at` is the first row (seq) that is not, with the reason."""

    ok: bool
    broken_at: int | None = None
    reason: str = ""


def row_hash(ticket_id: str, row: HistoryRow) -> str:
    """SHA-256 over the row (without its own hash) and the id of its ticket, as JSON with sorted keys."""
    parts: dict[str, Any] = {**msgspec.to_builtins(row), "ticket_id": ticket_id}
    del parts["hash"]
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def row_of(outcome: Outcome, actor: str, at: float, previous: str) -> HistoryRow:
    """The row that tells of an event, chained to the hash `previous` (`FIRST` for a new ticket)."""
    ticket = outcome.ticket
    row = HistoryRow(
        seq=ticket.version,
        at=at,
        event=outcome.event,
        actor=actor,
        from_state=outcome.from_state,
        to_state=ticket.state,
        data=outcome.data,
        version=ticket.version,
        previous=previous,
        hash="",
    )
    return sealed(ticket.id, row)


def sealed(ticket_id: str, row: HistoryRow) -> HistoryRow:
    """The row with its hash filled in."""
    return replace(row, hash=row_hash(ticket_id, row))


def verify(ticket: Ticket | Head, rows: Sequence[HistoryRow]) -> Verified:
    """Whether these rows, in order, are the whole and untouched history of this ticket."""
    previous, state = FIRST, None
    for expected, row in enumerate(rows, start=1):
        if row.seq != expected or row.version != expected:
            return Verified(False, expected, "a row is missing")
        if row.previous != previous or row.hash != row_hash(ticket.id, row):
            return Verified(False, row.seq, "the row was changed after it was written")
        if row.from_state != state:
            return Verified(False, row.seq, "the row does not follow from the one before it")
        previous, state = row.hash, row.to_state
    if len(rows) != ticket.version:
        return Verified(False, len(rows) + 1, "the last rows are missing")
    if state != ticket.state:
        return Verified(False, len(rows), "the ticket's state is not the one that its history ends in")
    return Verified(True)
