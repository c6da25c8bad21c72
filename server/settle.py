"""What a long-running server does once, when it stands: so that the first calls wait no longer than the others."""

from __future__ import annotations

import asyncio
import gc
import resource
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

FILES = 65_536
"""Enough for 2,500 callers in menus and some thousand browsers; the system's 1,024 are not."""
YOUNG = 10_000
"""Objects made before Python looks for garbage among the youngest; its 700 are reached with every call."""


OTHERS = 2_000
"""Files beside those of callers in menus: callers who have sent no header yet, browsers, the database, the journal."""


def settle(callers: int = 0) -> None:
    """Take all that was made at the start out of the garbage collector's rounds: a full round over it holds up
    everything for a tenth of a second. And hold as many connections as the system lets us; where that is too few for so
    many callers in menus, the log says so.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES if most == resource.RLIM_INFINITY else min(most, FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    if files < callers + OTHERS:
        log.warning(
            "files.few", allowed=files, wanted=callers + OTHERS, do="LimitNOFILE= of the service, ulimit -n"
        )
    gc.collect()
    gc.freeze()
    # The middle ones after five rounds and not after twenty, which took 37 ms in one go where many call.
    gc.set_threshold(YOUNG, 5, 80)


def turn_away_without_files(loop: asyncio.AbstractEventLoop, turn_away: Callable[[], None]) -> None:
    """Have `turn_away` called where a connection could not be taken for want of files. asyncio tries again a second
    later, ten times a try; its traceback for each would fill the disk, so the log hears of the 1st, 2nd, 4th, 8th …"""
    count = 0

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal count
        if "out of system resource" not in context["message"]:
            loop.default_exception_handler(context)
            return
        count += 1
        if count & (count - 1) == 0:
            log.error("files.none_left", count=count, error=str(context.get("exception", "")))
        turn_away()

    loop.set_exception_handler(handle)
