"""The telephone side as one: a link and a board for each PBX, agents' duties, and what may be asked of a phone.

What a link hears goes to its board, what the board makes of it goes to the bus, in one step and in order. Duties are
ours: they are saved first, then the PBX's queues are made to follow, now or after the next resync.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Sequence

import msgspec
import structlog

from config.settings import PbxSettings
from core.bus import Bus
from core.clock import Clock
from core.tasks import Tasks, Worker
from cti.board import Board
from cti.control import lacks
from cti.duty import Duty, adopted, steps
from cti.events import AmiEvent, Picture
from cti.link import PbxLink
from cti.messages import (
    Agent,
    Call,
    DomainEvent,
    LinkState,
    Pbx,
    PbxChanged,
    Seat,
    Snapshot,
)
from cti.store import CallStore
from cti.vocabulary import AmiError, AmiRefused

log = structlog.get_logger(__name__)
TICK_SECONDS = 0.5


class Line:
    """One PBX: its settings, link, board and how its link stands."""

    def __init__(self, settings: PbxSettings, link: PbxLink, pbx: Pbx) -> None:
        self.settings = settings
        self.link = link
        self.board = Board(settings.name, settings.trunks)
        self.pbx = pbx
        self.remembered: dict[str, Call] = {}
        """Calls that the store holds as live, until the first picture has told which of them are."""

    @property
    def up(self) -> bool:
        return self.pbx.state is LinkState.UP


class Switchboard:
    """All PBXs. Commands to phones are in `cti.commands`; here is what is believed, and how it comes to be."""

    def __init__(self, pbxs: Sequence[PbxSettings], bus: Bus, store: CallStore, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self.store = store
        now = clock.now()
        rng = random.Random()  # noqa: S311 - jitter, no secret
        self.lines = {
            pbx.name: Line(pbx, PbxLink(pbx, self, clock, rng), Pbx(pbx.name, LinkState.DOWN, 0, now))
            for pbx in pbxs
        }
        self.seats: dict[str, Seat] = {}
        self.duties: dict[str, Duty] = {}
        self._to_reconcile: Worker[str] = Worker("reconcile", self._reconcile, limit=1000)

    async def start(self, tasks: Tasks) -> None:
        """Remember duties and live calls, then keep the links up."""
        self.duties = await self.store.duties()
        for name, line in self.lines.items():
            line.remembered = await self.store.live(name)
            self._publish(line.board.set_duties(self.duties, self._clock.now()))
            tasks.spawn(line.link.run(), f"link to {name}")
        self._to_reconcile.start(tasks)
        tasks.spawn(self._tick(), "wrap-up clock")

    def set_seats(self, seats: Iterable[Seat], at: float) -> None:
        """The users' phones, all of them; those that did not change cost nothing."""
        found = {seat.user: self._placed(seat) for seat in seats}
        if found == self.seats:
            return
        self.seats = found
        for line in self.lines.values():
            self._publish(line.board.set_seats(found.values(), at))
            self._publish(line.board.set_duties(self.duties, at))
            if line.up:
                self._to_reconcile.offer(line.settings.name)

    def _placed(self, seat: Seat) -> Seat:
        """A seat that names no PBX stands at the first one."""
        return msgspec.structs.replace(seat, pbx=seat.pbx or next(iter(self.lines), ""))

    # what is believed

    def snapshot(self) -> Snapshot:
        """Live calls, agents, queues and PBXs."""
        parts = [line.board.snapshot() for line in self.lines.values()]
        return Snapshot(
            calls=tuple(call for part in parts for call in part.calls),
            agents=tuple(agent for part in parts for agent in part.agents),
            queues=tuple(queue for part in parts for queue in part.queues),
            pbxs=tuple(line.pbx for line in self.lines.values()),
        )

    def call(self, call_id: str) -> Call | None:
        """The live call, or None."""
        found = (line.board.call(call_id) for line in self.lines.values())
        return next((call for call in found if call is not None), None)

    def has_call(self, call_id: str) -> bool:
        """Whether the call lives now."""
        return self.call(call_id) is not None

    def agent(self, user: str) -> Agent | None:
        """The agent as the wallboard shows it; None for a user without a phone."""
        found = (line.board.agent(user) for line in self.lines.values())
        return next((agent for agent in found if agent is not None), None)

    # what a link says (LinkSink)

    def on_event(self, pbx: str, event: AmiEvent, at: float) -> None:
        self._publish(self.lines[pbx].board.apply(event, at))

    def on_picture(self, pbx: str, picture: Picture, at: float) -> None:
        line = self.lines[pbx]
        remembered, line.remembered = line.remembered, {}
        line.pbx = msgspec.structs.replace(line.pbx, epoch=line.pbx.epoch + 1)
        self._publish(line.board.resync(picture, remembered, at))
        self._to_reconcile.offer(pbx)

    def on_link(self, pbx: str, state: LinkState, detail: str, version: str, at: float) -> None:
        line = self.lines[pbx]
        was_up = line.up
        since = line.pbx.since if state is line.pbx.state else at
        line.pbx = msgspec.structs.replace(line.pbx, state=state, detail=detail, version=version, since=since)
        self._bus.publish(PbxChanged(line.pbx))
        if was_up and not line.up:
            self._publish(line.board.gap(at))

    # duties

    async def take_duty(self, duty: Duty, actor: str, at: float) -> str:
        """Save the duty, show it, and have the PBX follow; returns why it does not yet, or an empty text."""
        await self.store.save_duty(duty, actor, at)
        self.duties[duty.user] = duty
        for line in self.lines.values():
            self._publish(line.board.set_duties(self.duties, at))
        return await self._follow(self.seats[duty.user], duty)

    async def _follow(self, seat: Seat, duty: Duty) -> str:
        line = self.lines[seat.pbx]
        if not line.up:
            return f"The link to the PBX is down ({line.pbx.detail}); its queues follow when it is back."
        notes = []
        for action in steps(duty, seat, line.board.members(seat.user)):
            try:
                await line.link.action(action)
            except AmiRefused as refused:
                notes.append(lacks(refused))
            except AmiError as error:
                notes.append(str(error))
        if notes:
            log.warning("duty.not_followed", user=seat.user, pbx=seat.pbx, notes=notes)
        return "; ".join(notes)

    async def _reconcile(self, pbx: str) -> None:
        """After a resync: whom the PBX has in queues and we do not know is taken over, the others are made to fit."""
        line = self.lines[pbx]
        for seat in [seat for seat in self.seats.values() if seat.pbx == pbx]:
            members = line.board.members(seat.user)
            duty = self.duties.get(seat.user)
            if duty is not None:
                await self._follow(seat, duty)
            elif members:
                at = self._clock.now()
                await self.take_duty(adopted(seat.user, members, at), "system", at)

    def _publish(self, events: Iterable[DomainEvent]) -> None:
        for event in events:
            self._bus.publish(event)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for line in self.lines.values():
                self._publish(line.board.tick(self._clock.now()))
