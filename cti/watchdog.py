"""Compares belief with the PBX at intervals, without a resync; repairs what is safe and tells of the rest.

What no event tells, the priorities of those who wait, is taken over at each look.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog

from core.clock import Clock
from cti.drift import Drift, compare, listed
from cti.events import AmiEvent, Member, QueueMemberAdded, QueueMemberPause, QueueMemberRemoved
from cti.line import Line
from cti.picture import take_picture
from cti.seen import Picture
from cti.vocabulary import AmiError

log = structlog.get_logger(__name__)
CONFIRM_SECONDS = 5.0
"""What one look finds is looked at again so soon: an event in flight has come by then."""


class Repairs(Protocol):
    """Who carries out what a watchdog found, and hears of what it leaves."""

    def forget(self, line: Line, channels: frozenset[str], at: float) -> None: ...

    def correct(self, line: Line, events: Iterable[AmiEvent], at: float) -> None: ...

    def drifted(self, line: Line, left: Drift, at: float) -> None: ...


class Watchdog:
    """One PBX's watchdog. `repaired` counts by kind, `left` is what the last looks agreed on and nobody repairs."""

    def __init__(self, line: Line, repairs: Repairs, clock: Clock) -> None:
        self.repaired: Counter[str] = Counter()
        self.rounds = 0
        self.left = Drift()
        self._line, self._repairs, self._clock = line, repairs, clock
        self._suspects = Drift()
        self._epoch = 0

    async def run(self) -> None:
        """Looks for ever; a PBX that does not answer is looked at the next time."""
        seconds = self._line.settings.watchdog_seconds
        if not seconds:
            return
        while True:
            await asyncio.sleep(min(seconds, CONFIRM_SECONDS) if self._suspects else seconds)
            if self._line.up:
                await self.look()

    async def look(self) -> None:
        """One look. What this and the one before found alike is repaired or told."""
        line, epoch = self._line, self._line.pbx.epoch
        before = line.board.belief()
        try:
            answers = await line.link.look(whole=False)
        except AmiError as error:
            log.info("watchdog.no_answer", pbx=line.settings.name, why=str(error))
            return
        self.rounds += 1
        picture = take_picture(answers, self._clock.now())
        line.board.listed(picture.entries)
        found = compare(before, listed(picture), line.board.belief())
        if not line.up or line.pbx.epoch != epoch or epoch != self._epoch:
            self._epoch, self._suspects = (
                epoch,
                Drift(),
            )  # a resync came in between: what was suspected is settled
            if line.pbx.epoch != epoch:
                return
        sure, self._suspects = found.again(self._suspects), found
        self._act(sure, picture)

    def _act(self, sure: Drift, picture: Picture) -> None:
        line, at = self._line, self._clock.now()
        if sure.ghosts:
            self._count("channel", len(sure.ghosts), sorted(sure.ghosts))
            self._repairs.forget(line, sure.ghosts, at)
        if sure.members:
            self._count("member", len(sure.members), sorted(sure.members))
            self._repairs.correct(line, corrections(sure, picture, line.board.member), at)
        left = Drift(unseen=sure.unseen, waiting=sure.waiting)
        if left != self.left:
            self.left = left
            self._repairs.drifted(line, left, at)

    def _count(self, kind: str, count: int, what: Sequence[object]) -> None:
        self.repaired[kind] += count
        log.warning("watchdog.repaired", pbx=self._line.settings.name, kind=kind, what=what[:20])


class Members(Protocol):
    """What the board has of a member."""

    def __call__(self, queue: str, interface: str) -> Member | None: ...


def corrections(sure: Drift, picture: Picture, believed: Members) -> list[AmiEvent]:
    """The events that would have told of these members, had they come. Pure."""
    there = {(member.queue, member.interface): member for member in picture.members}
    events: list[AmiEvent] = []
    for key in sorted(sure.members):
        member, before = there.get(key), believed(*key)
        if member is None:
            if before is not None:
                events.append(QueueMemberRemoved(before))
        elif before is None:
            events.append(QueueMemberAdded(member))
        else:
            events.append(QueueMemberPause(member))
    return events
