"""When the telephone side or the phone menu was not seen: figures of such a time are marked as incomplete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from core.clock import iso, iso_or_none

MOST = 100


class Unseen(msgspec.Struct, frozen=True):
    """From when to when (epoch seconds; None: it lasts) what happened was not seen, on which PBX (empty: on all).

    `cause`: cut (the link), restart (of the PBX), server (Ringdesk was away), flows (nobody served callers' flows).
    """

    pbx: str
    from_at: float
    to_at: float | None
    cause: str


Gaps = Callable[[float, float], Awaitable[Sequence[Unseen]]]
"""Those that touch the interval, the newest first, `MOST` at most."""


class UnseenView(msgspec.Struct, frozen=True, rename={"from_at": "from", "to_at": "to"}):
    """What happened between these times was not seen; `to` is null while it lasts, `pbx` empty where it is all of them.

    `cause`: cut (the link), restart (of the PBX), server (Ringdesk was away), flows (nobody served callers' flows).
    """

    pbx: str
    from_at: str
    to_at: str | None
    cause: str


def unseen_views(gaps: Sequence[Unseen]) -> tuple[UnseenView, ...]:
    return tuple(UnseenView(gap.pbx, iso(gap.from_at), iso_or_none(gap.to_at), gap.cause) for gap in gaps)
