"""Load that the practice PBX makes on demand."""

import asyncio

from cti.practice.load import calls, flood
from cti.practice.pbx import PracticePbx, Setup

AGENTS = tuple(str(1001 + n) for n in range(20))


async def test_whole_calls_come_at_the_rate_and_end() -> None:
    setup = Setup(agents=20, members={"service": AGENTS}, strategy="linear", wrapuptime=0)
    async with PracticePbx(setup=setup) as pbx, asyncio.timeout(60):
        await calls(pbx, 20, per_second=200, ring=0.001, talk=0.002)
        assert pbx.queues.queues["service"].completed == 20
        assert not pbx.world.channels


async def test_flood_keeps_its_rate_and_leaves_nothing_behind() -> None:
    async with PracticePbx() as pbx, asyncio.timeout(60):
        told = await flood(pbx, rate=20_000, seconds=0.2)
        assert 0.8 * 4_000 <= told <= 1.2 * 4_000
        assert not pbx.world.channels
