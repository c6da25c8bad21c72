"""What an act is: a scene that people play on a fresh Asterisk, and what a board must make of it."""

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


def act(
    story: str, *, queues: Mapping[str, QueueSetup] | None = None, **expect: object
) -> Callable[[Play], Act]:
    """Makes the decorated function an Act of its name; `expect` goes into the trace's companion file."""

    def made(play: Play) -> Act:
        return Act(play.__name__, play, story, expect, queues or {"service": QueueSetup(members=("1001",))})

    return made


async def gone(pbx: Asterisk) -> None:
    """Returns when every channel that was made has been hung up."""

    def done(_: Message) -> bool:
        made = sum(m.get("Event") == "Newchannel" for m in pbx.ami.messages)
        return made == sum(m.get("Event") == "Hangup" for m in pbx.ami.messages) and made > 0

    await pbx.ami.wait(done)
