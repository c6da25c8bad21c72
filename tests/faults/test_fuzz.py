"""Recorded traffic, damaged in every way: whatever comes, framing, typing and board never raise and stay small.

The usual run takes 50,000 frames, `make soak` a million.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from cti.frames import Framer
from cti.parse import WANTED, parse
from cti.seen import Picture
from tests.faults.soak import resident_bytes, times
from tests.unit.cti.board_help import T0, TRACES, staffed_board

FRAMES = times(50_000, 1_000_000)
RESYNC = 10_000
"""Frames between two resyncs: what a damaged hang-up left behind goes there."""
MEGABYTES = 48
"""How much the process may grow while it reads the last nine tenths."""
PIECES = (1, 7, 64, 1448, 65536)


def frames() -> list[bytes]:
    found: list[bytes] = []
    for path in sorted(TRACES.glob("*.ami")):
        found += [
            block + b"\r\n\r\n"
            for block in path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").split(b"\r\n\r\n")
        ]
    return found


def damaged(frame: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The frame after one accident."""
    at = rng.randrange(len(frame))
    match rng.randrange(10):
        case 0:
            return frame[:at] + bytes([rng.randrange(256)]) + frame[at + 1 :]
        case 1:
            return frame[:at]
        case 2:
            return frame[at:]
        case 3:
            return frame[:at] + rng.randbytes(rng.randrange(1, 40)) + frame[at:]
        case 4:
            return frame + frame
        case 5:
            return frame[:at] + rng.choice(others)
        case 6:
            lines = frame.split(b"\r\n")
            rng.shuffle(lines)
            return b"\r\n".join(lines)
        case 7:
            return frame.replace(b": ", b":" * rng.randrange(3), 1)
        case 8:
            return b"X" * rng.choice((300, 70_000)) + b": y\r\n" + frame if rng.random() < 0.02 else frame
        case _:
            return frame


def pieces(rng: random.Random, count: int) -> Iterator[bytes]:
    """The damaged traffic, cut where no message ends."""
    whole, held = frames(), bytearray()
    for _ in range(count):
        held += damaged(rng.choice(whole), whole, rng)
        size = rng.choice(PIECES)
        if len(held) >= size:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def test_damaged_traffic_raises_nothing_and_memory_stays_flat() -> None:
    rng, framer, board = random.Random(20260131), Framer(WANTED), staffed_board()
    read = typed = refused = 0
    early = 0
    framer.feed(b"Asterisk Call Manager/11.0.0\r\n")
    for piece in pieces(rng, FRAMES):
        framer.doubt = False  # as a connection does once Asterisk has answered: damage looks like forgery
        for message in framer.feed(piece):
            read += 1
            event = parse(message)
            if event is None:
                refused += 1
            else:
                typed += 1
                board.apply(event, T0 + read)
            if read % RESYNC == 0:
                board.resync(Picture("1", taken_at=T0 + read), {}, T0 + read)
                assert board.snapshot().calls == ()
            if not early and read > FRAMES // 20:
                early = resident_bytes()
    board.resync(Picture("1", taken_at=T0 + read), {}, T0 + read + 1)
    state = board._state
    assert (state.legs, state.calls, state.by_linkedid, state.by_tag, state.bridges) == ({},) * 5
    assert typed > read / 3
    assert framer.forged
    assert refused
    grown = resident_bytes() - early
    assert grown < MEGABYTES << 20
    print(
        f"{FRAMES} frames: {read} messages, {typed} typed, {refused} refused, grown {grown / 2**20:.1f} MiB"
    )
