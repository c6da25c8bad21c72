"""Notes of every offer to whom it was shown, or why to nobody: what nobody can read off the telephone's own events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from core.bus import Bus
from core.clock import Clock
from cti import messages as cti
from screenpop.hub import Hub
from screenpop.pops import pop_id
from screenpop.session import Audience


class Notes(Protocol):
    """Where the notes go: a journal. Must neither wait nor raise."""

    def note(self, at: float, what: str, call: str = "", user: str = "", **more: str) -> None: ...


class Witness:
    """Watches the hub and the offers; decides nothing.

    Notes: `pop` and `pop.withdrawn` with the number of browsers that were told, `no_pop` with its reason (internal,
    no_user), `browsers` with how many a user has open whenever that changes.
    """

    def __init__(self, hub: Hub, notes: Notes, clock: Clock) -> None:
        self._hub = hub
        self._notes = notes
        self._clock = clock

    def subscribe(self, bus: Bus) -> None:
        bus.subscribe(cti.CallOffered, lambda event: self.offered(event.call, event.segment))
        self._hub.on_published = self.published
        self._hub.on_presence = self.presence

    def offered(self, call: cti.Call, segment: cti.Segment) -> None:
        """An offer that no card is made for."""
        if call.direction is cti.Direction.INTERNAL:
            self._no_pop(call, segment, "internal")
        elif segment.agent is None:
            self._no_pop(call, segment, "no_user")

    def published(self, kind: str, body: Mapping[str, Any], audience: Audience, browsers: int) -> None:
        """Something was queued for so many browsers."""
        if kind not in ("pop", "pop.withdrawn"):
            return
        data = body["data"]
        more = {"browsers": str(browsers), "pop": data["pop_id"]}
        more |= {key: str(data[key]) for key in ("stage", "match", "reason") if key in data}
        if data.get("loading"):
            more["loading"] = "yes"
        for user in audience.users:
            self._notes.note(self._clock.now(), kind, data["call_id"], user, **more)

    def presence(self, user: str, browsers: int) -> None:
        """The user has so many live sockets now."""
        self._notes.note(self._clock.now(), "browsers", user=user, browsers=str(browsers))

    def _no_pop(self, call: cti.Call, segment: cti.Segment, why: str) -> None:
        more = {"why": why, "pop": pop_id(segment), "interface": segment.interface}
        self._notes.note(self._clock.now(), "no_pop", call.id, segment.agent or "", **more)
