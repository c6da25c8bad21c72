"""Events in Asterisk's order for made-up calls, told to a board a second apart: what traces do not cover."""

from __future__ import annotations

import msgspec

from cti import events as ami
from cti.board import Board
from cti.events import AmiEvent, Chan, Member
from cti.messages import Agent, Call, CallEnded, DomainEvent
from cti.seen import Picture, SeenQueue
from tests.unit.cti.board_help import SEATS, T0, staffed_board

DOWN, RING, RINGING, UP = 0, 4, 5, 6


def chan(
    number: int,
    name: str,
    state: int = UP,
    *,
    of: int | None = None,
    exten: str = "",
    num: str = "",
    tag: str = "",
) -> Chan:
    """Channel `number` of endpoint `name`, born into the call whose first channel has number `of`."""
    uniqueid = f"1800000000.{number}"
    linkedid = f"1800000000.{number if of is None else of}"
    label = name if ";" in name else f"{name}-{number:08x}"
    return Chan(uniqueid, linkedid, label, state, num, "", exten=exten, call_tag=tag)


def members(wrapup: int = 10, *interfaces: str, queue: str = "service") -> tuple[Member, ...]:
    names = interfaces or tuple(seat.interface for seat in SEATS)
    return tuple(Member(queue, name, dynamic=True, status=1, wrapup_time=wrapup) for name in names)


class Script:
    """A board, its clock, and everything that it has told."""

    def __init__(self, board: Board | None = None, wrapup: int = 10) -> None:
        self.board = board or staffed_board()
        self.now = T0
        self.told: list[DomainEvent] = []
        self.board.resync(Picture("1", queues=(SeenQueue("service"),), members=members(wrapup)), {}, T0)

    def say(self, *events: AmiEvent) -> list[DomainEvent]:
        """Each a second after the one before; what the board made of them."""
        told: list[DomainEvent] = []
        for event in events:
            self.now += 1.0
            told.extend(self.board.apply(event, self.now))
        self.told.extend(told)
        return told

    @property
    def calls(self) -> tuple[Call, ...]:
        return self.board.snapshot().calls

    @property
    def ended(self) -> list[Call]:
        return [event.call for event in self.told if isinstance(event, CallEnded)]

    def agent(self, user: str) -> Agent:
        agent = self.board.agent(user)
        assert agent is not None
        return agent

    # Stretches of a call's life.

    def arrive(self, caller: Chan, queue: str = "") -> None:
        self.say(ami.Newchannel(caller))
        if queue:
            self.say(ami.Newstate(caller), ami.QueueCallerJoin(caller, queue, 1, 1))

    def ring(self, caller: Chan, phone: Chan, queue: str = "") -> None:
        self.say(ami.Newchannel(phone))
        if queue:
            self.say(ami.AgentCalled(caller, phone, queue, phone.name.rpartition("-")[0]))
        self.say(ami.DialBegin(caller, phone, phone.caller_num), ami.Newstate(state(phone, RINGING)))

    def answer(self, caller: Chan, phone: Chan, queue: str = "", bridge: str = "b1") -> None:
        up = state(phone, UP)
        self.say(ami.Newstate(up), ami.DialEnd(caller, up, "ANSWER"))
        if queue:
            self.say(ami.QueueCallerLeave(caller, queue, 0))
            self.say(ami.AgentConnect(caller, up, queue, phone.name.rpartition("-")[0]))
        self.say(ami.BridgeEnter(bridge, up), ami.BridgeEnter(bridge, caller))

    def part(self, first: Chan, then: Chan, bridge: str = "b1") -> None:
        """`first` hangs up, and `then` is hung up for it."""
        self.say(ami.BridgeLeave(bridge, first), ami.BridgeLeave(bridge, then))
        self.say(ami.Hangup(first, 16), ami.Hangup(then, 16))


def state(one: Chan, to: int) -> Chan:
    return Chan(
        one.uniqueid,
        one.linkedid,
        one.name,
        to,
        one.caller_num,
        one.caller_name,
        exten=one.exten,
        call_tag=one.call_tag,
    )


def linked(one: Chan, to: Chan) -> Chan:
    """The channel after Asterisk has given it the other's linkedid."""
    return msgspec.structs.replace(one, linkedid=to.linkedid)
