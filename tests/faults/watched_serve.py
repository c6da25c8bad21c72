"""`ringdesk serve` as it is, whose loop is watched from the moment in which it serves: `watched_serve.py FILE serve`.

At the end FILE has how late the loop was, and the most processor time that it spent between two looks at the clock:
on a machine with other work the first is the machine's doing too, the second is ours alone. Seconds, as JSON.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from server.cli import app
from server.commands import serve
from server.wiring import House

EVERY = 0.01


class Late(msgspec.Struct, frozen=True):
    """Seconds."""

    p99: float
    most: float
    work: float


async def watch(lags: list[float], work: list[float]) -> None:
    """Look at the clock every so often, for ever."""
    while True:
        due, spent = time.monotonic() + EVERY, time.thread_time()
        await asyncio.sleep(EVERY)
        lags.append(max(0.0, time.monotonic() - due))
        work.append(time.thread_time() - spent)


def main() -> None:
    file, real = Path(sys.argv.pop(1)), serve.serve_until_stopped

    async def watched(house: House, ready: Callable[[str], None]) -> None:
        lags, work = [0.0], [0.0]

        def serving(address: str) -> None:
            house.tasks.spawn(watch(lags, work), "watch of the loop")
            ready(address)

        await real(house, serving)
        file.write_bytes(msgspec.json.encode(Late(sorted(lags)[len(lags) * 99 // 100], max(lags), max(work))))

    serve.serve_until_stopped = watched
    app()


if __name__ == "__main__":
    main()
