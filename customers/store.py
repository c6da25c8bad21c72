"""Customers in the database: statements and rows, no rules. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import trips
from core.trips import Query
from customers.matching import MOST_CANDIDATES
from customers.messages import Address, Customer, Grade, Phone
from customers.numbers import LOCAL_DIGITS, TAIL, Kind, Number, split, tail, variants
from customers.records import name_key, search_key
from customers.tables import customer_phones as p
from customers.tables import customers as c

_PHONE_COLUMNS = (p.c.e164, p.c.label, p.c.shared)
_WITH_PHONES = (
    sa.select(c, *_PHONE_COLUMNS)
    .select_from(c.outerjoin(p, p.c.customer_id == c.c.id))
    .order_by(c.c.name_key, c.c.id, p.c.position)
)


def _owners(*conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[str]]:
    # The limit stands inside: a switchboard's number may belong to thousands. One more than can be shown.
    inner = sa.select(p.c.customer_id).where(*conditions).limit(MOST_CANDIDATES + 1).subquery()
    return sa.select(inner.c.customer_id)


_FOUND = Query(
    _WITH_PHONES.where(
        c.c.id.in_(
            sa.union(
                _owners(p.c.e164 == sa.bindparam("e164")),
                _owners(p.c.national.in_(sa.bindparam("nationals", expanding=True))),
                _owners(p.c.tail >= sa.bindparam("tail_from"), p.c.tail < sa.bindparam("tail_to")),
            )
        )
    )
)
"""One statement on three indexes. A tail is stored back to front, so that a shorter one is a range of it."""


async def find(tx: AsyncConnection, number: Number) -> list[Customer]:
    """All that `number` may mean, exact or not, bounded; ranking is `matching.rank`."""
    if number.kind is not Kind.NUMBER:
        return []
    backwards = tail(number.digits)[::-1]
    wanted = {
        "e164": number.e164 or "",
        "nationals": list(variants(number)),
        "tail_from": backwards,
        "tail_to": _behind(backwards) if len(backwards) >= LOCAL_DIGITS else backwards,
    }
    return _grouped(await trips.named(tx, _FOUND, wanted))


async def get(tx: AsyncConnection, id: str) -> Customer | None:
    """One customer with its numbers."""
    found = await by_ids(tx, [id])
    return found[0] if found else None


async def by_ids(tx: AsyncConnection, ids: Sequence[str]) -> list[Customer]:
    """These customers, by name."""
    return _grouped((await tx.execute(_WITH_PHONES.where(c.c.id.in_(ids)))).mappings())


async def names(tx: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    """The names of these customers, by id."""
    found = await tx.execute(sa.select(c.c.id, c.c.name).where(c.c.id.in_(ids)))
    return {row.id: row.name for row in found}


async def by_accounts(tx: AsyncConnection, accounts: Sequence[str]) -> list[Customer]:
    """Whose accounts these are."""
    return _grouped((await tx.execute(_WITH_PHONES.where(c.c.account.in_(accounts)))).mappings())


async def by_numbers_and_names(
    tx: AsyncConnection, e164s: Sequence[str], name_keys: Sequence[str]
) -> list[Customer]:
    """Who has one of these numbers and one of these (folded) names."""
    owners = sa.select(p.c.customer_id).where(p.c.e164.in_(e164s))
    query = _WITH_PHONES.where(c.c.id.in_(owners), c.c.name_key.in_(name_keys))
    return _grouped((await tx.execute(query)).mappings())


async def owners(tx: AsyncConnection, e164s: Sequence[str]) -> list[Customer]:
    """Everyone who has exactly one of these numbers or more."""
    ids = sa.select(p.c.customer_id).where(p.c.e164.in_(e164s))
    return _grouped((await tx.execute(_WITH_PHONES.where(c.c.id.in_(ids)))).mappings())


async def search(tx: AsyncConnection, text: str, limit: int, after: str) -> list[Customer]:
    """Customers by name whose record holds every word of `text`, or whose number begins or ends with it.

    `after` is the id of the last one seen. `text` is folded; empty means everyone.
    """
    query = sa.select(c.c.id).order_by(c.c.name_key, c.c.id).limit(limit)
    if text:
        words = sa.and_(*(c.c.search_key.contains(word, autoescape=True) for word in text.split()))
        by_number = _number_like(text)
        query = query.where(words if by_number is None else sa.or_(words, c.c.id.in_(by_number)))
    if after:
        seen = sa.select(c.c.name_key).where(c.c.id == after).scalar_subquery()
        query = query.where(sa.or_(c.c.name_key > seen, sa.and_(c.c.name_key == seen, c.c.id > after)))
    # The page is cut before the numbers are joined, or a customer with many would eat it up.
    return await by_ids(tx, (await tx.execute(query)).scalars().all())


def _number_like(text: str) -> sa.Select[tuple[str]] | None:
    digits = tail(text, 20)
    if len(digits) < 4 or any(char.isalpha() for char in text):
        return None
    national = digits.lstrip("0") or digits
    backwards = digits[::-1][:TAIL]
    return sa.select(p.c.customer_id).where(
        sa.or_(
            sa.and_(p.c.national >= national, p.c.national < _behind(national)),
            sa.and_(p.c.tail >= backwards, p.c.tail < _behind(backwards)),
            p.c.e164 == f"+{digits}",
        )
    )


def _behind(digits: str) -> str:
    # The first string behind all that begin with these digits; digits and a letter, whose order every
    # database locale agrees on (punctuation is sorted differently by each).
    stem = digits.rstrip("9")
    return stem[:-1] + str(int(stem[-1]) + 1) if stem else "a"


async def insert(tx: AsyncConnection, customers: Sequence[Customer]) -> None:
    """Add these. Raises `IntegrityError` where an account is taken."""
    if customers:
        await tx.execute(sa.insert(c), [_row(customer) for customer in customers])
        await _insert_phones(tx, customers)


async def update(tx: AsyncConnection, customers: Sequence[Customer]) -> None:
    """Write these over what is there (their caller has read them in this transaction)."""
    if customers:
        rows = [{"b_id": customer.id, **_row(customer)} for customer in customers]
        for row in rows:
            del row["id"]
        await tx.execute(sa.update(c).where(c.c.id == sa.bindparam("b_id")), rows)
        await tx.execute(sa.delete(p).where(p.c.customer_id.in_([one.id for one in customers])))
        await _insert_phones(tx, customers)


async def locked(tx: AsyncConnection, id: str) -> Customer | None:
    """One customer, held until the transaction ends.

    SQLite has one writer at a time and needs no lock; SQLAlchemy leaves the clause out there.
    """
    await tx.execute(sa.select(c.c.id).where(c.c.id == id).with_for_update())
    return await get(tx, id)


async def mark_shared(tx: AsyncConnection, e164s: Sequence[str]) -> set[str]:
    """Mark these numbers as shared wherever they have several owners; whose record that changed."""
    together = sa.select(p.c.e164).where(p.c.e164.in_(e164s)).group_by(p.c.e164).having(sa.func.count() > 1)
    numbers = (await tx.execute(together)).scalars().all()
    if not numbers:
        return set()
    unmarked = sa.and_(p.c.e164.in_(numbers), p.c.shared.is_(sa.false()))
    changed = set((await tx.execute(sa.select(p.c.customer_id).where(unmarked))).scalars())
    await tx.execute(sa.update(p).where(unmarked).values(shared=True))
    return changed


async def next_version(tx: AsyncConnection, ids: Iterable[str], at: float) -> None:
    """Count one more change of each of these customers."""
    await tx.execute(
        sa.update(c).where(c.c.id.in_(sorted(ids))).values(version=c.c.version + 1, updated_at=at)
    )


async def _insert_phones(tx: AsyncConnection, customers: Sequence[Customer]) -> None:
    rows = [
        _phone_row(customer.id, position, phone)
        for customer in customers
        for position, phone in enumerate(customer.phones)
    ]
    if rows:
        await tx.execute(sa.insert(p), rows)


def _phone_row(customer_id: str, position: int, phone: Phone) -> dict[str, Any]:
    national = split(phone.e164)[1]
    return {
        "customer_id": customer_id,
        "e164": phone.e164,
        "position": position,
        "label": phone.label,
        "shared": phone.shared,
        "national": national,
        "tail": tail(national)[::-1],
    }


def _row(customer: Customer) -> dict[str, Any]:
    address = customer.address or Address("")
    return {
        "id": customer.id,
        "name": customer.name,
        "grade": customer.grade.value,
        "vip": customer.vip,
        "account": customer.account or None,
        "language": customer.language,
        "address": None if customer.address is None else address.text,
        "meter": address.meter,
        "district": address.district,
        "email": customer.email,
        "note": customer.note,
        "name_key": name_key(customer),
        "search_key": search_key(customer),
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
        "version": customer.version,
    }


def _grouped(rows: Iterable[Mapping[Any, Any]]) -> list[Customer]:
    records: dict[str, Mapping[Any, Any]] = {}
    phones: dict[str, list[Phone]] = {}
    for row in rows:
        records.setdefault(row["id"], row)
        owned = phones.setdefault(row["id"], [])
        if row["e164"] is not None:
            owned.append(Phone(row["e164"], row["label"], bool(row["shared"])))
    return [_customer(row, tuple(phones[id])) for id, row in records.items()]


def _customer(row: Mapping[Any, Any], phones: tuple[Phone, ...]) -> Customer:
    address = row["address"]
    return Customer(
        id=row["id"],
        name=row["name"],
        grade=Grade(row["grade"]),
        vip=bool(row["vip"]),
        account=row["account"] or "",
        language=row["language"],
        address=None if address is None else Address(address, row["meter"], row["district"]),
        phones=phones,
        email=row["email"],
        note=row["note"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
