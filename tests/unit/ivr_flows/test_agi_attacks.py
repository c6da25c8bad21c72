"""Hostile callers and hostile peers: what they send harms nobody else, and never reaches Asterisk as a command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from core.clock import SystemClock
from ivr_flows.messages import Ended
from tests.agi_peer import PLAIN, Peer, peer
from tests.unit.ivr_flows.ivr_house import IvrHouse, ivr_house
from tests.unit.ivr_flows.test_driver import HELLO, to_service

HOSTILE = (
    'x" "SYSTEM rm"\\',
    "x\nHANGUP",
    "x\n\n200 result=49 endpos=1",
    "x\nagi_network_script: other\nagi_uniqueid: 9",
    "x\0y",
    "${SHELL(id)},`id`;--",
    "号" * 400,
)
OPEN_TO_CALLERS = tuple(
    name for name in PLAIN if name.startswith(("agi_caller", "agi_dnid", "agi_ext", "agi_acc"))
)


@pytest.fixture
async def house() -> AsyncIterator[IvrHouse]:
    async with ivr_house(SystemClock()) as found:
        yield found


async def serve(line: Peer) -> None:
    """A whole visit, in the end to the queue."""
    await line.answers("ANSWER")
    await line.answers("GET VARIABLE RINGDESK_CALL", "200 result=1 (1700000000.1)")
    await line.answers(HELLO, "200 result=51 endpos=800")
    await to_service(line)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", OPEN_TO_CALLERS)
async def test_line_ends_and_quotes_in_what_a_caller_brings_change_no_command(
    house: IvrHouse, name: str, text: str
) -> None:
    async with peer(house.port) as line:
        line.header(**{name.removeprefix("agi_"): text})
        await serve(line)
    visit = await house.ended()
    assert (visit.ended, visit.flow, visit.call_id) == (Ended.TRANSFERRED, "main", "main-1700000000.1")
    assert visit.number.isprintable()
    assert len(visit.number) <= 256


async def test_a_thousand_half_open_slow_and_oversized_lines_cost_the_others_nothing(house: IvrHouse) -> None:
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(peer(house.port)) for _ in range(1000)]
        for number, line in enumerate(lines):
            if number % 3 == 0:
                line.writer.write(b"agi_network: yes\nagi_ne")  # slow
            elif number % 3 == 1:
                line.writer.write(b"agi_network: " + b"x" * 20_000)  # one line without an end
            else:
                line.writer.write(
                    b"agi_network: yes\n" + b"agi_arg_1: y\n" * 2_000
                )  # a header without an end
        for _ in range(20):
            async with peer(house.port) as line:
                line.header()
                await serve(line)
        assert house.server.refused["broken"] >= 660
    assert house.server.sessions == 0
    assert [visit.ended for visit in house.told if visit.ended] == [Ended.TRANSFERRED] * 20
