"""Hostile callers and hostile peers: what they send harms nobody else, and never reaches Asterisk as a command."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from core.clock import SystemClock
from ivr_flows.messages import Ended
from tests.agi_peer import PLAIN, Peer, peer
from tests.unit.ivr_flows.ivr_house import IvrHouse, ivr_house
from tests.unit.ivr_flows.test_driver import HELLO, to_service
from tests.wait import until

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


async def test_a_caller_who_ends_the_header_in_its_name_answers_no_command_of_ours(house: IvrHouse) -> None:
    async with peer(house.port) as line:
        line.header(
            calleridname="x\nagi_threadid: 1\n\n200 result=0\n200 result=1 (1699999999.9)\n200 result=49"
        )
        await line.closed()
    assert house.told == []
    assert house.server.refused["broken"] == 1


@pytest.mark.parametrize("bad", ["", "1\0\r2", "1 2", "x" * 151, "号"])
async def test_who_names_no_channel_has_no_visit(house: IvrHouse, bad: str) -> None:
    """Ids go into the rows of visits, tickets and recordings, and are keys of what is kept in memory."""
    for uniqueid, tag in ((bad, "1700000000.1"), ("1700000000.1", bad or "\0")):
        async with peer(house.port) as line:
            line.header(uniqueid=uniqueid)
            await line.answers("ANSWER")
            await line.answers("GET VARIABLE RINGDESK_CALL", f"200 result=1 ({tag})")
            await line.closed()
    assert house.told == []


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


CALL = (
    "".join(f"{name}: {value}\n" for name, value in PLAIN.items()) + "\n",
    "200 result=0\n",
    "200 result=1 (1700000000.1)\n",
    "200 result=51 endpos=800\n",
    "200 result=1\n",
    "200 result=1\n",
    "200 result=1\n",
)
"""All that Asterisk says in the visit of `serve`, between the commands."""


async def say(port: int, most: int, reset: bool) -> None:
    """The visit of `serve` up to that byte; then the line is cut, by a plain end or a reset."""
    async with peer(port) as line:
        for part in CALL:
            line.writer.write(part[:most].encode())
            most -= len(part)
            if most <= 0:
                break
            assert await line.command()
        await line.writer.drain()
        if reset:
            known: socket.socket = line.writer.get_extra_info("socket")
            known.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.writer.transport.abort()


async def test_a_line_that_is_cut_at_any_byte_leaves_nothing_behind(house: IvrHouse) -> None:
    header, whole = len(CALL[0]), sum(map(len, CALL))
    room = asyncio.Semaphore(20)

    async def cut(most: int, reset: bool) -> None:
        async with room:
            await say(house.port, most, reset)

    async with asyncio.TaskGroup() as group:
        for most in range(whole):
            for reset in (False, True):
                group.create_task(cut(most, reset))
    await until(lambda: house.server.lines == house.server.sessions == 0, 30)
    ended = Counter(visit.ended for visit in house.told if visit.ended)
    assert set(ended) == {Ended.HUNG_UP}, "whoever was cut hung up, whatever was being said"
    # A reset may overtake the header or the answer before it; no end does.
    assert ended[Ended.HUNG_UP] >= whole - (header + len(CALL[1]) + len(CALL[2]))
    assert not house.server.refused
    async with peer(house.port) as line:
        line.header()
        await serve(line)
