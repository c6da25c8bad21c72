"""Being called back instead of waiting, asked for in the phone menu."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec

from config.settings import PRIORITIES
from core.clock import Clock
from core.errors import NotFound
from cti.messages import Call
from customers.messages import Customer, Match
from customers.service import Customers
from ivr_flows.callbacks.service import Callbacks, Request
from ivr_flows.messages import Caller, Value
from server.ivr_lines import Lines
from server.ivr_services import Service

ID_END = 23
"""So much of a customer's id, from its random end, tells who asked: the column holds one character more."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`number` is one that the caller keyed in; their own where it is left out."""

    queue: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    number: Annotated[str, msgspec.Meta(max_length=40)] = ""
    priority: Annotated[int, msgspec.Meta(ge=PRIORITIES[0], le=PRIORITIES[1])] | None = None


class CustomerRanks:
    """With which priority customers are called back where nobody names one. `priorities` are by `vip` and grade."""

    def __init__(
        self, customers: Customers, priorities: Mapping[str, int], regions: Mapping[str, str]
    ) -> None:
        self._customers = customers
        self._priorities = priorities
        self._regions = regions

    def of(self, customer: Customer | None) -> int:
        """The customer's; of two reasons the higher one."""
        if customer is None:
            return 0
        reasons = (customer.grade.value, *(("vip",) if customer.vip else ()))
        return max(self._priorities.get(reason, 0) for reason in reasons)

    async def of_number(self, number: str, pbx: str, customer_id: str) -> int:
        """That of the customer, else of the one customer whose number (E.164) it is."""
        if customer_id:
            try:
                return self.of(await self._customers.get(customer_id))
            except NotFound:
                return 0
        found = await self._customers.lookup(number, self._regions.get(pbx))
        return self.of(found.candidates[0].customer if found.match is Match.ONE else None)


class CallerCallbacks:
    """The handler. `live` finds a call on the board."""

    def __init__(
        self,
        callbacks: Callbacks,
        ranks: CustomerRanks,
        lines: Lines,
        live: Callable[[str], Call | None],
        clock: Clock,
    ) -> None:
        self._callbacks = callbacks
        self._ranks = ranks
        self._lines = lines
        self._live = live
        self._clock = clock

    def table(self) -> dict[str, Service]:
        """The service of call-backs."""
        return {"callback.request": Service(Asked, self.request)}

    async def request(self, asked: Asked, caller: Caller) -> dict[str, Value]:
        """Take the request down; the time that the caller has spent in this call counts as waiting."""
        number = self._lines.key(asked.number, caller.pbx) if asked.number else self._lines.number(caller)
        if not number:
            return {"ok": False, "reason": "not_allowed", "position": 0}
        customer = await self._lines.only(caller)
        wanted = Request(
            number,
            caller.pbx,
            asked.queue,
            self._since(caller),
            asked_by=_who(customer, self._lines.number(caller), caller.session),
            customer_id=customer.id if customer and number == self._lines.number(caller) else "",
            asked_call=caller.call_id,
            priority=self._ranks.of(customer) if asked.priority is None else asked.priority,
        )
        answered = await self._callbacks.request(wanted)
        return {"ok": answered.ok, "reason": answered.reason, "position": answered.position}

    def _since(self, caller: Caller) -> float:
        call = self._live(caller.call_id) if caller.call_id else None
        # Who has talked with somebody has not waited all that time.
        waits = call is not None and call.answered_at is None
        return call.started_at if call is not None and waits else self._clock.now()


def _who(customer: Customer | None, line: str, session: str) -> str:
    """By what a caller has one open call-back: the customer, whichever of their lines it is; else the line. Whoever
    withholds it asks for one in a call, or one caller could have many people rung up.
    """
    if customer is not None:
        return f"={customer.id[-ID_END:]}"
    return line or f"~{session}"[: ID_END + 1]
