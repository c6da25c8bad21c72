"""What the sample dialplan makes of extensions that somebody has written into."""

from __future__ import annotations

import asyncio

import pytest

from tests.real.asterisk import Asterisk

pytestmark = pytest.mark.real


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
