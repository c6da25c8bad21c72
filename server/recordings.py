"""Recordings between the rooms: callers' words for flows, and what tickets say of recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING

import structlog

from core.bus import Bus
from core.clock import Clock
from core.errors import NotFound
from core.identity.users import User
from core.tasks import Tasks, Worker
from cti.joins import KEPT
from cti.messages import Call
from cti.recordings.model import Recording, words_name
from cti.recordings.service import Around, Recordings
from ivr_flows.messages import Caller, NewRecording
from ticketing.messages import Actor, TicketChanged, TicketFilter, TicketOpened
from ticketing.service import Tickets

if TYPE_CHECKING:
    from server.rooms import Rooms

log = structlog.get_logger(__name__)
FIELD = "recording"
"""The field of tickets that names a caller's words."""
KEEP_SECONDS = 8.0
"""How long a caller hears nothing at most, should the disk or the database hang."""
SCAN_SECONDS = 15.0
CLEAN_SECONDS = 3600.0


class CallerWords:
    """See `ivr_flows.messages.Recordings`."""

    def __init__(self, room: Recordings) -> None:
        self._room = room

    def begin(self, caller: Caller) -> NewRecording:
        return NewRecording(*self._room.begin())

    async def keep(self, recording: str, caller: Caller, visit: str, seconds: float) -> bool:
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                return await self._room.keep_words(recording, caller.pbx, caller.call_id, visit, seconds)
        except Exception:
            log.exception("recording.not_kept", file=words_name(recording))
            return False


class TicketsOfRecordings:
    """See `cti.recordings.service.Tickets`."""

    def __init__(self, tickets: Tickets, clock: Clock) -> None:
        self._tickets, self._clock = tickets, clock

    async def sees(self, user: User, ticket_id: str) -> bool:
        actor = Actor(user.name, frozenset({user.role.value}), user.department)
        viewer = await self._tickets.standing(actor, self._clock.now())
        try:
            await self._tickets.get(ticket_id, viewer)
        except NotFound:
            return False
        return True

    async def needing(self, recordings: Sequence[Recording]) -> Collection[str]:
        return {one.id for one in recordings if await self._open(one)}

    async def _open(self, one: Recording) -> bool:
        if one.ticket_id:
            try:
                if (await self._tickets.get(one.ticket_id)).closed_at is None:
                    return True
            except NotFound:
                pass
        of_call = TicketFilter(call_id=one.call_id, open=True)
        return bool(one.call_id) and bool(await self._tickets.list(of_call, 1))


class Attacher:
    """Tells the recordings which ticket they were left for."""

    def __init__(self, room: Recordings) -> None:
        self._room = room
        self.worker: Worker[tuple[str, str]] = Worker("recordings of tickets", self._attach)

    def subscribe(self, bus: Bus) -> None:
        """Hear of tickets that name a recording."""
        bus.subscribe(TicketOpened, self._seen)
        bus.subscribe(TicketChanged, self._seen)

    def _seen(self, event: TicketOpened | TicketChanged) -> None:
        named = event.ticket.fields.get(FIELD)
        if isinstance(named, str) and named:
            self.worker.offer((named, event.ticket.id))

    async def _attach(self, item: tuple[str, str]) -> None:
        await self._room.attach(*item)


class Mover:
    """Moves what was recorded of a call that turned out to be part of another."""

    def __init__(self, room: Recordings) -> None:
        self._room = room
        self.worker: Worker[tuple[str, str]] = Worker("recordings of joined calls", self._move, KEPT)

    def joined(self, gone: str, call_id: str) -> None:
        """Have it done soon; never waits."""
        self.worker.offer((gone, call_id))

    async def _move(self, item: tuple[str, str]) -> None:
        await self._room.joined(*item)


class Keeper:
    """Looks for new recordings, and from time to time deletes what is too old. `also` is what else goes by the hour,
    whatever becomes of the recordings."""

    def __init__(self, room: Recordings, also: Callable[[float], Awaitable[object]], clock: Clock) -> None:
        self._room, self._also, self._clock = room, also, clock

    def start(self, tasks: Tasks) -> None:
        """Work as long as this owner runs."""
        tasks.spawn(self._run("scan", self._room.scan, SCAN_SECONDS), "recordings scan")
        tasks.spawn(self._run("clean", self._room.clean, CLEAN_SECONDS), "recordings clean")
        also = self._run("also", lambda: self._also(self._clock.now()), CLEAN_SECONDS)
        tasks.spawn(also, "what else goes by the hour")

    async def _run(self, what: str, work: Callable[[], Awaitable[object]], every: float) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("recordings.round_failed", what=what)
            await asyncio.sleep(every)


def recordings_of(house: Rooms) -> tuple[Recordings, Attacher, Mover, Keeper]:
    """A house's recordings, with what keeps their index up to date."""
    board, calls = house.switchboard, house.calls

    async def call(id: str) -> Call | None:
        return board.call(id) or await calls.get(id)

    tickets = TicketsOfRecordings(house.tickets, house.clock)
    around = Around(
        house.db, house.clock, call, board.has_call, tickets, house.joins.now, house.call_ids.of_all
    )
    room = Recordings(house.settings.recordings, around)
    return room, Attacher(room), Mover(room), Keeper(room, house.pins.sweep, house.clock)
