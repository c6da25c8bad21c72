"""Load for tests and benchmarks: events at a rate, and whole calls at a rate."""

from __future__ import annotations

import asyncio

from cti.practice.pbx import PracticePbx
from cti.practice.rings import Ring
from cti.practice.talks import Talk

TICK = 0.005  # seconds between two bursts
BURST = 2_000
"""Events at most in one burst: a machine that stood still for a second makes no second's events at once, for which
the reader would be cut off as too slow."""


async def flood(pbx: PracticePbx, rate: float, seconds: float) -> int:
    """Tell `rate` events a second for that long to whoever listens; returns how many.

    Of one channel that calls, joins the queue and leaves it again without an agent: eight events a call, all typed.
    Fewer where the machine cannot keep up.
    """
    loop = asyncio.get_running_loop()
    world, begin, first = pbx.world, loop.time(), pbx.world.told
    while (passed := loop.time() - begin) < seconds:
        due = min(rate * passed, world.told - first + BURST)
        while world.told - first < due:
            world.hang_up(pbx.plan.inbound("13800138000", "4001"))
        await asyncio.sleep(TICK)
    return world.told - first


async def calls(
    pbx: PracticePbx,
    count: int,
    per_second: float,
    *,
    ring: float = 0.02,
    talk: float = 0.1,
) -> None:
    """Have `count` callers come at that rate; who rings answers after `ring` seconds and talks for `talk`.

    Returns when the last call has ended; give the queue members enough (see Setup.agents), or callers wait.
    """
    world, loop = pbx.world, asyncio.get_running_loop()
    left, done = count, asyncio.Event()

    def rings(one: Ring) -> None:
        loop.call_later(ring, one.answer)

    def talks(one: Talk) -> None:
        loop.call_later(talk, end, one)

    def end(one: Talk) -> None:
        nonlocal left
        world.hang_up(one.caller)
        left -= 1
        if left == 0:
            done.set()

    world.on_ring.append(rings)
    world.on_talk.append(talks)
    begin = loop.time()
    try:
        for n in range(count):
            await asyncio.sleep(max(0.0, begin + n / per_second - loop.time()))
            pbx.caller(f"138{n:08d}")
        await done.wait()
    finally:
        world.on_ring.remove(rings)
        world.on_talk.remove(talks)
