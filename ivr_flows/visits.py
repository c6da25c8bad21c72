"""Who is in which flow now, what they left there, and what went wrong: in memory at once, in the database soon."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog
from msgspec.structs import replace

from core.bus import Bus
from core.clock import Clock
from core.saver import Saver
from core.tasks import Tasks
from ivr_flows.messages import Ended, Visit, VisitChanged
from ivr_flows.troubles import MOST_ABOUT, Trouble
from ivr_flows.visit_store import VisitStore

log = structlog.get_logger(__name__)
KEPT = 20_000
"""Calls whose visits are in memory: those of a day, so that a pop needs no question to the database."""
KEPT_OF_CALL = 20
"""Visits of one call in memory, the last ones. A call has two or three; who says of thousands that they are the same
call's must not have them all shown at each step."""
READ_BACK = 12 * 3600.0
"""How far a start reads back: no call is longer."""
TROUBLES = 50


class Visits:
    """The visits of this server. `now` gives the id of the call that a call is part of now; `pbxs` are those whose
    callers come to this server and to no other one, all where there is none."""

    def __init__(
        self,
        bus: Bus,
        store: VisitStore,
        clock: Clock,
        now: Callable[[str], str] = lambda call_id: call_id,
        pbxs: Collection[str] = (),
    ) -> None:
        self._pbxs = frozenset(pbxs)
        self._bus = bus
        self._now = now
        self._clock = clock
        self.store = store
        self.saver: Saver[Visit] = Saver(store, "visits")
        self._live: dict[str, Visit] = {}
        self._by_call: OrderedDict[str, dict[str, Visit]] = OrderedDict()
        self.troubles: deque[Trouble] = deque(maxlen=TROUBLES)
        """The last, the newest at the end."""
        self.ended: Counter[str] = Counter()
        """How many ended how since the start."""

    async def start(self, tasks: Tasks) -> None:
        """Take up what was written before a restart. Who was in a flow then is no more: the line broke with the server,
        and the dialplan took the caller to the queue."""
        self.saver.start(tasks)
        since = self._clock.now() - READ_BACK
        await self.store.break_off(
            [_broken_off(visit) for visit in await self.store.unended(self._pbxs, since)]
        )
        for visit in await self.store.since(since, KEPT, self._pbxs):
            self._remember(visit)

    def put(self, visit: Visit) -> None:
        """A visit began, went on, or ended. Never waits. Its driver knows the call by the id that it had at first."""
        if (call_id := self._now(visit.call_id)) != visit.call_id:
            visit = replace(visit, call_id=call_id)
        if visit.ended is None:
            self._live[visit.id] = visit
        else:
            self._live.pop(visit.id, None)
            self.ended[visit.ended.value] += 1
        self._remember(visit)
        self.saver.offer(visit)
        self._bus.publish(VisitChanged(visit))

    def joined(self, gone: str, call_id: str) -> None:
        """A call turned out to be part of another: its visits are that one's, those that still go on too."""
        for visit in self._by_call.pop(gone, {}).values():
            self._move(replace(visit, call_id=call_id))

    def _move(self, visit: Visit) -> None:
        self._remember(visit)
        own = self._by_call[visit.call_id]
        self._by_call[visit.call_id] = {v.id: v for v in sorted(own.values(), key=lambda v: v.started_at)}
        if visit.id in self._live:
            self._live[visit.id] = visit
        self.saver.offer(visit)
        self._bus.publish(VisitChanged(visit))

    def trouble(self, visit: Visit, kind: str, about: str = "") -> str:
        """Note what went wrong, for the flow's page and the log, and return it in English; see `troubles`."""
        short = about[:MOST_ABOUT]
        one = Trouble(self._clock.now(), visit.flow, visit.node, visit.call_id, kind, short)
        self.troubles.append(one)
        log.warning("flow.trouble", flow=visit.flow, node=visit.node, call=visit.call_id, what=one.what)
        return one.what

    def of_call(self, call_id: str) -> tuple[Visit, ...]:
        """The call's visits in order, where they are of today: one before an agent has it, perhaps one after."""
        return tuple(self._by_call.get(self._now(call_id), {}).values())

    async def of_calls(self, call_ids: Sequence[str]) -> dict[str, tuple[Visit, ...]]:
        """The visits of each of these calls, whenever they were."""
        known = {one: self.of_call(one) for one in call_ids if self._now(one) in self._by_call}
        return {**await self.store.of_calls(one for one in call_ids if one not in known), **known}

    def live(self) -> list[Visit]:
        """Who is in a flow now."""
        return list(self._live.values())

    def in_nodes(self) -> Mapping[str, int]:
        """How many callers are in each node (`flow/node`) now."""
        return Counter(visit.node for visit in self._live.values())

    def _remember(self, visit: Visit) -> None:
        own = self._by_call.setdefault(visit.call_id, {})
        own[visit.id] = visit
        if len(own) > KEPT_OF_CALL:
            del own[next(iter(own))]
        self._by_call.move_to_end(visit.call_id)
        if len(self._by_call) > KEPT:
            self._by_call.popitem(last=False)


def _broken_off(visit: Visit) -> Visit:
    """The visit ended where it was last heard of."""
    at = visit.started_at + (visit.entered[-1] if visit.entered else 0.0)
    return replace(visit, ended=Ended.FAILED, ended_at=at, detail="the server was stopped")
