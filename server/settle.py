"""What a long-running server does once, when it stands: so that the first calls wait no longer than the others."""

from __future__ import annotations

import gc
import resource

FILES = 65_536
"""Enough for 2,500 callers in menus and some thousand browsers; the system's 1,024 are not."""
YOUNG = 10_000
"""Objects made before Python looks for garbage among the youngest; its 700 are reached with every call."""


def settle() -> None:
    """Take all that was made at the start out of the garbage collector's rounds: a full round over it holds up
    everything for a tenth of a second. And hold as many connections as the system lets us.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES if most == resource.RLIM_INFINITY else min(most, FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
