"""`python -m tests.real.overtaken [--wrapup 3] [--retry 1] [--times 6]`: how many callers who came later are answered
before a call-back, with two agents and a line that is never empty, on a real Asterisk 22. docs/callbacks.md has the
figures.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import tempfile
from pathlib import Path
from statistics import mean

import structlog

from cti.messages import CallAnswered
from ivr_flows.callbacks.model import CallbackChanged, State
from ivr_flows.callbacks.service import Request
from server.wiring import House
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.crowd import Crowd
from tests.real.sipp import Phone
from tests.real.sipp_process import Report
from tests.real.staffed import settings_on, staffed
from tests.wait import until

AGENTS = {"anna": "1001", "ben": "1002"}
AT_ONCE = 5
"""Callers who are there at any time: two talk, the others wait."""
TALK_SECONDS = (2.5, 5.5)
APART_SECONDS = 10.0
MOST_SECONDS = 120.0


class Line(Crowd):
    """So many callers at once, for ever."""

    def __init__(self, pbx: Asterisk) -> None:
        super().__init__(pbx, [(f"139{n:08}", "4001") for n in range(1000)])

    def arguments(self) -> list[str]:
        return [*super().arguments(), "-m", "100000", "-l", str(AT_ONCE)]  # of two the last is taken


class Busy(Phone):
    """Picks up at once, talks for a while, and hangs up."""

    def reported(self, report: Report) -> None:
        later = asyncio.get_running_loop().call_later
        if report.state == "ringing":
            later(0.3, self.order, "INFO", "answer", report.call_id)
        elif report.state == "talking":
            later(random.uniform(*TALK_SECONDS), self.order, "MESSAGE", "bye", report.call_id)


class Count:
    """Who was answered when, and when the call-backs were dialled."""

    def __init__(self, house: House) -> None:
        self.answers: list[tuple[float, float]] = []
        """When each caller of the line was answered, and when they had come."""
        self.dialled: dict[str, float] = {}
        self._clock = house.clock
        house.bus.subscribe(CallAnswered, self._answered)
        house.bus.subscribe(CallbackChanged, self._changed)

    def _answered(self, event: CallAnswered) -> None:
        if event.call.queued_at is not None and event.segment.answered_at is not None:
            self.answers.append((event.segment.answered_at, event.call.queued_at))

    def _changed(self, event: CallbackChanged) -> None:
        if event.callback.state is State.DIALLING:
            self.dialled.setdefault(event.callback.id, self._clock.now())

    def overtook(self, since: float, until_at: float) -> int:
        return sum(came > since and at < until_at for at, came in self.answers)

    def waited(self) -> float:
        return mean(at - came for at, came in self.answers)


async def measure(house: House, times: int) -> None:
    """Asks for call-backs, one after the other, and prints how each fared."""
    count, asked = Count(house), {}
    for n in range(times):
        await asyncio.sleep(APART_SECONDS)
        now, number = house.clock.now(), f"+8613800138{n:03}"
        answered = await house.callbacks.request(Request(number, "main", "service", now, number))
        assert answered.callback is not None
        asked[answered.callback.id] = now
    await until(lambda: asked.keys() <= count.dialled.keys(), MOST_SECONDS)
    overtaken = [count.overtook(since, count.dialled[id]) for id, since in asked.items()]
    waits = [count.dialled[id] - since for id, since in asked.items()]
    print(f"call-backs waited {mean(waits):.1f} s, callers on the line {count.waited():.1f} s")
    print(f"overtaken by {overtaken}, {mean(overtaken):.2f} callers each")


async def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--wrapup", type=int, default=3)
    ask.add_argument("--retry", type=int, default=1)
    ask.add_argument("--times", type=int, default=6)
    given = ask.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    members = tuple(AGENTS.values())
    queue = QueueSetup(members, retry=given.retry, wrapuptime=given.wrapup)
    with tempfile.TemporaryDirectory() as folder:
        async with Asterisk({"service": queue}) as pbx:
            settings = settings_on(pbx, f"{Path(folder)}/ringdesk.db", {"service": float(given.wrapup)})
            async with (
                staffed(settings, AGENTS, migrate=True) as house,
                Busy(pbx, "1001"),
                Busy(pbx, "1002"),
                Busy(pbx, "outside"),
                Line(pbx),
            ):
                await measure(house, given.times)


if __name__ == "__main__":
    asyncio.run(main())
