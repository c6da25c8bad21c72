"""What can be done with customers. Each command is one transaction with its audit row; events go out after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from core.bus import Bus
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.identity.users import User
from core.ids import new_id
from customers import matching, notes, records, store, timeline
from customers.messages import (
    Customer,
    CustomerChanged,
    CustomerCreated,
    CustomerPatch,
    Lookup,
    NewCustomer,
    NewPhone,
    TimelineEntry,
)
from customers.numbers import Kind, normalise
from customers.sharing import share
from customers.text import clean, fold
from customers.timeline import TimelineSource


class Customers:
    """The customers room. `region` (ISO 3166, two letters) is where numbers without a country code belong."""

    def __init__(
        self, db: Database, bus: Bus, region: str = "CN", sources: Sequence[TimelineSource] = ()
    ) -> None:
        self.db = db
        self.region = region
        self._bus = bus
        self._sources = list(sources)

    def add_source(self, source: TimelineSource) -> None:
        """Have `source` add its entries to time lines."""
        self._sources.append(source)

    def shown(self, number_text: str) -> str:
        """How people of the default region write this number; empty for one that the line has withheld."""
        number = normalise(number_text, self.region)
        return "" if number.kind is Kind.ANONYMOUS else number.shown

    async def lookup(self, number_text: str, region: str | None = None) -> Lookup:
        """Who may be calling from this number, as the line wrote it; one statement on three indexes."""
        number = normalise(number_text, region or self.region)
        async with self.db.read() as tx:
            found = await store.find(tx, number)
        return matching.rank(number, found)

    async def get(self, id: str) -> Customer:
        """One customer. Raises `NotFound`."""
        async with self.db.read() as tx:
            return await _present(tx, id)

    async def names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of these customers, by id; who is no more is left out, and so is an empty id."""
        wanted = sorted({id for id in ids if id})
        if not wanted:
            return {}
        async with self.db.read() as tx:
            return await store.names(tx, wanted)

    async def is_vip(self, tx: AsyncConnection, id: str) -> bool:
        """Whether this is an important customer; False where there is none. Asked within somebody's transaction."""
        found = await store.get(tx, id)
        return found is not None and found.vip

    async def of_account(self, account: str) -> Customer | None:
        """Whose account this is; None where it is nobody's."""
        if not account.isprintable():
            return None
        async with self.db.read() as tx:
            found = await store.by_accounts(tx, [account])
        return found[0] if found else None

    async def search(
        self, text: str = "", limit: int = 50, after: str = ""
    ) -> tuple[list[Customer], str | None]:
        """Customers by name that hold every word of `text` (or a number like it), and the next `after`."""
        async with self.db.read() as tx:
            found = await store.search(tx, fold(clean(text, 200)), limit + 1, clean(after, 80))
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    async def create(self, actor: str, new: NewCustomer, at: float) -> Customer:
        """Add a customer. Raises `Invalid`, or `Conflict` (`account_taken`) where the account is another's."""
        customer = records.new_record(new_id(at), new, self.region, at)
        async with self.db.begin() as tx:
            await self._check_account(tx, customer)
            await _unless_taken(customer, store.insert(tx, [customer]))
            others = await share(tx, actor, {customer.id}, _lines(customer), at)
            customer = await _present(tx, customer.id)
            details = {"after": msgspec.to_builtins(customer)}
            await audit.record(tx, at, actor, "customer.create", f"customer:{customer.id}", details)
        self._bus.publish(CustomerCreated(customer))
        self._tell_of(others)
        return customer

    async def change(
        self, actor: str, id: str, patch: CustomerPatch, version: int | None, at: float
    ) -> Customer:
        """Change what `patch` sets; the record as it is where that changes nothing.

        Raises `NotFound`, `Invalid`, and `Conflict`: `stale_version` where `version` is not the present one
        (None accepts any), `account_taken` where the account is another's.
        """
        return await self._edit(
            actor,
            ("customer.change", id, version),
            lambda before: records.patched(before, patch, self.region, at),
            at,
        )

    async def attach_number(self, actor: str, id: str, number: str, label: str, at: float) -> Customer:
        """`attach` of a number as a line or a person wrote it: how a pop learns a caller's number."""
        return await self.attach(actor, id, NewPhone(number=number, label=label), at)

    async def attach(self, actor: str, id: str, new: NewPhone, at: float) -> Customer:
        """Learn that this number is the customer's too; nothing happens where that is known.

        A second owner makes it a shared line, for both. Raises `NotFound`, and `Invalid` for what is no number.
        """
        phone = records.phone(new, self.region)
        return await self._edit(
            actor,
            ("customer.attach_number", id, None),
            lambda before: records.with_phone(before, phone, at),
            at,
        )

    async def add_note(self, actor: str, id: str, text: str, at: float) -> TimelineEntry:
        """Write a note into the customer's time line. Raises `NotFound`, and `Invalid` for an empty one."""
        kept = clean(text, 4000, lines=True)
        if not kept:
            raise Invalid("A note needs a text.", field="text")
        entry = TimelineEntry(at, "note", actor, kept, new_id(at))
        async with self.db.begin() as tx:
            await _present(tx, id)
            await notes.add(tx, entry.ref, id, entry)
            await audit.record(
                tx, at, actor, "customer.note", f"customer:{id}", {"note": entry.ref, "text": kept}
            )
        return entry

    async def timeline(
        self, id: str, limit: int = 50, after: str = "", viewer: User | None = None
    ) -> tuple[list[TimelineEntry], str | None]:
        """What happened with the customer as far as the viewer may see it, newest first, and the next `after`. Raises
        `NotFound`, `Invalid`."""
        place = timeline.cursor(after)
        before = place[0] if place else None
        async with self.db.read() as tx:
            customer = await _present(tx, id)
            found = await notes.of_customer(tx, id, before, limit + 1)
        found += await self._of_sources(customer, before, limit + 1, viewer)
        found.append(TimelineEntry(customer.created_at, "created", "", ref=customer.id))
        return timeline.page(found, place, limit)

    async def contacts(self, customer: Customer, limit: int) -> list[TimelineEntry]:
        """The customer's last calls, tickets and notes, newest first, for who holds the record already."""
        async with self.db.read() as tx:
            found = await notes.of_customer(tx, customer.id, None, limit)
        found += await self._of_sources(customer, None, limit)
        return timeline.page(found, None, limit)[0]

    async def _of_sources(
        self, customer: Customer, before: float | None, limit: int, viewer: User | None = None
    ) -> list[TimelineEntry]:
        found = [await source.entries(customer, before, limit, viewer) for source in self._sources]
        return [entry for entries in found for entry in entries]

    async def _edit(
        self, actor: str, what: tuple[str, str, int | None], edit: Callable[[Customer], Customer], at: float
    ) -> Customer:
        action, id, version = what
        async with self.db.begin() as tx:
            before = await _present(tx, id, lock=True)
            _check_version(before, version)
            after = edit(before)
            if after is before:
                return before
            await self._check_account(tx, after)
            await _unless_taken(after, store.update(tx, [after]))
            others = await share(tx, actor, {id}, _lines(after), at)
            after = await _present(tx, id)
            await audit.record(tx, at, actor, action, f"customer:{id}", records.changes(before, after))
        self._bus.publish(CustomerChanged(after))
        self._tell_of(others)
        return after

    async def _check_account(self, tx: AsyncConnection, customer: Customer) -> None:
        if not customer.account:
            return
        for owner in await store.by_accounts(tx, [customer.account]):
            if owner.id != customer.id:
                raise _account_taken(customer, id=owner.id, name=owner.name)

    def _tell_of(self, changed: Sequence[Customer]) -> None:
        for customer in changed:
            self._bus.publish(CustomerChanged(customer))


async def _present(tx: AsyncConnection, id: str, *, lock: bool = False) -> Customer:
    # No id of ours has control characters, and PostgreSQL cannot even be asked for a NUL.
    read = store.locked if lock else store.get
    customer = await read(tx, id) if id.isprintable() else None
    if customer is None:
        raise NotFound("There is no such customer.")
    return customer


def _check_version(customer: Customer, version: int | None) -> None:
    if version is not None and version != customer.version:
        raise Conflict(
            "The customer was changed meanwhile; look at the present record and try again.",
            code="stale_version",
            version=customer.version,
        )


def _account_taken(customer: Customer, **owner: str) -> Conflict:
    return Conflict(
        f"Account {customer.account} belongs to another customer.",
        code="account_taken",
        field="account",
        **owner,
    )


async def _unless_taken(customer: Customer, writing: Awaitable[None]) -> None:
    # The check before it loses a race of two commands; the unique index does not.
    try:
        await writing
    except sa.exc.IntegrityError as error:
        raise _account_taken(customer) from error


def _lines(customer: Customer) -> list[str]:
    return [phone.e164 for phone in customer.phones]
