"""What one event costs the board while 10, 1,000 and 10,000 other calls are up.

The others talk, each with an agent that came to it through a queue; then the same recorded calls come and go among
them. Prints microseconds of processor time for an event, and what it is against ten calls. Run: python -m
bench.live_calls [EVENTS [ROUNDS]]
"""

from __future__ import annotations

import contextlib
import gc
import sys
import time
from collections.abc import Sequence

from bench.ami_trace import interfaces, long_trace
from cti import events as ami
from cti.board import Board
from cti.events import AmiEvent, Chan, Member
from cti.frames import Framer
from cti.messages import Seat
from cti.parse import WANTED, parse

EVENTS = 20_000
ROUNDS = 5
UP = (10, 1_000, 10_000)
_FIRST_PHONE = 50_000  # numbers of the talking agents: none that a recorded call has


def recorded(events: int) -> list[AmiEvent]:
    """The typed events of calls that come and go, 20 at a time."""
    return [event for m in Framer(WANTED).feed(long_trace(events)) if (event := parse(m)) is not None]


def talking(number: int) -> list[AmiEvent]:
    """A caller who came through a queue and talks with an agent of its own."""
    caller_id, phone = f"1500000000.{number * 2}", f"PJSIP/{_FIRST_PHONE + number}"
    caller = Chan(caller_id, caller_id, f"PJSIP/trunk-{number:08x}", 6, "13800138000", exten="4001")
    agent = Chan(f"1500000000.{number * 2 + 1}", caller_id, f"{phone}-{number:08x}", 6, phone[6:])
    bridge = f"up-{number}"
    return [
        ami.Newchannel(caller),
        ami.QueueCallerJoin(caller, "busy", 1, 1),
        ami.Newchannel(agent),
        ami.AgentCalled(caller, agent, "busy", phone),
        ami.DialBegin(caller, agent, phone),
        ami.DialEnd(caller, agent, "ANSWER"),
        ami.QueueCallerLeave(caller, "busy", 0),
        ami.AgentConnect(caller, agent, "busy", phone),
        ami.BridgeEnter(bridge, agent),
        ami.BridgeEnter(bridge, caller),
    ]


def board_with(calls: int) -> Board:
    """A board on which so many calls are up, with a seat and a queue membership for each of their agents."""
    board = Board("main", ["PJSIP/trunk"])
    phones = [f"PJSIP/{_FIRST_PHONE + number}" for number in range(calls)]
    names = [*phones, *interfaces()]
    board.set_seats([Seat(name, name, "main", name, name.partition("/")[2]) for name in names], 0.0)
    for phone in phones:
        board.apply(ami.QueueMemberAdded(Member("busy", phone, dynamic=True, status=1)), 0.0)
    for number in range(calls):
        for event in talking(number):
            board.apply(event, 0.0)
    up = len(board.snapshot().calls)
    assert up == calls, f"{up} calls are up instead of {calls}"
    return board


def cost(board: Board, events: Sequence[AmiEvent]) -> float:
    """Seconds of processor time for one event."""
    gc.collect()
    gc.freeze()  # the calls that are up are no work of the collector's while the others are measured
    began = time.process_time()
    for number, event in enumerate(events):
        board.apply(event, 1.0 + number * 0.001)
    spent = time.process_time() - began
    gc.unfreeze()
    return spent / len(events)


def main(events: int = EVENTS, rounds: int = ROUNDS, up: Sequence[int] = UP) -> None:
    stream = recorded(events)
    best = dict.fromkeys(up, float("inf"))
    for _ in range(rounds):  # in turns, so that a busy moment of the machine meets all of them
        for calls in up:
            best[calls] = min(best[calls], cost(board_with(calls), stream))
    print(f"{len(stream)} typed events of calls that come and go, beside")
    for calls, seconds in best.items():
        ratio = seconds / best[up[0]]
        print(f"{calls:8,} calls that are up: {seconds * 1e6:7.2f} µs an event   {ratio:5.2f} x")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*map(int, sys.argv[1:3]))
