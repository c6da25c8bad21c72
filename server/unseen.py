"""Gaps of the links, and of the port of flows, for those who make figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from core.clock import Clock
from cti.gaps import Cause, Gap, during
from cti.switchboard import Switchboard
from ivr_flows.unseen import MOST, Unseen


class Unserved:
    """The time in which flows are not served. A gap that is over goes to `over`; one that we do not outlive is lost."""

    def __init__(self, over: Callable[[Gap], None], clock: Clock) -> None:
        self._over, self._clock = over, clock
        self._since: float | None = None

    def told(self, unserved: bool) -> None:
        """It begins, or is over."""
        lasted, now = self.current(), self._clock.now()
        if unserved and lasted is None:
            self._since = now
        elif not unserved and lasted is not None:
            self._since = None
            self._over(replace(lasted, to_at=now))

    def current(self) -> Gap | None:
        """What lasts."""
        return None if self._since is None else Gap("", self._since, None, Cause.FLOWS)


class Gaps:
    """See `ivr_flows.unseen.Gaps`. `unserved` is the outage of flows that lasts."""

    def __init__(self, switchboard: Switchboard, unserved: Callable[[], Gap | None]) -> None:
        self._board = switchboard
        self._unserved = unserved

    async def during(self, since: float, until: float) -> Sequence[Unseen]:
        """What is written, and what lasts."""
        written = await self._board.gaps.find(since=since, until=until, limit=MOST)
        lasting = [line.life.current() for line in self._board.lines.values()]
        now = during((gap for gap in (*lasting, self._unserved()) if gap is not None), since, until)
        return [Unseen(gap.pbx, gap.from_at, gap.to_at, gap.cause.value) for gap in (*now, *written)][:MOST]
