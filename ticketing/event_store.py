"""What one event reads and what it writes, each in one trip to the database."""

from __future__ import annotations

from collections import OrderedDict
from operator import attrgetter

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import trips
from core.trips import Change, Insert, Query, Update
from ticketing.chain import FIRST
from ticketing.clock_store import COLUMNS
from ticketing.escalation import ClockRow
from ticketing.messages import HistoryRow, Ticket
from ticketing.tables import ticket_clocks, ticket_history, tickets

MOST_RECENT = 500
_FIELDS = Ticket.__struct_fields__
_CHANGING = tuple(name for name in _FIELDS if name != "id")
_TO_CHANGE = Query(
    sa.select(
        *(tickets.c[name] for name in _FIELDS),
        ticket_history.c.hash,
        *(ticket_clocks.c[name] for name in COLUMNS),
    )
    .select_from(tickets)
    .outerjoin(
        ticket_history,
        sa.and_(ticket_history.c.ticket_id == tickets.c.id, ticket_history.c.seq == tickets.c.version),
    )
    .outerjoin(ticket_clocks, ticket_clocks.c.ticket_id == tickets.c.id)
    .where(tickets.c.id == sa.bindparam("this"))
)
"""A row for each clock: three queries would be three trips to PostgreSQL."""
_HASH = len(_FIELDS)
_NEW = tuple(f"new_{name}" for name in _CHANGING)
_CHANGED = attrgetter(*_CHANGING)
_REPLACE = Update(
    sa.update(tickets)
    .where(tickets.c.id == sa.bindparam("this"), tickets.c.version == sa.bindparam("expected"))
    .values(
        {
            name: sa.bindparam(new, type_=tickets.c[name].type)
            for name, new in zip(_CHANGING, _NEW, strict=True)
        }
    )
)
_INSERT = Insert(tickets)
_APPEND = Insert(ticket_history)


class Found(msgspec.Struct, frozen=True):
    """A ticket that is to be changed: the hash that its history ends with, and its clocks that have begun."""

    ticket: Ticket
    previous: str
    clocks: dict[str, ClockRow]

    @property
    def due(self) -> dict[str, float | None]:
        """When each clock is due."""
        return {name: clock.due_at for name, clock in self.clocks.items()}


class Recent:
    """The tickets that this server changed last, as they were after it.

    An event that comes for one of them at just that version need not read it first: nothing of it changes without its
    version, and the compare-and-set shows whether another server has changed it since. Whoever is refused by what is
    kept here has to ask the database before saying so.
    """

    def __init__(self, most: int = MOST_RECENT) -> None:
        self._most = most
        self._kept: OrderedDict[str, Found] = OrderedDict()

    def at(self, ticket_id: str, version: int) -> Found | None:
        """The ticket where it is kept at this version."""
        found = self._kept.get(ticket_id)
        return found if found is not None and found.ticket.version == version else None

    def keep(self, found: Found) -> None:
        """Keep it, the one that was kept longest going if there are too many."""
        self._kept[found.ticket.id] = found
        self._kept.move_to_end(found.ticket.id)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, found: Found) -> None:
        """It has turned out to be old; what was kept since stays."""
        if self._kept.get(found.ticket.id) is found:
            del self._kept[found.ticket.id]


async def to_change(tx: AsyncConnection, ticket_id: str) -> Found | None:
    """The ticket with what an event needs to know of it. That `replaced` then finds the same version shows that all
    of it is still so."""
    rows = await trips.read(tx, _TO_CHANGE, {"this": ticket_id})
    if not rows:
        return None
    clocks = [ClockRow(*row[_HASH + 1 :]) for row in rows if row[_HASH + 1] is not None]
    first = rows[0]
    return Found(Ticket(*first[:_HASH]), first[_HASH] or FIRST, {clock.name: clock for clock in clocks})


def replaced(ticket: Ticket, version: int) -> Change:
    """The ticket written over the one that has this version; it changes no row where that has another by now."""
    values = dict(zip(_NEW, _CHANGED(ticket), strict=True))
    return Change(_REPLACE, {**values, "this": ticket.id, "expected": version})


def inserted(ticket: Ticket) -> Change:
    """A new ticket."""
    return Change(_INSERT, msgspec.structs.asdict(ticket))


def appended(ticket_id: str, row: HistoryRow) -> Change:
    """The history's next row; its key lets no two follow the same one."""
    return Change(_APPEND, {"ticket_id": ticket_id, **msgspec.structs.asdict(row)})
