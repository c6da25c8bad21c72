"""pyst2's Manager and panoramisk, as independent clients, at the practice PBX: log in, originate, read events."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import panoramisk
import pytest
from panoramisk.message import Message

from cti.practice.pbx import SECRET, USERNAME, PracticePbx, Setup

SECONDS = 60.0
PYST2 = Path(__file__).with_name("pyst2_client.py")
EVENTS = ("Newchannel", "QueueCallerJoin", "AgentCalled", "AgentConnect", "AgentComplete", "Hangup")


@pytest.fixture
async def pbx() -> AsyncIterator[PracticePbx]:
    async with PracticePbx(setup=Setup(members={"service": ("1001",)})) as running:
        yield running


async def play(pbx: PracticePbx) -> None:
    """A caller reaches 1001, who hangs up."""
    pbx.caller("13800138000")
    await pbx.until(lambda: pbx.ringing("1001"))
    pbx.answer("1001")
    pbx.hang_up("1001")


@asynccontextmanager
async def pyst2(port: int, task: str, secret: str = SECRET) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """pyst2 at work in a process of its own; gives a function that reads its next line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PYST2), str(port), secret, task), stdout=asyncio.subprocess.PIPE
    )
    output = process.stdout
    assert output is not None

    async def line() -> str:
        async with asyncio.timeout(SECONDS):
            return (await output.readline()).decode().strip()

    try:
        yield line
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_pyst2_logs_in_and_reads_the_events_of_a_call() -> None:
    # With channelvars its message thread dies at the first ChanVariable header (it calls dict.has_key).
    setup = Setup(members={"service": ("1001",)}, channelvars=False)
    async with PracticePbx(setup=setup) as pbx, pyst2(pbx.port, "listen") as line:
        assert await line() == "in"
        await play(pbx)
        seen = [await line()]
        while seen[-1] != "event: AgentComplete":
            seen.append(await line())
    told = [text.removeprefix("event: ") for text in seen]
    assert [name for name in told if name in EVENTS] == [
        *("Newchannel", "QueueCallerJoin", "Newchannel", "AgentCalled", "AgentConnect", "AgentComplete")
    ]


async def test_pyst2_originates_and_its_answer_waits_for_the_phone() -> None:
    async with PracticePbx(setup=Setup(channelvars=False)) as pbx, pyst2(pbx.port, "originate") as line:
        assert await line() == "in"
        await pbx.until(lambda: pbx.ringing("1001"))
        pbx.answer("1001")
        assert await line() == "answer: Success"
        assert pbx.ringing("1002")


async def test_pyst2_is_told_that_its_secret_is_wrong(pbx: PracticePbx) -> None:
    async with pyst2(pbx.port, "listen", secret="wrong") as line:
        assert await line() == "refused: ManagerAuthException"


@pytest.fixture
async def pano(pbx: PracticePbx) -> AsyncIterator[panoramisk.Manager]:
    logging.getLogger("panoramisk").setLevel(logging.CRITICAL)
    manager = panoramisk.Manager(
        loop=asyncio.get_running_loop(), host="127.0.0.1", port=pbx.port, username=USERNAME, secret=SECRET
    )
    async with asyncio.timeout(SECONDS):
        await manager.connect()
    yield manager
    manager.close()


async def test_panoramisk_logs_in_and_reads_the_events_of_a_call(
    pbx: PracticePbx, pano: panoramisk.Manager
) -> None:
    seen: list[str] = []
    ended = asyncio.Event()

    def event(manager: panoramisk.Manager, message: Message) -> None:
        seen.append(message.event)
        if message.event == "AgentComplete":
            ended.set()

    pano.register_event("*", event)
    async with asyncio.timeout(SECONDS):
        await pano.send_action({"Action": "Ping"})
        await play(pbx)
        await ended.wait()
    assert {"Newchannel", "QueueCallerJoin", "AgentCalled", "AgentConnect", "AgentComplete"} <= set(seen)


CLICK = {
    "Channel": "PJSIP/1001",
    "Context": "agents",
    "Exten": "913912345678",
    "Priority": 1,
    "Async": "true",
}


async def test_panoramisk_originates_and_collects_a_list(pbx: PracticePbx, pano: panoramisk.Manager) -> None:
    async with asyncio.timeout(SECONDS):
        asked = asyncio.ensure_future(pano.send_action({"Action": "Originate", **CLICK}))
        await pbx.until(lambda: pbx.ringing("1001"))
        lines = await pano.send_action({"Action": "CoreShowChannels"})
        pbx.answer("1001")
        queued, response = await asked
    assert [line.channel for line in lines if line.event == "CoreShowChannel"] == ["PJSIP/1001-00000000"]
    assert queued.message == "Originate successfully queued"
    assert (response.event, response.reason) == ("OriginateResponse", "4")
