"""Customers are rung up once their ticket may be rated, where the settings say so."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from config.settings import PbxSettings, SurveySettings
from core.bus import Bus
from core.clock import Clock
from core.errors import NotFound
from core.tasks import Tasks, Worker
from customers.service import Customers
from ivr_flows.callbacks.service import Callbacks, Request
from ticketing.messages import Ticket, TicketChanged
from ticketing.messages import caller as actor_of_call
from ticketing.service import Tickets

log = structlog.get_logger(__name__)
RATE, RATED = "rate", "satisfaction"


class TicketSurveys:
    """Follows tickets. The definition says when one may be rated; nobody is rung about one that has a score."""

    def __init__(  # noqa: PLR0913, PLR0917  # the rooms that it brings together
        self,
        settings: SurveySettings,
        pbxs: tuple[PbxSettings, ...],
        tickets: Tickets,
        customers: Customers,
        callbacks: Callbacks,
        key: Callable[[str, str], str],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._pbx = next((pbx.name for pbx in pbxs if pbx.trunks), "")
        self._tickets = tickets
        self._customers = customers
        self._callbacks = callbacks
        self._key = key
        self._clock = clock
        self.worker: Worker[Ticket] = Worker("surveys after tickets", self.consider, limit=1000)

    def start(self, bus: Bus, tasks: Tasks) -> None:
        """Follow tickets from now on, where the settings want it."""
        if self._settings.after_ticket and self._pbx:
            bus.subscribe(TicketChanged, self._changed)
            self.worker.start(tasks)

    def _changed(self, event: TicketChanged) -> None:
        self.worker.offer(event.ticket)

    async def consider(self, ticket: Ticket) -> None:
        """Have the customer asked, where the ticket may be rated now and was not."""
        if ticket.fields.get(RATED) is not None:
            return
        now = self._clock.now()
        allowed = await self._tickets.allowed(ticket, actor_of_call(""), now)
        if RATE not in {event.name for event in allowed}:
            return
        number = await self._number(ticket)
        if not number:
            return
        wanted = Request(number, self._pbx, "", now, customer_id=ticket.customer_id or "")
        done = await self._callbacks.ask_about(ticket.number, wanted, self._settings.delay_minutes * 60)
        log.info("survey.planned" if done.ok else "survey.not_planned", ticket=ticket.number, why=done.reason)

    async def _number(self, ticket: Ticket) -> str:
        """The number to call back on, else the customer's first line that is not shared with others."""
        said = str(ticket.fields.get("contact_phone", ""))
        if said:
            return self._key(said, self._pbx)
        if ticket.customer_id is None:
            return ""
        try:
            customer = await self._customers.get(ticket.customer_id)
        except NotFound:
            return ""
        return next((phone.e164 for phone in customer.phones if not phone.shared), "")
