"""Recordings of what Asterisk answers to a resync, in the middle of a call."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO

from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

SINGLE = ("CoreSettings", "CoreStatus")
LISTS = ("CoreShowChannels", "BridgeList", "QueueSummary", "QueueStatus", "Status", "DeviceStateList")
Situation = Callable[[Asterisk], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Resync:
    """A situation on the PBX in which a client connects."""

    situation: Situation
    story: str
    expect: Mapping[str, object]


@asynccontextmanager
async def _idle(_: Asterisk) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _talking(pbx: Asterisk) -> AsyncIterator[None]:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", "13800138000", "Li Na"):
        await phone.ringing()
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        yield


@asynccontextmanager
async def _waiting(pbx: Asterisk) -> AsyncIterator[None]:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", "13800138000", "Li Na"):
        await phone.ringing()
        yield


RESYNCS: Mapping[str, Resync] = {
    "resync_idle": Resync(_idle, "No call at all.", {"calls": 0}),
    "resync_talking": Resync(
        _talking,
        "A caller talks with 1001, who was reached through the service queue.",
        {"calls": 1, "state": "talking", "caller": "13800138000", "answered_by": "PJSIP/1001"},
    ),
    "resync_waiting": Resync(
        _waiting,
        "A caller waits in the service queue and 1001's phone rings.",
        {
            "calls": 1,
            "state": "ringing",
            "caller": "13800138000",
            "queue": "service",
            "offered": ["PJSIP/1001"],
        },
    ),
}


async def record_resync(name: str) -> bytes:
    """All bytes of a session that logs in during the situation and asks for everything."""
    trace = BytesIO()
    async with (
        Asterisk(queues={"service": QueueSetup(members=("1001",))}) as pbx,
        RESYNCS[name].situation(pbx),
    ):
        session = pbx.session()
        session.tee = trace
        async with session:
            await session.event("FullyBooted")
            for action in SINGLE:
                await session.action(action)
            for action in LISTS:
                await session.action_list(action)
    return trace.getvalue()
