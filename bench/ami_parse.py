"""Events per second from AMI's bytes to typed events and to the board, against panoramisk's and pyst2's parsing.

All of them read the same trace in the same run, from memory in pieces of 64 KiB; pyst2 from a socket, for it has no
other way in. Prints ratios. Run: python -m bench.ami_parse [EVENTS [ROUNDS]]
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from asterisk.manager import Event, Manager, ManagerMsg
from panoramisk.ami_protocol import AMIProtocol

from bench.ami_trace import END, interfaces, long_trace
from cti.board import Board
from cti.frames import Framer
from cti.messages import Seat
from cti.parse import WANTED, parse

EVENTS = 120_000
PYST2_EVENTS = 4_000  # at about a thousand a second
ROUNDS = 3
PIECE = 65_536


def pieces(data: bytes) -> list[bytes]:
    return [data[at : at + PIECE] for at in range(0, len(data), PIECE)]


def frame_and_type(data: list[bytes]) -> int:
    framer, typed = Framer(WANTED), 0
    for piece in data:
        for message in framer.feed(piece):
            parse(message)
            typed += 1
    return typed + sum(framer.skipped.values())


def new_board() -> Board:
    board = Board("main", ["PJSIP/trunk"])
    seats = [Seat(name, name, "main", name, name.partition("/")[2]) for name in interfaces()]
    board.set_seats(seats, 0.0)
    return board


def whole(data: list[bytes]) -> int:
    framer, typed, board, at = Framer(WANTED), 0, new_board(), 0.0
    for piece in data:
        for message in framer.feed(piece):
            event = parse(message)
            typed += 1
            at += 0.001
            if event is not None:
                board.apply(event, at)
    left = len(board.snapshot().calls)
    # Two lanes' worth of slack: calls that a trace which ends in the middle leaves open.
    assert left <= 60, f"the board kept {left} calls"
    return typed + sum(framer.skipped.values())


class _Factory:
    """What panoramisk's protocol hands its events to; nobody listens."""

    save_stream = None

    def __init__(self) -> None:
        self.events = 0

    def dispatch(self, event: Any) -> None:
        self.events += 1


def panoramisk(data: list[bytes]) -> int:
    protocol, factory = AMIProtocol(), _Factory()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = factory, "utf8"
    for piece in data:
        protocol.data_received(piece)
    return factory.events


def for_pyst2(data: bytes) -> bytes:
    """The first events, without ChanVariable: its reader dies of that header under Python 3."""
    some = END.join(data.split(END, PYST2_EVENTS)[:PYST2_EVENTS]) + END
    return re.sub(rb"(?m)^\w*ChanVariable[^:]*: .*\r\n", b"", some)


def pyst2(data: list[bytes]) -> int:
    """Its own reader in its own thread, on a local socket, as it reads from a PBX."""
    whole_data = b"".join(data)
    expected, seen = whole_data.count(b"\r\nEvent: ") + whole_data.startswith(b"Event: "), 0
    ours, theirs = socket.socketpair()
    manager = Manager()
    manager._sock = theirs.makefile("rwb", buffering=0)
    manager._connected.set()
    manager._running.set()
    writer = threading.Thread(target=ours.sendall, args=(whole_data,), daemon=True)
    reader = threading.Thread(target=manager._receive_data, daemon=True)
    writer.start()
    reader.start()
    while seen < expected:
        lines = manager._message_queue.get(timeout=30)
        if lines is None:
            break
        message = ManagerMsg(lines)
        if message.has_header("Event"):
            Event(message)
            seen += 1
    manager._running.clear()
    for end in (ours, theirs):
        end.close()
    manager._connected.clear()
    reader.join(5)
    return seen


def rate(read: Callable[[list[bytes]], int], data: list[bytes]) -> float:
    """Events per second of processor time, which says the same on a machine that does other things as well."""
    began = time.process_time()
    count = read(data)
    return count / (time.process_time() - began)


def main(events: int = EVENTS, rounds: int = ROUNDS) -> None:
    logging.getLogger("panoramisk").setLevel(logging.WARNING)
    trace = long_trace(events)
    framer = Framer(WANTED)
    typed = sum(len(framer.feed(piece)) for piece in pieces(trace))
    skipped = sum(framer.skipped.values())
    print(
        f"trace: {typed + skipped} events, {len(trace) / 1e6:.0f} MB, {skipped / (typed + skipped):.0%} untyped"
    )
    short = for_pyst2(trace.removeprefix(b"Asterisk Call Manager/11.0.0\r\n"))
    runs: dict[str, tuple[Callable[[list[bytes]], int], list[bytes]]] = {
        "framing and typing": (frame_and_type, pieces(trace)),
        "framing, typing and board": (whole, pieces(trace)),
        "panoramisk, parse alone": (panoramisk, pieces(trace)),
        "pyst2, reader and parse": (pyst2, pieces(short)),
    }
    best = dict.fromkeys(runs, 0.0)
    for _ in range(rounds):  # in turns, so that a busy moment of the machine meets all of them
        for name, (read, data) in runs.items():
            best[name] = max(best[name], rate(read, data))
    base = best["panoramisk, parse alone"]
    for name, figure in best.items():
        print(f"{name:28} {figure:10,.0f} events/s   {figure / base:7.2f} x panoramisk")
    aim = best["framing, typing and board"] / base
    print(
        f"aim: the whole at least as fast as panoramisk's bare parse: {'met' if aim >= 1 else 'MISSED'} ({aim:.2f})"
    )


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*map(int, sys.argv[1:3]))
