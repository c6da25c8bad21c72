"""When a PBX was not seen, and why: the link was cut, the PBX restarted, or we were away ourselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import msgspec


class Cause(Enum):
    CUT = "cut"
    """The link was lost; the PBX went on."""
    RESTART = "restart"
    """The PBX was started anew: no call of before has outlived it."""
    SERVER = "server"
    """Ringdesk itself was away."""
    FLOWS = "flows"
    """Nobody served callers' flows: another program had the port. Of no PBX in particular."""


class Gap(msgspec.Struct, frozen=True):
    """What happened on the PBX between these times (epoch seconds) was not seen. `to_at` is None while it lasts."""

    pbx: str
    from_at: float
    to_at: float | None
    cause: Cause


class Seen(msgspec.Struct, frozen=True):
    """Until when a PBX was watched, and the text that tells its start from another one."""

    pbx: str
    startup: str
    at: float


class LinkLife:
    """One link's ups and downs, and what they mean. Pure: times are given."""

    def __init__(self, pbx: str, last: Seen | None = None) -> None:
        self.pbx = pbx
        self.startup = "" if last is None else last.startup
        self.down_at = None if last is None else last.at
        """Since when the PBX is not seen; None while it is."""
        self._ours = last is not None
        self._met = False

    def down(self, at: float) -> None:
        """The link is lost; told again while it stays so."""
        if self.down_at is None and self._met:
            self.down_at = at

    def pictured(self, startup: str, at: float) -> Gap | None:
        """The PBX has been asked for its state: the gap that ends with that."""
        began, before = self.down_at, self.startup
        ours, self._ours = self._ours, False
        self.startup, self.down_at, self._met = startup, None, True
        if began is None:
            return None
        cause = Cause.RESTART if startup != before else Cause.SERVER if ours else Cause.CUT
        return Gap(self.pbx, min(began, at), at, cause)

    def current(self) -> Gap | None:
        """The gap that lasts."""
        if self.down_at is None:
            return None
        return Gap(self.pbx, self.down_at, None, Cause.SERVER if self._ours else Cause.CUT)


def lost_at(gap: Gap | None, at: float) -> float:
    """When calls ended that the PBX no longer has. A restarted PBX let them go when the link was lost; of others it is
    only known that they are over now."""
    return gap.from_at if gap is not None and gap.cause is Cause.RESTART else at


def during(gaps: Iterable[Gap], since: float, until: float) -> list[Gap]:
    """Those that touch the interval: its figures are incomplete if there are any."""
    return [gap for gap in gaps if gap.from_at < until and (gap.to_at is None or gap.to_at > since)]
