"""Brings an event of the classes `call` and `agent` forth, to see whether the manager user may read them.

Nothing rings and no dialplan runs: the call goes to a context that does not exist, the member is paused and no phone.
Asterisk tells of both all the same. No question would tell: ListCommands lists what may be sent, not what may be read.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec

from cti import control
from cti.connection import AmiConnection
from cti.events import FullyBooted, Newchannel, QueueMemberAdded
from cti.parse import parse
from cti.vocabulary import AmiRefused, Message


class Ears:
    """What the doctor's connection has heard by itself."""

    def __init__(self, probe: str) -> None:
        self.booted, self.call, self.agent = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.probe = probe

    def on_message(self, message: Message) -> None:
        """Must neither wait nor raise."""
        match parse(message):
            case FullyBooted():
                self.booted.set()
            case Newchannel(chan) if chan.uniqueid == self.probe:
                self.call.set()
            case QueueMemberAdded(member) if member.interface == control.NOWHERE:
                self.agent.set()
            case _:
                pass


class Heard(msgspec.Struct, frozen=True):
    """Which of the two were told; None: it could not be brought forth."""

    call: bool | None = None
    agent: bool | None = None


async def provoke(
    connection: AmiConnection, ears: Ears, queue: str, answer_seconds: float, seconds: float
) -> Heard:
    """Does both, each answered within `answer_seconds`, and listens for `seconds` at most; `queue` is any, or empty.

    AmiTimeout and AmiSocketError as in `AmiConnection`.
    """

    async def sent(*actions: control.Action) -> bool:
        """Whether the first was taken. All go out in one piece, so that what is added is taken away for sure."""
        answers = await asyncio.gather(
            *(connection.send(action, answer_seconds) for action in actions), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, AmiRefused):
                raise answer
        return isinstance(answers[0], Message)

    with suppress(AmiRefused):
        await connection.send((("Action", "Events"), ("EventMask", "system,call,agent")), answer_seconds)
    call = await sent(control.call_nowhere(ears.probe))
    add, remove = control.member_nowhere(queue) if queue else ((), ())
    agent = await sent(add, remove) if queue else False
    heard = Heard(
        await within(ears.call, seconds) if call else None,
        await within(ears.agent, seconds) if agent else None,
    )
    with suppress(AmiRefused):
        await connection.send((("Action", "Events"), ("EventMask", "system")), answer_seconds)
    return heard


async def within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it comes in time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
