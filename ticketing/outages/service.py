"""What can be done with outages: announce one, change what is said of it, end it, find the one at an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec.structs import asdict, replace

from core import audit
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from ticketing.messages import Actor, NewTicket, Ticket
from ticketing.outages.model import Outage, checked, concerning
from ticketing.outages.tables import outages as t
from ticketing.service import Tickets
from ticketing.staff import sees

MOST_OPEN = 500
WORKFLOW, CATEGORY, MAJOR = "repair", "no_supply", "major_incident"
LOUD = ("districts", "places", "text_en", "text_zh", "starts_at", "until_at")


class NewOutage(msgspec.Struct, frozen=True):
    """The command that announces one. `ticket` is the number of its repair, which is opened where none is given;
    `major` has that ticket marked as a major incident, which tells head, leader and supervisor."""

    text_en: str
    text_zh: str
    districts: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    starts_at: float | None = None
    until_at: float | None = None
    ticket: str = ""
    major: bool = False


class Outages:
    """All outages of an installation."""

    def __init__(self, db: Database, tickets: Tickets) -> None:
        self._db = db
        self._tickets = tickets

    async def announce(self, actor: Actor, new: NewOutage, at: float) -> Outage:
        """Announce an outage: callers hear of it from then on. Raises `Invalid`, and what the ticket's door raises."""
        wanted = checked(
            Outage(
                new_id(at),
                "",
                "",
                new.districts,
                new.places,
                new.text_en,
                new.text_zh,
                at if new.starts_at is None else new.starts_at,
                new.until_at,
                announced_by=actor.user,
                created_at=at,
                updated_at=at,
            )
        )
        ticket = await self._ticket(actor, new, wanted, at)
        outage = replace(wanted, ticket_id=ticket.id, number=ticket.number)
        async with self._db.begin() as tx:
            await tx.execute(sa.insert(t), _row(outage))
            await audit.record(
                tx, at, actor.user, "outage.announce", f"outage:{outage.number}", _said(outage)
            )
        return outage

    async def change(self, actor: Actor, id: str, changes: dict[str, Any], version: int, at: float) -> Outage:
        """Change what is said of it. Raises `NotFound`, `Invalid`, `Conflict` (`stale_version`, `ended`)."""
        before = await self.get(id)
        if before.ended_at is not None:
            raise Conflict("This outage has ended; announce another one.", code="ended")
        after = checked(replace(before, **changes))
        return await self._write(actor, "outage.change", before, after, version, at)

    async def end(self, actor: Actor, id: str, version: int, at: float) -> Outage:
        """Supply is back: callers hear of it no more. Its repair ticket goes on by its own workflow."""
        before = await self.get(id)
        if before.ended_at is not None:
            return before
        return await self._write(actor, "outage.end", before, replace(before, ended_at=at), version, at)

    async def get(self, id: str) -> Outage:
        """One outage; raises `NotFound`."""
        found = await self._read(sa.select(t).where(t.c.id == id)) if id.isprintable() else []
        if not found:
            raise NotFound("There is no such outage.")
        return found[0]

    async def open(self) -> list[Outage]:
        """Those that have not ended, the newest first; some may be to begin only."""
        query = sa.select(t).where(t.c.ended_at.is_(None)).order_by(t.c.starts_at.desc()).limit(MOST_OPEN)
        return await self._read(query)

    async def page(self, open: bool | None, limit: int, after: str) -> Sequence[Outage]:
        """The newest first, from the one after the id `after`."""
        query = sa.select(t).order_by(t.c.id.desc()).limit(limit)
        if open is not None:
            query = query.where(t.c.ended_at.is_(None) if open else t.c.ended_at.is_not(None))
        return await self._read(query.where(t.c.id < after) if after else query)

    async def at(self, district: str, address: str, at: float) -> Outage | None:
        """The outage that an address is in now."""
        return concerning(await self.open(), district, address, at)

    async def of_number(self, number: str, at: float) -> Outage | None:
        """The active outage with this number."""
        return next((one for one in await self.open() if one.number == number and one.active(at)), None)

    async def _ticket(self, actor: Actor, new: NewOutage, wanted: Outage, at: float) -> Ticket:
        if not new.ticket:
            where = ", ".join((*wanted.districts, *wanted.places))
            opening = NewTicket(
                WORKFLOW,
                f"Outage 停供: {where}"[:200],
                f"{wanted.text_en}\n{wanted.text_zh}",
                channel="other",
                category=CATEGORY,
            )
            ticket = await self._tickets.open(actor, opening, at)
        else:
            found = await self._tickets.by_number(new.ticket.strip())
            standing = await self._tickets.standing(actor, at)
            if found is None or not sees(standing, found) or found.workflow != WORKFLOW:
                raise Invalid("There is no repair with this number.", field="ticket")
            if found.closed_at is not None:
                raise Invalid("That repair is closed.", field="ticket")
            ticket = found
        if new.major and not ticket.counts.get(MAJOR):
            reason = {"reason": f"{wanted.text_en}\n{wanted.text_zh}"}
            ticket = await self._tickets.fire(ticket.id, MAJOR, actor, reason, ticket.version, at)
        return ticket

    async def _write(  # noqa: PLR0913, PLR0917  # who, what, before and after, of which version, when
        self, actor: Actor, action: str, before: Outage, after: Outage, version: int, at: float
    ) -> Outage:
        kept = replace(after, version=version + 1, updated_at=at)
        query = sa.update(t).where(t.c.id == before.id, t.c.version == version).values(_row(kept))
        async with self._db.begin() as tx:
            if (await tx.execute(query)).rowcount != 1:
                raise Conflict("Somebody else has changed it meanwhile.", code="stale_version")
            await audit.record(tx, at, actor.user, action, f"outage:{kept.number}", _said(kept))
        return kept

    async def _read(self, query: sa.Select[Any]) -> list[Outage]:
        async with self._db.read() as tx:
            return [_outage(row) for row in (await tx.execute(query)).mappings()]


def _row(outage: Outage) -> dict[str, Any]:
    return {**asdict(outage), "districts": list(outage.districts), "places": list(outage.places)}


def _outage(row: Any) -> Outage:
    return Outage(**{**row, "districts": tuple(row["districts"]), "places": tuple(row["places"])})


def _said(outage: Outage) -> dict[str, Any]:
    row = _row(outage)
    return {name: row[name] for name in LOUD}
