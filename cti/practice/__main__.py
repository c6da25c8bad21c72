"""`python -m cti.practice --port 5038 --seed 7 --speed 1`: a practice PBX to connect to, until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from cti.practice.demo import LivelyPbx
from cti.practice.pbx import SECRET, USERNAME


async def serve(port: int, seed: int, speed: float) -> None:
    """Run until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with LivelyPbx(port, seed=seed, speed=speed) as pbx:
        sys.stdout.write(f"practice PBX: AMI on {pbx.host}:{pbx.port}, user {USERNAME}, secret {SECRET}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m cti.practice", description=__doc__)
    parser.add_argument("--port", type=int, default=5038, help="TCP port on 127.0.0.1; 0 chooses one")
    parser.add_argument("--seed", type=int, default=7, help="another seed, other calls")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times as fast as life")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.seed, options.speed))


if __name__ == "__main__":
    main()
