"""`python -m bench [NAME…]`: all benchmarks, or those that are named, one after the other in bounded time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from bench import agents, agi, ami_parse, clocks, live_calls, pop_latency, transitions

ALL: dict[str, Callable[[], None]] = {
    "ami_parse": ami_parse.main,
    "live_calls": live_calls.main,
    "pop_latency": pop_latency.main,
    "agents": agents.main,
    "agi": agi.main,
    "transitions": transitions.main,
    "clocks": clocks.main,
}


def main(names: list[str]) -> None:
    unknown = [name for name in names if name not in ALL]
    if unknown:
        raise SystemExit(f"no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}")
    for name in names or ALL:
        began = time.monotonic()
        ALL[name]()
        print(f"[{name}: {time.monotonic() - began:.0f} s]\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
