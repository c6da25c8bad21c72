"""The list of customers, and one customer with all that happened."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from core.errors import Invalid
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Route
from screenpop.pages.base import Pages
from screenpop.pages.pins import PinPages
from screenpop.pages.problems import of_refusal
from screenpop.pages.records import Records
from ticketing.messages import TicketFilter

CONTACTS = 30


class CustomersQuery(ListQuery, frozen=True):
    q: Annotated[str, msgspec.Meta(max_length=200)] = ""


class TimelineQuery(ListQuery, frozen=True):
    """`without`: a call that is left out with all it did, since it stands beside it already."""

    without: Annotated[str, msgspec.Meta(max_length=128)] = ""


class NoteForm(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=4000)] = ""


class CustomerPages:
    """The handlers."""

    def __init__(self, pages: Pages, records: Records) -> None:
        self._pages = pages
        self._records = records
        self._pins = PinPages(pages)

    async def list(self, ask: Ask[Any, CustomersQuery]) -> web.StreamResponse:
        """All customers by name, or those that match; for htmx the rows alone."""
        text = ask.query.q.strip()
        found, after = await self._pages.customers.search(text, ask.query.limit, ask.query.after)
        more = f"/customers?q={quote(text)}&after={quote(after)}" if after else None
        context = {"customers": found, "q": text, "more": more}
        if "HX-Request" in ask.request.headers:
            return self._pages.fragment(ask, "parts/customer_rows.html", **context)
        return self._pages.page(ask, "customers.html", "/customers", **context)

    async def show(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One customer as a page."""
        return self._pages.page(ask, "customer.html", "/customers", **await self._one(ask))

    async def piece(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One customer for the middle of the desk."""
        return self._pages.fragment(ask, "parts/customer.html", **await self._one(ask))

    async def timeline(self, ask: Ask[Any, TimelineQuery]) -> web.StreamResponse:
        """The time line, or its next page."""
        shown = await self._timeline(ask, ask.query.after, ask.query.without)
        return self._pages.fragment(ask, "parts/timeline.html", **shown)

    async def note(self, ask: Ask[NoteForm, Any]) -> web.StreamResponse:
        """Write a note; answers with the time line that has it."""
        try:
            await self._pages.customers.add_note(ask.user.name, ask.path["id"], ask.body.text, ask.at)
        except Invalid as refusal:
            gettext = self._pages.renderer.gettext(self._pages.language_of(ask))
            return self._pages.fragment(
                ask, "parts/noted.html", wrong=of_refusal(refusal, gettext), **await self._timeline(ask)
            )
        return self._pages.fragment(ask, "parts/noted.html", wrong="", **await self._timeline(ask))

    async def _timeline(self, ask: Ask[Any, Any], after: str = "", without: str = "") -> dict[str, Any]:
        id = ask.path["id"]
        entries, next_ = await self._pages.customers.timeline(id, CONTACTS, after, ask.user)
        rest = urlencode({"after": next_, "without": without})
        more = f"/desk/customers/{quote(id)}/timeline?{rest}" if next_ else None
        return {"entries": [one for one in entries if not without or one.ref != without], "more": more}

    async def _one(self, ask: Ask[Any, Any]) -> dict[str, Any]:
        customer = await self._pages.customers.get(ask.path["id"])
        language = self._pages.language_of(ask)
        wanted = TicketFilter(customer_id=customer.id, open=True)
        tickets = await self._pages.tickets.list(wanted, 20, viewer=await self._pages.viewer_of(ask))
        rows = await self._records.ticket_rows(tickets, language)
        may_see = ask.user.can(Permission.ACCOUNTS_SEE)
        return {
            "customer": customer,
            "accounts": await self._pages.billing.of_customer(customer.id) if may_see else (),
            "tickets": rows,
            "may_write": ask.user.can(Permission.CUSTOMERS_EDIT),
            **await self._pins.context(ask, customer),
            **await self._timeline(ask),
        }


def routes(pages: Pages, records: Records) -> list[Route]:
    """The paths of customers."""
    own, see, edit = CustomerPages(pages, records), Permission.CUSTOMERS_SEE, Permission.CUSTOMERS_EDIT
    piece = "/desk/customers/{id}"
    return [
        Route("GET", "/customers", own.list, see, "List of customers", query=CustomersQuery, page=True),
        Route("GET", "/customers/{id}", own.show, see, "A customer", page=True),
        Route("GET", piece, own.piece, see, "A customer, for the desk", page=True),
        Route("GET", piece + "/timeline", own.timeline, see, "Its time line", query=TimelineQuery, page=True),
        Route("POST", piece + "/notes", own.note, edit, "Write a note", body=NoteForm, page=True),
    ]
