"""What an act is: a scene that people play on an Asterisk which has no other callers, and what a board makes of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.real.ami import Message
from tests.real.asterisk import Asterisk, QueueSetup

KNOWN = "13800138000"
INBOUND: Mapping[str, Any] = {"direction": "inbound", "caller": KNOWN}
Play = Callable[[Asterisk], Awaitable[None]]


@dataclass(frozen=True)
class Act:
    """One scenario: how it is played, on which queues, and what a board must make of it."""

    name: str
    play: Play
    story: str
    expect: Mapping[str, object]
    queues: Mapping[str, QueueSetup]
    two_phones: tuple[str, ...] = ()


def act(
    story: str,
    *,
    queues: Mapping[str, QueueSetup] | None = None,
    two_phones: tuple[str, ...] = (),
    **expect: object,
) -> Callable[[Play], Act]:
    """Makes the decorated function an Act of its name; `expect` goes into the trace's companion file."""

    def made(play: Play) -> Act:
        default = {"service": QueueSetup(members=("1001",))}
        return Act(play.__name__, play, story, expect, queues or default, two_phones)

    return made


async def gone(pbx: Asterisk) -> None:
    """Returns when every channel that was made has been hung up."""

    def done(_: Message) -> bool:
        made = sum(m.get("Event") == "Newchannel" for m in pbx.ami.messages)
        return made == sum(m.get("Event") == "Hangup" for m in pbx.ami.messages) and made > 0

    await pbx.ami.wait(done)


async def talks(seconds: float = 1.6) -> None:
    """People talk, or wait, for this long: the length is what is measured. Never used to wait for something."""
    await asyncio.sleep(seconds)


def channel(pbx: Asterisk, interface: str) -> str:
    """Name of the interface's latest channel."""
    made = (m["Channel"] for m in reversed(pbx.ami.messages) if m.get("Event") == "Newchannel")
    return next(name for name in made if name.rpartition("-")[0] == interface)


async def bridged(pbx: Asterisk, *interfaces: str) -> None:
    """Returns when the latest channels of these interfaces hear each other: in one bridge, or over Local channels."""

    def together(_: Message) -> bool:
        rooms = _rooms(pbx.ami.messages)
        try:
            found = {rooms.get(channel(pbx, interface), "") for interface in interfaces}
        except StopIteration:
            return False
        return len(found) == 1 and "" not in found

    await pbx.ami.wait(together)


def _rooms(messages: list[Message]) -> dict[str, str]:
    """Where each bridged channel is: one name for all bridges that the halves of Local channels connect."""
    where: dict[str, str] = {}
    for m in messages:
        if m.get("Event") == "BridgeEnter":
            where[m["Channel"]] = m["BridgeUniqueid"]
        elif m.get("Event") == "BridgeLeave":
            where.pop(m["Channel"], None)
        elif m.get("Event") == "Rename" and m["Channel"] in where:
            where[m["Newname"]] = where.pop(m["Channel"])
    for name, room in tuple(where.items()):
        other = where.get(f"{name.removesuffix(';1')};2")
        if name.endswith(";1") and other:
            where = {key: room if value == other else value for key, value in where.items()}
    return where
