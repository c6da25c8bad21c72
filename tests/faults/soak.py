"""How long the fault tests last: short in the usual run, long with RINGDESK_SOAK=1 (`make soak`)."""

from __future__ import annotations

import os

SOAK = bool(os.environ.get("RINGDESK_SOAK"))


def times(usual: int, soak: int) -> int:
    """The count for this run."""
    return soak if SOAK else usual


def resident_bytes() -> int:
    """Memory of this process that is in use, in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
