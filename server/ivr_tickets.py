"""Tickets for callers in the phone menu: open one, hear of, urge and confirm one's own, all through the one door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from core.clock import Clock
from core.errors import NotFound
from ivr_flows.messages import Caller, ServiceRefused, Value
from server.ivr_keyed import keyed
from server.ivr_lines import Lines
from server.ivr_services import Service
from ticketing.errors import StaleVersion
from ticketing.messages import Actor, NewTicket, Ticket
from ticketing.messages import caller as actor_of_call
from ticketing.service import Tickets

Short = Annotated[str, msgspec.Meta(max_length=64)]
URGE, RATE = "urge", "rate"
SOLVED = ("satisfied", "close")
"""What a caller's "solved" is, by the first of these that the ticket's definition lets happen."""
UNSOLVED = {"dissatisfied": "reason", "ask_again": "question"}
"""What "not solved" is, and the field in which it asks why."""
SAID = "Said so in the phone menu. 来电人在语音菜单中反馈未解决。"
TRIES = 3
"""How often an event is tried again where somebody else changed the ticket in the same moment."""


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`recording` is the id of the caller's recorded words; `account` was keyed in, and proves nothing."""

    workflow: Short
    subject: Annotated[str, msgspec.Meta(max_length=2000)]
    body: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    category: Short = ""
    priority: Short = ""
    fields: dict[str, Any] = {}
    account: Short = ""
    recording: Annotated[str, msgspec.Meta(max_length=100)] = ""


class ByKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digits: Short


class ByNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Short


class Confirming(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Short
    solved: bool


def keys_of(number: str) -> str:
    """What a caller keys in for a ticket's number: its digits."""
    return "".join(c for c in number if c.isdigit())


class CallerTickets:
    """The handlers. `call_known` says whether a call may be named in a ticket already."""

    def __init__(
        self,
        tickets: Tickets,
        lines: Lines,
        call_known: Callable[[str], Awaitable[bool]],
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._tickets = tickets
        self._lines = lines
        self._call_known = call_known
        self._clock = clock
        self._zone = zone

    def table(self) -> dict[str, Service]:
        """The services of tickets."""
        return {
            "ticket.open": Service(Opening, self.open),
            "ticket.status": Service(ByKeys, self.status),
            "ticket.urge": Service(ByNumber, self.urge),
            "ticket.confirm": Service(Confirming, self.confirm),
        }

    async def open(self, asked: Opening, caller: Caller) -> dict[str, Value]:
        """Open a ticket in the caller's name."""
        ticket = await self.opened(asked, caller)
        return {
            "number": ticket.number,
            "digits": keys_of(ticket.number),
            "id": ticket.id,
            "state": ticket.state,
        }

    async def opened(self, asked: Opening, caller: Caller) -> Ticket:
        """The ticket that `ticket.open` opens. The customer is named in it where the line or a PIN says who it is; an
        account that was only keyed in is told to whoever handles it, as such."""
        workflow = self._tickets.workflow(asked.workflow).workflow
        takes = workflow.events[workflow.open.event]
        own = {"contact_phone": self._lines.number(caller), "recording": asked.recording}
        fields = {k: v for k, v in own.items() if v and k in (*takes.required, *takes.optional)}
        today = datetime.fromtimestamp(self._clock.now(), self._zone).date()
        customer_id = await self._customer_id(caller, asked.account)
        new = NewTicket(
            workflow=asked.workflow,
            subject=asked.subject[:200],
            body=_body(asked),
            customer_id=customer_id,
            call_id=caller.call_id if await self._call_known(caller.call_id) else None,
            channel="ivr",
            category=asked.category,
            priority=asked.priority or "normal",
            fields={**fields, **keyed(asked.fields, workflow.fields, today)},
        )
        return await self._tickets.open(actor_of_call(caller.call_id), new, self._clock.now())

    async def status(self, asked: ByKeys, caller: Caller) -> dict[str, Value]:
        """How a ticket stands, for whom it belongs to; everybody else hears that there is none."""
        found = await self._tickets.by_keys(asked.digits)
        own = [ticket for ticket in found if await self._owns(caller, ticket)]
        return await self._told(max(own, key=_meant), caller) if own else {"found": False}

    async def urge(self, asked: ByNumber, caller: Caller) -> dict[str, Value]:
        """Urge a ticket of the caller's own."""
        ticket = await self.own(asked.number, caller)
        done = await self.fire(ticket, (URGE,), {}, caller)
        return {"ok": True, "code": "", "times": done.counts.get(URGE, 0)}

    async def confirm(self, asked: Confirming, caller: Caller) -> dict[str, Value]:
        """Say that it is solved, or that it is not."""
        ticket = await self.own(asked.number, caller)
        if asked.solved:
            await self.fire(ticket, SOLVED, {}, caller)
        else:
            await self.fire(ticket, tuple(UNSOLVED), dict.fromkeys(UNSOLVED.values(), SAID), caller)
        return {"ok": True, "code": ""}

    async def own(self, number: str, caller: Caller) -> Ticket:
        """The caller's own ticket; raises `NotFound` for every other one alike."""
        ticket = await self._tickets.by_number(number)
        if ticket is None or not await self._owns(caller, ticket):
            raise NotFound("There is no such ticket.")
        return ticket

    async def fire(
        self, ticket: Ticket, events: tuple[str, ...], data: dict[str, Any], caller: Caller
    ) -> Ticket:
        """Have the first of `events` happen that the ticket lets this caller do, with what it asks of `data`.

        Raises `ServiceRefused` (`not_allowed_in_state`) where it lets none, and what the door raises.
        """
        actor = actor_of_call(caller.call_id)
        for left in reversed(range(TRIES)):
            event, fields = await self._possible(ticket, events, actor)
            given = {name: value for name, value in data.items() if name in fields}
            try:
                at = self._clock.now()
                return await self._tickets.fire(ticket.id, event, actor, given, ticket.version, at)
            except StaleVersion:
                if not left:
                    raise
                ticket = await self._tickets.get(ticket.id)
        raise AssertionError("unreachable")

    async def _possible(
        self, ticket: Ticket, events: tuple[str, ...], actor: Actor
    ) -> tuple[str, tuple[str, ...]]:
        allowed = {one.name for one in await self._tickets.allowed(ticket, actor, self._clock.now())}
        for event in events:
            if event in allowed:
                asked = (await self._tickets.definition_of(ticket)).events[event]
                return event, (*asked.required, *asked.optional)
        raise ServiceRefused("not_allowed_in_state")

    async def _told(self, ticket: Ticket, caller: Caller) -> dict[str, Value]:
        workflow = await self._tickets.definition_of(ticket)
        label = workflow.states[ticket.state].label
        actor = actor_of_call(caller.call_id)
        may = {one.name for one in await self._tickets.allowed(ticket, actor, self._clock.now())}
        return {
            "found": True,
            "number": ticket.number,
            "state": ticket.state,
            "label_en": label.en,
            "label_zh": label.zh,
            "may_urge": URGE in may,
            "may_confirm": bool(may & {*SOLVED, *UNSOLVED}),
            "may_rate": RATE in may,
        }

    async def _owns(self, caller: Caller, ticket: Ticket) -> bool:
        """By the number to call back on, by the line's customer, or by an account that was proved in this session."""
        if self._lines.same_number(caller, str(ticket.fields.get("contact_phone", ""))):
            return True
        if ticket.customer_id is None:
            return False
        if ticket.customer_id in {one.id for one in await self._lines.certain(caller)}:
            return True
        return ticket.customer_id in await self._lines.proved_customers(caller)

    async def _customer_id(self, caller: Caller, account: str) -> str | None:
        if account and (owner := await self._lines.proved_customer(caller, account)):
            return owner
        lined = await self._lines.certain(caller)
        if account:
            lined = [one for one in lined if one.account == account] or lined
        return lined[0].id if len(lined) == 1 else None


def _meant(ticket: Ticket) -> tuple[bool, float]:
    """Tickets of two kinds may have the same digits: an open one is meant, then the newest."""
    return ticket.closed_at is None, ticket.created_at


def _body(asked: Opening) -> str:
    keyed = f"户号 Account: {asked.account}" if asked.account else ""
    return "\n".join(part for part in (asked.body, keyed) if part)
