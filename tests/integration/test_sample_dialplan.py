"""What the sample dialplan makes of extensions that somebody has written into, and of callers whom nobody takes."""

from __future__ import annotations

import asyncio

import pytest

from tests.agi_desk import Desk, agi_desk
from tests.real.ami import Message
from tests.real.asterisk import Asterisk, QueueSetup

pytestmark = pytest.mark.real
FULL = {"service": QueueSetup(members=(), maxlen=3), "emergency": QueueSetup(members=(), maxlen=1)}
GONE_ON = [
    ("queue", "emergency", "emergency"),  # it has room for one
    ("queue", "emergency", "service"),  # and is full now
    ("agent", "1999", "service"),  # has no phone
    ("number", "13800138000", "service"),  # has no 9 in front
]
"""What a flow says, and the queue in which that caller is found; one after the other, and each stays there."""


async def dial(pbx: Asterisk, extension: str, context: str) -> None:
    """As a phone that dials this extension in this context."""
    await pbx.ami.action(
        "Originate",
        Channel=f"Local/{extension}@{context}/n",
        Application="Wait",
        Data="5",
        Async="true",
    )


@pytest.mark.parametrize("version", [22, 16])
async def test_nobody_writes_into_an_extension(version: int) -> None:
    asked: asyncio.Queue[str] = asyncio.Queue()

    async def flow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\n\n")).decode()
        asked.put_nowait(next(line for line in head.splitlines() if line.startswith("agi_network_script")))
        writer.close()

    async with Asterisk(version=version) as pbx:
        server = await asyncio.start_server(flow, "127.0.0.1", pbx.agi_port)
        async with server, asyncio.timeout(30):
            await dial(pbx, "hotline", "ringdesk-ivr")
            assert await asked.get() == "agi_network_script: hotline?token="
            await dial(pbx, "hotline..bill?token=x&y", "ringdesk-ivr")
            assert await asked.get() == "agi_network_script: hotlinebilltokenxy?token="
        for nonsense in ("91&PJSIP", "9138 x", "91380)013"):
            since = len(pbx.ami.messages)
            await dial(pbx, nonsense, "agents")
            ended = await pbx.ami.event("Hangup", since=since, Exten=nonsense)
            assert ended["Cause"] == "28"
        begun = [m for m in pbx.ami.messages if m.get("Event") == "DialBegin"]
        assert not [m for m in begun if m.get("Channel", "").startswith("Local/9")]
        since = len(pbx.ami.messages)
        await dial(pbx, "913800138000", "agents")
        outside = await pbx.ami.event("DialBegin", since=since, DialString="13800138000@trunk")
        assert outside["DestChannel"].startswith("PJSIP/trunk-")


async def sent(pbx: Asterisk, desk: Desk, kind: str, to: str) -> None:
    """A caller whom a flow sends on there."""
    await dial(pbx, "hotline", "ringdesk-ivr")
    line = await desk.line()
    await line.ask("ANSWER")
    await line.ask(f"SET VARIABLE RINGDESK_TO {to}")
    await line.ask(f"SET VARIABLE RINGDESK_NEXT {kind}")
    await line.close()


@pytest.mark.parametrize("version", [22, 16])
async def test_whom_nobody_takes_goes_on_to_the_last_queue_and_hears_where_that_is_full(version: int) -> None:
    def turned_away(message: Message) -> bool:
        return message.get("Event") == "Newexten" and message["Application"] == "Congestion"

    async with Asterisk(FULL, version) as pbx, agi_desk(pbx.agi_port) as (desk, _):
        for kind, to, queue in GONE_ON:
            since = len(pbx.ami.messages)
            await sent(pbx, desk, kind, to)
            joined = await pbx.ami.event("QueueCallerJoin", since=since)
            assert joined["Queue"] == queue, (kind, to)
        begun = [m for m in pbx.ami.messages if m.get("Event") == "DialBegin"]
        assert not [m for m in begun if m["DestChannel"].startswith("PJSIP/")]
        await sent(pbx, desk, "queue", "service")
        await pbx.ami.wait(turned_away)
