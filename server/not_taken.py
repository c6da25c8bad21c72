"""Tells the integrator of callers whom a flow has sent on in vain: the number, or the queue, did not take them."""

from __future__ import annotations

from collections import OrderedDict

from core.bus import Bus
from cti.messages import CallChanged, CallState
from ivr_flows import troubles
from ivr_flows.messages import PLACE, Ended, Target, Visit
from ivr_flows.visits import Visits

REMEMBERED = 1000
"""Visits that have been told of: each is told of once, however often its call changes while it waits."""


class NotTaken:
    """Sees it by the queue that such a caller waits in, which is another than the flow has said."""

    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._told: OrderedDict[str, None] = OrderedDict()

    def subscribe(self, bus: Bus) -> None:
        bus.subscribe(CallChanged, self._changed)

    def _changed(self, event: CallChanged) -> None:
        call = event.call
        if call.state is not CallState.QUEUED or call.queue is None or call.answered_at is not None:
            return
        visits = self._visits.of_call(call.id)
        if not visits or visits[-1].id in self._told or not sent_elsewhere(visits[-1], call.queue):
            return
        self._told[visits[-1].id] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        self._visits.trouble(visits[-1], troubles.NOT_TAKEN, call.queue)


def sent_elsewhere(visit: Visit, queue: str) -> bool:
    """Whether who waits in that queue was sent to a number or to another queue. Pure. An agent who is not there in time
    is nothing wrong, and stands on the call."""
    kind, _, to = visit.detail.partition(":")
    if visit.ended is not Ended.TRANSFERRED or not PLACE.fullmatch(to):
        return False
    return kind == Target.NUMBER.value or (kind == Target.QUEUE.value and to != queue)
