"""The telephone side as one: a link and a board for each PBX, and the agents' duties.

What a link hears goes to its board, what the board makes of it goes to the bus, in one step and in order. Duties are
ours: they are saved first, then the PBX's queues are made to follow, now or after the next resync.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec
import structlog

from config.settings import PbxSettings
from core.bus import Bus
from core.clock import Clock
from core.tasks import Tasks, Worker
from cti.drift import Drift
from cti.duty import Duty, adopted
from cti.events import AmiEvent
from cti.gaps import LinkLife, Seen, lost_at
from cti.journal.journal import Journal
from cti.line import Line, Link
from cti.link import PbxLink
from cti.link_inflow import LinkSink
from cti.messages import Agent, Call, DomainEvent, DriftFound, LinkState, PbxChanged, Seat, Snapshot
from cti.seen import Picture
from cti.store import CallStore
from cti.vocabulary import AmiError
from cti.watchdog import Watchdog

log = structlog.get_logger(__name__)
TICK_SECONDS = 0.5
STOP_SECONDS = 3.0

MakeLink = Callable[[PbxSettings, LinkSink, Clock], Link]


def asterisk_link(settings: PbxSettings, sink: LinkSink, clock: Clock) -> Link:
    """The link to a PBX over AMI."""
    return PbxLink(settings, sink, clock, random.Random())  # noqa: S311 - jitter, no secret


class Switchboard:
    """All PBXs. Commands to phones are in `cti.commands`; here is what is believed, and how it comes to be."""

    def __init__(
        self,
        pbxs: Sequence[PbxSettings],
        bus: Bus,
        store: CallStore,
        clock: Clock,
        make_link: MakeLink = asterisk_link,
    ) -> None:
        self._bus = bus
        self._journal: Journal | None = None
        self._clock = clock
        self.store = store
        self.gaps = store.gaps
        now = clock.now()
        self.lines = {pbx.name: Line(pbx, make_link(pbx, self, clock), now) for pbx in pbxs}
        self.watchdogs = {name: Watchdog(line, self, clock) for name, line in self.lines.items()}
        self.seats: dict[str, Seat] = {}
        self.duties: dict[str, Duty] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._own: list[asyncio.Task[None]] = []
        self._to_reconcile: Worker[str] = Worker("reconcile", self.reconcile, limit=1000)

    def keep_journal(self, journal: Journal) -> None:
        """From now on what the links hear, and what is asked of them, is kept there."""
        self._journal = journal
        for line in self.lines.values():
            line.link.keep_journal(journal)

    async def start(self, tasks: Tasks) -> None:
        """Remember duties and live calls, then keep the links up."""
        self.duties = await self.store.duties()
        self._show_duties(self._clock.now())
        seen = await self.gaps.last_seen()
        self._own.append(tasks.spawn(self.gaps.run(), "gaps of the links"))
        for name, line in self.lines.items():
            line.life = LinkLife(name, seen.get(name))
            line.remembered = await self.store.live(name)
            self._own.append(tasks.spawn(line.link.run(), f"link to {name}"))
            self._own.append(tasks.spawn(self.watchdogs[name].run(), f"watchdog of {name}"))
        self._own.append(self._to_reconcile.start(tasks))
        self._own.append(tasks.spawn(self._tick(), "wrap-up clock"))

    async def stop(self) -> None:
        """Cut the links. Live calls are marked incomplete: nobody sees what happens to them from now on."""
        for task in self._own:
            task.cancel()
        if self._own:
            await asyncio.wait(self._own, timeout=STOP_SECONDS)
        self._own.clear()
        await self.gaps.flush()

    async def picture_for_journal(self) -> None:
        """A new file has begun: it gets a picture of each PBX, so that it can be read without those before it."""
        for name, line in self.lines.items():
            if self._journal is None or not line.up:
                continue
            taken_at = self._clock.now()
            try:
                answers = await line.link.look()
            except AmiError as error:
                log.info("journal.no_picture", pbx=name, why=str(error))
            else:
                self._journal.picture(name, answers, taken_at, self._clock.now(), "file")

    def set_seats(self, seats: Iterable[Seat], at: float) -> None:
        """The users' phones, all of them; those that did not change cost nothing."""
        found = {seat.user: self._placed(seat) for seat in seats}
        if found == self.seats:
            return
        self.seats = found
        if self._journal is not None:
            self._journal.seats(found.values(), at)
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

    def may_have_queue(self, pbx: str, queue: str) -> bool:
        """Whether the PBX has a queue of that name; True where its queues are not known, because it is away."""
        line = self.lines.get(pbx)
        names = [one.name for one in line.board.snapshot().queues] if line is not None else []
        return not names or queue in names

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
        line = self.lines[pbx]
        self._publish(line.board.apply(event, at))
        user = line.member_changed(event)
        if user is not None and user not in self.duties:
            self._to_reconcile.offer(pbx)

    def on_picture(self, pbx: str, picture: Picture, at: float) -> None:
        line = self.lines[pbx]
        remembered, gap = line.resynced(), line.life.pictured(picture.startup, at)
        if gap is not None:
            self.gaps.add(gap)
        self.gaps.seen(Seen(pbx, picture.startup, at))
        self._publish(line.board.resync(picture, remembered, at, lost_at(gap, at)))
        self._to_reconcile.offer(pbx)

    def on_link(self, pbx: str, state: LinkState, detail: str, version: str, at: float) -> None:
        """What happens while a link is down is not seen: the live calls are marked before it is told."""
        line = self.lines[pbx]
        if self._journal is not None:
            self._journal.linked(pbx, state, detail, at)
        if state is LinkState.DOWN:
            self._unseen(line, at)
            self._publish(line.board.gap(at))
        self._bus.publish(PbxChanged(line.link_says(state, detail, version, at)))

    def _unseen(self, line: Line, at: float) -> None:
        """The gap begins when the PBX was heard last: a dead link is found by pings, some seconds later."""
        line.life.down(min(at, line.link.heard_at or at))
        if line.life.down_at is not None:
            self.gaps.seen(Seen(line.settings.name, line.life.startup, line.life.down_at))

    # what a watchdog finds (Repairs)

    def forget(self, line: Line, channels: frozenset[str], at: float) -> None:
        """Channels that the PBX no longer has: calls of which none is left end as lost."""
        if self._journal is not None:
            self._journal.repaired(line.settings.name, sorted(channels), at)
        self._publish(line.board.forget(sorted(channels), at))

    def correct(self, line: Line, events: Iterable[AmiEvent], at: float) -> None:
        """Members as the PBX has them; then the queues are made to follow our duties."""
        for event in events:
            self._publish(line.board.apply(event, at))
            line.member_changed(event)
        self._to_reconcile.offer(line.settings.name)

    def drifted(self, line: Line, left: Drift, at: float) -> None:
        """What nobody can repair is said, and unsaid once it agrees again."""
        belief = line.board.belief()
        deaf = bool(left.unseen) and not belief.channels
        mute = bool(left.waiting) and not belief.waiting
        found = DriftFound(line.settings.name, len(left.unseen), len(left.waiting), deaf, mute)
        self._bus.publish(PbxChanged(line.remarked(remark(found))))
        self._bus.publish(found)

    # duties

    async def change_duty(self, user: str, change: Callable[[Duty], Duty], actor: str, at: float) -> str:
        """Save the changed duty, show it, and have the PBX follow; returns why it does not yet, or an empty text.

        Of two tabs the later command wins, in the database and in the PBX alike.
        """
        async with self._locks[user]:
            return await self._take(change(self.duties.get(user) or Duty(user)), actor, at)

    async def _take(self, duty: Duty, actor: str, at: float) -> str:
        if duty != self.duties.get(duty.user):
            await self.store.save_duty(duty, at, actor, _verb(duty))
            self.duties[duty.user] = duty
            self._show_duties(at)
        seat = self.seats[duty.user]
        return await self.lines[seat.pbx].follow(seat, duty)

    def _show_duties(self, at: float) -> None:
        for line in self.lines.values():
            self._publish(line.board.set_duties(self.duties, at))

    async def reconcile(self, pbx: str) -> None:
        """Make the PBX's queues follow our duties. Whom it has in queues and we have never heard of is taken over:
        an integrator's static members work without a sign-in.
        """
        line = self.lines[pbx]
        for seat in [seat for seat in self.seats.values() if seat.pbx == pbx]:
            async with self._locks[seat.user]:
                duty, members = self.duties.get(seat.user), line.members(seat.user)
                if duty is not None:
                    await line.follow(seat, duty)
                elif members:
                    at = self._clock.now()
                    await self._take(adopted(seat.user, members, at), "system", at)

    def _publish(self, events: Iterable[DomainEvent]) -> None:
        for event in events:
            self._bus.publish(event)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.tick(self._clock.now())

    def tick(self, at: float) -> None:
        """Let wrap-ups end, and remember until when each PBX is watched."""
        for line in self.lines.values():
            self._publish(line.board.tick(at))
            if line.up:
                self.gaps.seen(Seen(line.settings.name, line.life.startup, at))


def remark(found: DriftFound) -> str:
    """What the watchdog found as a sentence for who runs the server, with the remedy where one is known."""
    if found.deaf:
        return (
            f"the PBX has {found.unseen} channels whose events never came: "
            "does the manager user have read=call,agent?"
        )
    parts = []
    if found.unseen:
        parts.append(f"{found.unseen} channels of the PBX are not shown")
    if found.mute:
        parts.append(f"{found.waiting} waiting callers are not shown: does the manager user have read=agent?")
    elif found.waiting:
        parts.append(f"{found.waiting} waiting callers are shown in another queue, or not at all")
    return "; ".join(parts)


def _verb(duty: Duty) -> str:
    """What the audit trail calls a change that ended in this duty."""
    if not duty.signed_in:
        return "agent.logout"
    return "agent.pause" if duty.paused else "agent.ready"
