"""From what happened to what browsers are told: the telephone's and ticketing's events become entries of the log.

The live picture kept here changes in the same step as the log, so that a snapshot and its `seq` always belong
together. Queues change several times with every call and go to everyone: their entries are held back for
`QUEUE_PAUSE` seconds, so that a busy hour costs a fixed number of frames.
"""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import to_builtins

from core.bus import Bus
from core.clock import Clock, iso
from core.identity.roles import Permission
from cti import messages as cti
from cti.views import agent_view, call_view, pbx_view, queue_view
from screenpop.hub import Hub
from screenpop.session import SNAPSHOT_PARTS, Audience, Viewer, reduce

QUEUE_PAUSE = 0.2

CALL_EVENTS: tuple[type[Any], ...] = (
    cti.CallStarted,
    cti.CallChanged,
    cti.CallOffered,
    cti.OfferWithdrawn,
    cti.CallAnswered,
    cti.SegmentEnded,
    cti.CallEnded,
)
_Kept = dict[str, tuple[dict[str, Any], Audience]]


class LivePicture:
    """All live calls, agents, queues and PBXs as last told, each with whom it is for."""

    def __init__(self, hub: Hub, clock: Clock) -> None:
        self._hub = hub
        self._clock = clock
        self._kept: dict[str, _Kept] = {"calls": {}, "agents": {}, "queues": {}, "pbxs": {}}
        self._queues_due: dict[str, dict[str, Any]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def subscribe(self, bus: Bus) -> None:
        """Follow the telephone side."""
        for kind in CALL_EVENTS:
            bus.subscribe(kind, lambda event: self.call(event.call))
        bus.subscribe(cti.AgentChanged, lambda event: self.agent(event.agent))
        bus.subscribe(cti.AgentRemoved, lambda event: self.agent_removed(event.user))
        bus.subscribe(cti.QueueChanged, lambda event: self.queue(event.queue))
        bus.subscribe(cti.QueueRemoved, lambda event: self.queue_removed(event.key))
        bus.subscribe(cti.PbxChanged, lambda event: self.pbx(event.pbx))

    def call(self, call: cti.Call) -> None:
        agents = frozenset(segment.agent for segment in call.segments if segment.agent)
        self._tell("call", to_builtins(call_view(call)), Audience(agents, Permission.CALLS_ALL))

    def agent(self, agent: cti.Agent) -> None:
        self._tell("agent", to_builtins(agent_view(agent)), _of_agent(agent.user))

    def agent_removed(self, user: str) -> None:
        self._tell("agent", {"user": user, "removed": True}, _of_agent(user))

    def queue(self, queue: cti.Queue) -> None:
        self._queue_later(queue.key, to_builtins(queue_view(queue)))

    def queue_removed(self, key: str) -> None:
        self._queue_later(key, {"key": key, "removed": True})

    def pbx(self, pbx: cti.Pbx) -> None:
        self._tell("pbx", to_builtins(pbx_view(pbx)), Audience(permission=Permission.DESK_USE))

    def snapshot(self, viewer: Viewer) -> dict[str, Any]:
        """Calls, agents, queues and PBXs that `viewer` may see, as of the log's present `seq`."""
        return {
            part: [data for data, audience in kept.values() if audience.admits(viewer)]
            for part, kept in self._kept.items()
        }

    def flush(self) -> None:
        """Tell the queue changes that were held back."""
        self._timer = None
        due, self._queues_due = self._queues_due, {}
        for data in due.values():
            self._tell("queue", data, Audience(permission=Permission.QUEUES_SEE))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _queue_later(self, key: str, data: dict[str, Any]) -> None:
        self._queues_due[key] = data
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(QUEUE_PAUSE, self.flush)

    def _tell(self, kind: str, data: dict[str, Any], audience: Audience) -> None:
        part, key = SNAPSHOT_PARTS[kind]
        kept = self._kept[part]
        if reduce({part: []}, {"type": kind, "data": data})[part]:
            kept[data[key]] = (data, audience)
        elif kept.pop(data[key], None) is None and kind != "call":
            return
        self._hub.publish(kind, {"data": data}, audience, iso(self._clock.now()))


def _of_agent(user: str) -> Audience:
    return Audience(frozenset({user}), Permission.AGENTS_ALL)
