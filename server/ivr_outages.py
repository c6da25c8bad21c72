"""Outages for callers: is there one at my address, and is my report part of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import structlog

from core.clock import Clock
from core.errors import Refused
from customers.messages import Customer
from ivr_flows.messages import Caller, ServiceRefused, Value
from server.ivr_lines import Lines
from server.ivr_services import Service
from server.ivr_tickets import CallerTickets, Opening, keys_of
from ticketing.outages.service import CATEGORY, WORKFLOW, Outages

log = structlog.get_logger(__name__)
Short = Annotated[str, msgspec.Meta(max_length=64)]
ATTACH = ("attach_to_outage",)
SUBJECT = "Part of an outage 停供事件相关报修"


class At(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of the caller's own record, or that of an account. An outage is public; the address is not told."""

    customer_id: Short = ""
    account: Short = ""


class Attaching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outage: Short
    account: Short = ""
    recording: Annotated[str, msgspec.Meta(max_length=100)] = ""


_NOTHING: dict[str, Value] = dict.fromkeys(("outage", "text_en", "text_zh", "until", "until_date"), "")


class CallerOutages:
    """The handlers."""

    def __init__(
        self, outages: Outages, tickets: CallerTickets, lines: Lines, zone: ZoneInfo, clock: Clock
    ) -> None:
        self._outages = outages
        self._tickets = tickets
        self._lines = lines
        self._zone = zone
        self._clock = clock

    def table(self) -> dict[str, Service]:
        """The services of outages."""
        return {"outage.at": Service(At, self.at), "ticket.attach": Service(Attaching, self.attach)}

    async def at(self, asked: At, caller: Caller) -> dict[str, Value]:
        """The outage at an address, in both languages; when supply should be back, where that is still to come."""
        customer = await self._customer(asked, caller)
        address = customer.address if customer else None
        now = self._clock.now()
        found = await self._outages.at(address.district, address.text, now) if address else None
        if found is None:
            known = address is not None and bool(address.district or address.text)
            return {"found": False, "address": known, **_NOTHING}
        until = found.until_at if found.until_at is not None and found.until_at > now else None
        local = None if until is None else datetime.fromtimestamp(until, self._zone)
        return {
            "found": True,
            "address": True,
            "outage": found.number,
            "text_en": found.text_en,
            "text_zh": found.text_zh,
            "until": f"{local:%H:%M}" if local else "",
            "until_date": f"{local:%Y-%m-%d}" if local else "",
        }

    async def attach(self, asked: Attaching, caller: Caller) -> dict[str, Value]:
        """Take the caller's report down and make it part of the outage. Where the workflow does not let it become that,
        or the outage has ended while the caller spoke, the report stays open: nobody's fault is lost."""
        outage = await self._outages.of_number(asked.outage, self._clock.now())
        opening = Opening(
            WORKFLOW, SUBJECT, category=CATEGORY, account=asked.account, recording=asked.recording
        )
        ticket = await self._tickets.opened(opening, caller)
        if outage is None:
            log.info("ivr.outage_over", ticket=ticket.number, outage=asked.outage)
            return {"number": ticket.number, "digits": keys_of(ticket.number)}
        try:
            ticket = await self._tickets.fire(ticket, ATTACH, {"outage": outage.number}, caller)
        except (Refused, ServiceRefused) as refusal:
            log.warning("ivr.not_attached", ticket=ticket.number, outage=outage.number, code=refusal.code)
        return {"number": ticket.number, "digits": keys_of(ticket.number)}

    async def _customer(self, asked: At, caller: Caller) -> Customer | None:
        if asked.account:
            return await self._lines.customer_of_account(asked.account.strip())
        own = await self._lines.certain(caller)
        return next((one for one in own if one.id == asked.customer_id), None)
