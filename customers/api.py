"""Customers over HTTP: parse, execute, answer. Permissions are `customers.see` and `customers.edit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.clock import iso
from core.errors import Invalid
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Page, Route
from customers.messages import (
    Address,
    Candidate,
    Customer,
    CustomerPatch,
    NewCustomer,
    NewPhone,
    TimelineEntry,
)
from customers.numbers import written
from customers.service import Customers


class CustomersQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """`phone` asks who may be calling from a number, `q` searches; one of them, or none for everyone."""

    phone: Annotated[str, Meta(max_length=256)] | UnsetType = UNSET
    q: Annotated[str, Meta(max_length=200)] = ""


class PatchBody(CustomerPatch, frozen=True, forbid_unknown_fields=True):
    """`version` is the version that the change was made from; another one by now is refused."""

    version: int | None = None


class NoteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(max_length=4000)]


class PhoneView(msgspec.Struct, frozen=True):
    """`shown` is the number as people of the region write it."""

    e164: str
    shown: str
    label: str
    shared: bool


class CustomerView(msgspec.Struct, frozen=True):
    """A customer as JSON. `certainty` and `shared` are there where a number was looked up."""

    id: str
    name: str
    grade: str
    vip: bool
    account: str
    language: str
    address: Address | None
    phones: list[PhoneView]
    email: str
    note: str
    created_at: str
    updated_at: str
    version: int
    certainty: str | UnsetType = UNSET
    shared: bool | UnsetType = UNSET


class CustomersView(msgspec.Struct, frozen=True):
    """A page of customers; with `phone`, the candidates best first and what was matched."""

    items: list[CustomerView]
    next: str | None = None
    match: str | UnsetType = UNSET
    number: str | UnsetType | None = UNSET
    """The number asked for in E.164, null where it is none."""
    shown: str | UnsetType = UNSET


class TimelineView(msgspec.Struct, frozen=True):
    at: str
    kind: str
    title: str
    text: str
    ref: str
    state: str
    menu: str


def customer_view(customer: Customer, region: str, candidate: Candidate | None = None) -> CustomerView:
    """The customer as the API and the pages' scripts get it."""
    return CustomerView(
        id=customer.id,
        name=customer.name,
        grade=customer.grade.value,
        vip=customer.vip,
        account=customer.account,
        language=customer.language,
        address=customer.address,
        phones=[
            PhoneView(phone.e164, written(phone.e164, region), phone.label, phone.shared)
            for phone in customer.phones
        ],
        email=customer.email,
        note=customer.note,
        created_at=iso(customer.created_at),
        updated_at=iso(customer.updated_at),
        version=customer.version,
        certainty=candidate.certainty.value if candidate else UNSET,
        shared=candidate.shared if candidate else UNSET,
    )


def timeline_view(entry: TimelineEntry) -> TimelineView:
    """An entry of a time line as JSON."""
    return TimelineView(
        iso(entry.at), entry.kind, entry.title, entry.text, entry.ref, entry.state, entry.menu
    )


class CustomersApi:
    """The handlers, on one customers room."""

    def __init__(self, customers: Customers) -> None:
        self._room = customers

    def _view(self, customer: Customer) -> CustomerView:
        return customer_view(customer, self._room.region)

    async def list(self, ask: Ask[Any, CustomersQuery]) -> CustomersView:
        """Everyone, those who match a text, or those who may be calling from a number."""
        if not isinstance(ask.query.phone, UnsetType):
            if ask.query.q:
                raise Invalid("Ask by `phone` or by `q`, not by both.", field="q")
            return await self._by_phone(ask.query.phone)
        items, after = await self._room.search(ask.query.q, ask.query.limit, ask.query.after)
        return CustomersView([self._view(customer) for customer in items], after)

    async def _by_phone(self, phone: str) -> CustomersView:
        found = await self._room.lookup(phone)
        items = [customer_view(one.customer, self._room.region, one) for one in found.candidates]
        return CustomersView(items, None, found.match.value, found.e164, found.shown)

    async def create(self, ask: Ask[NewCustomer, Any]) -> CustomerView:
        """Add a customer."""
        return self._view(await self._room.create(ask.user.name, ask.body, ask.at))

    async def get(self, ask: Ask[Any, Any]) -> CustomerView:
        """One customer."""
        return self._view(await self._room.get(ask.path["id"]))

    async def change(self, ask: Ask[PatchBody, Any]) -> CustomerView:
        """Change what is given."""
        return self._view(
            await self._room.change(ask.user.name, ask.path["id"], ask.body, ask.body.version, ask.at)
        )

    async def timeline(self, ask: Ask[Any, ListQuery]) -> Page[TimelineView]:
        """Calls, tickets and notes, newest first."""
        entries, after = await self._room.timeline(ask.path["id"], ask.query.limit, ask.query.after, ask.user)
        return Page([timeline_view(entry) for entry in entries], after)

    async def attach(self, ask: Ask[NewPhone, Any]) -> CustomerView:
        """Learn one more number."""
        return self._view(await self._room.attach(ask.user.name, ask.path["id"], ask.body, ask.at))

    async def note(self, ask: Ask[NoteBody, Any]) -> TimelineView:
        """Write a note."""
        return timeline_view(await self._room.add_note(ask.user.name, ask.path["id"], ask.body.text, ask.at))


def routes(customers: Customers) -> Sequence[Route]:
    """The paths of this room."""
    api, see, edit = CustomersApi(customers), Permission.CUSTOMERS_SEE, Permission.CUSTOMERS_EDIT
    base = "/api/v1/customers"
    one = base + "/{id}"
    return (
        Route("GET", base, api.list, see, "Find customers", query=CustomersQuery, reply=CustomersView),
        Route("POST", base, api.create, edit, "Add a customer", NewCustomer, reply=CustomerView, status=201),
        Route("GET", one, api.get, see, "A customer", reply=CustomerView),
        Route("PATCH", one, api.change, edit, "Change a customer", PatchBody, reply=CustomerView),
        Route(
            "GET",
            one + "/timeline",
            api.timeline,
            see,
            "What happened with a customer",
            query=ListQuery,
            reply=Page[TimelineView],
        ),
        Route("POST", one + "/phones", api.attach, edit, "Attach a number", NewPhone, reply=CustomerView),
        Route(
            "POST", one + "/notes", api.note, edit, "Write a note", NoteBody, reply=TimelineView, status=201
        ),
    )
