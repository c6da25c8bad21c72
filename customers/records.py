"""A customer's record: what a command asks, checked and made into the record that is kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from core.errors import Invalid
from customers.messages import Address, Customer, CustomerPatch, NewCustomer, NewPhone, Phone
from customers.numbers import SHOWN_LIMIT, Kind, normalise
from customers.text import clean, fold

MOST_PHONES = 50
_TOO_MANY = f"At most {MOST_PHONES} numbers are kept for a customer."
_EMAIL = re.compile(r"[^@\s<>\"',;]+@[^@\s<>\"',;]+\.[^@\s<>\"',;.]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z]{2,4})?")


def new_record(id: str, new: NewCustomer, region: str, at: float) -> Customer:
    """The record that `new` asks for. Raises `Invalid` with the `field` that is wrong."""
    return _checked(
        Customer(
            id=id,
            name=new.name,
            grade=new.grade,
            vip=new.vip,
            account=new.account,
            language=new.language,
            address=new.address,
            phones=phones(new.phones, region),
            email=new.email,
            note=new.note,
            created_at=at,
            updated_at=at,
        )
    )


def patched(customer: Customer, patch: CustomerPatch, region: str, at: float) -> Customer:
    """The record after `patch`; the very same object where the patch changes nothing. Raises `Invalid`."""
    fields: dict[str, Any] = {
        name: value
        for name in CustomerPatch.__struct_fields__
        if (value := getattr(patch, name)) is not msgspec.UNSET
    }
    if "phones" in fields:
        fields["phones"] = phones(fields["phones"], region)
    return renewed(customer, _checked(msgspec.structs.replace(customer, **fields)), at)


def with_phone(customer: Customer, phone: Phone, at: float) -> Customer:
    """The record with one more number; the very same object where it has it. Raises `Invalid` when full."""
    if any(owned.e164 == phone.e164 for owned in customer.phones):
        return customer
    if len(customer.phones) >= MOST_PHONES:
        raise Invalid(_TOO_MANY, field="phones")
    return renewed(customer, msgspec.structs.replace(customer, phones=(*customer.phones, phone)), at)


def renewed(before: Customer, after: Customer, at: float) -> Customer:
    """`after` with the next version and `updated_at`; `before` itself where the two say the same."""
    if after == before:
        return before
    return msgspec.structs.replace(after, version=before.version + 1, updated_at=at)


def changes(before: Customer, after: Customer) -> dict[str, Any]:
    """The fields that differ, as `{"before": {...}, "after": {...}}` for the audit trail."""
    names = [
        name
        for name in before.__struct_fields__
        if name not in ("version", "updated_at") and getattr(before, name) != getattr(after, name)
    ]
    return {
        "before": {name: msgspec.to_builtins(getattr(before, name)) for name in names},
        "after": {name: msgspec.to_builtins(getattr(after, name)) for name in names},
    }


def phones(asked: Sequence[str | NewPhone], region: str) -> tuple[Phone, ...]:
    """The numbers in E.164, each once, in order. Raises `Invalid` naming the first that is none."""
    found: dict[str, Phone] = {}
    for one in asked:
        kept = phone(one if isinstance(one, NewPhone) else NewPhone(number=one), region)
        found.setdefault(kept.e164, kept)
    if len(found) > MOST_PHONES:
        raise Invalid(_TOO_MANY, field="phones")
    return tuple(found.values())


def phone(asked: NewPhone, region: str) -> Phone:
    """One number in E.164; an extension written behind it becomes its label where that is empty."""
    text = asked.number or asked.e164
    number = normalise(text, region)
    if number.e164 is None:
        shown = clean(text, SHOWN_LIMIT)
        raise Invalid(_what_is_wrong(number.kind, shown), field="phones", number=shown)
    label = clean(asked.label, 64) or (f"ext. {number.extension}" if number.extension else "")
    return Phone(number.e164, label, asked.shared)


def _what_is_wrong(kind: Kind, shown: str) -> str:
    if kind is Kind.ANONYMOUS:
        return f"“{shown}” is no number."
    if kind is Kind.EXTENSION:
        return f"“{shown}” is too short for a number: it may be an extension or a service code."
    if kind is Kind.NUMBER:
        return f"“{shown}” is not a whole number: is the area code or the country code missing?"
    return f"“{shown}” is not a telephone number."


def _checked(customer: Customer) -> Customer:
    name = clean(customer.name, 200)
    if not name:
        raise Invalid("A customer needs a name.", field="name")
    return msgspec.structs.replace(
        customer,
        name=name,
        account=clean(customer.account, 64),
        language=_language(clean(customer.language, 16)),
        address=_address(customer.address),
        email=_email(clean(customer.email, 254)),
        note=clean(customer.note, 4000, lines=True),
    )


def _language(text: str) -> str:
    if text and not _LANGUAGE.fullmatch(text):
        raise Invalid(f"“{text}” is no language: write en or zh_CN.", field="language")
    return text.replace("-", "_")


def _email(text: str) -> str:
    if text and not _EMAIL.fullmatch(text):
        raise Invalid(f"“{text}” is no e-mail address.", field="email")
    return text


def _address(address: Address | None) -> Address | None:
    if address is None:
        return None
    cleaned = Address(clean(address.text, 500), clean(address.meter, 64), clean(address.district, 128))
    return cleaned if cleaned != Address("") else None


def name_key(customer: Customer) -> str:
    """The name as lists sort it and as an import recognises it."""
    return fold(customer.name)[:200]


def search_key(customer: Customer) -> str:
    """Everything that a search by text looks through, folded."""
    address = customer.address or Address("")
    parts = (customer.name, customer.account, customer.email, address.text, address.meter, address.district)
    return "\n".join(fold(part) for part in parts if part)
