"""What can be done with call-backs: ask for one, cancel it, look at them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from core.bus import Bus
from core.clock import Clock
from core.errors import Conflict, NotFound
from core.ids import new_id
from ivr_flows.callbacks import rule as rules
from ivr_flows.callbacks.model import Callback, CallbackChanged, Gate, State
from ivr_flows.callbacks.rule import Rule
from ivr_flows.callbacks.store import CallbackStore


class Request(msgspec.Struct, frozen=True):
    """Somebody wants to be called back. `number` is E.164; `since` is when their waiting began (epoch seconds);
    `priority` is that which they would have on the line."""

    number: str
    pbx: str
    queue: str
    since: float
    asked_by: str = ""
    customer_id: str = ""
    asked_call: str = ""
    priority: int = 0


class Answered(msgspec.Struct, frozen=True):
    """`reason`: taken, already_open, not_allowed (the dial policy) or off (not in this queue). `position` counts from
    1 in the order of waiting; 0 where it was not taken."""

    ok: bool
    reason: str
    position: int = 0
    callback: Callback | None = None


class Callbacks:
    """Call-backs of one installation. `queues` are those that take some; empty: all."""

    def __init__(  # noqa: PLR0913, PLR0917  # what it stands on, and two settings
        self,
        store: CallbackStore,
        bus: Bus,
        clock: Clock,
        gate: Gate,
        rule: Rule,
        enabled: bool = True,
        queues: tuple[str, ...] = (),
        ids: Callable[[float], str] = new_id,
    ) -> None:
        self.store = store
        self.rule = rule
        self.gate = gate
        self._bus = bus
        self._clock = clock
        self._enabled = enabled
        self._queues = queues
        self._ids = ids

    @property
    def enabled(self) -> bool:
        return self._enabled

    async def request(self, wanted: Request, actor: str = "ivr") -> Answered:
        """Take a request down, once for each number and each caller."""
        if not self._enabled or (self._queues and wanted.queue not in self._queues):
            return Answered(False, "off")
        if self.gate.barred(wanted.number, wanted.pbx):
            return Answered(False, "not_allowed")
        now = self._clock.now()
        callback = Callback(
            id=self._ids(now),
            number=wanted.number,
            pbx=wanted.pbx,
            queue=wanted.queue,
            state=State.WAITING,
            requested_at=now,
            since=min(wanted.since, now),
            next_at=self.rule.hours_at(now),
            priority=wanted.priority,
            asked_by=wanted.asked_by,
            customer_id=wanted.customer_id,
            asked_call=wanted.asked_call,
        )
        if not await self.store.add(callback, actor):
            return Answered(False, "already_open")
        self._bus.publish(CallbackChanged(callback))
        return Answered(True, "taken", await self.store.ahead(callback) + 1, callback)

    async def ask_about(self, ticket: str, wanted: Request, delay: float) -> Answered:
        """Have the customer rung up after `delay` seconds and asked about a ticket, once for each ticket."""
        if self.gate.barred(wanted.number, wanted.pbx):
            return Answered(False, "not_allowed")
        if await self.store.of_ticket(ticket) is not None:
            return Answered(False, "already_open")
        now = self._clock.now()
        planned = self.rule.hours_at(now + delay)
        callback = Callback(
            id=self._ids(now),
            number=wanted.number,
            pbx=wanted.pbx,
            queue="",
            state=State.WAITING,
            requested_at=now,
            since=planned,
            next_at=planned,
            customer_id=wanted.customer_id,
            ticket=ticket,
        )
        if not await self.store.add(callback, "system"):
            return Answered(False, "already_open")
        self._bus.publish(CallbackChanged(callback))
        return Answered(True, "taken", 0, callback)

    async def cancel(self, id: str, actor: str) -> Callback:
        """Close one that nobody dials at the moment. Raises `NotFound`, and `Conflict` (`dialling`, `closed`)."""
        callback = await self.get(id)
        if callback.state is State.DIALLING:
            raise Conflict("The caller is being dialled at this moment.", code="dialling")
        if not callback.open:
            raise Conflict("This call-back is closed already.", code="closed")
        now = self._clock.now()
        after = rules.closed(callback, State.CANCELLED, "cancelled", now, actor)
        kept = await self.store.replace(callback, after, now, actor)
        if kept is None:
            raise Conflict("Somebody else has changed it meanwhile.", code="stale_version")
        self._bus.publish(CallbackChanged(kept))
        return kept

    async def get(self, id: str) -> Callback:
        """One call-back; raises `NotFound`."""
        found = await self.store.get(id) if id.isprintable() else None
        if found is None:
            raise NotFound("There is no such call-back.")
        return found
