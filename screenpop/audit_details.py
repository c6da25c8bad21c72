"""The details of a row of the audit trail as people read them. Pure: from what was written to labels and values.

A value says how it is shown: as a moment, a person, a number, a word of a group. What only programs need (versions, ids
of what the row is about) is left out; a name that nobody has named yet stands as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from screenpop.words import N_


class Value(msgspec.Struct, frozen=True):
    """One value. `shown`: empty, as it is; moment, person, phone, event, state, clock; or a group of words."""

    what: Any
    shown: str = ""


class Said(msgspec.Struct, frozen=True):
    """One detail; `before` is what it was, where it was something. The label is a text of the catalogue."""

    label: str
    values: tuple[Value, ...]
    before: tuple[Value, ...] = ()


LABELS: Mapping[str, tuple[str, str]] = {
    # sign-in and users
    "role": (N_("Role"), "role"),
    "interface": (N_("Phone"), ""),
    "active": (N_("Enabled"), "yes"),
    "theme": (N_("Colours"), "theme"),
    "sessions": (N_("Sessions ended"), ""),
    "tokens": (N_("Tokens"), ""),
    # agents and calls
    "queues": (N_("Queues"), "queue"),
    "queue": (N_("Queue"), "queue"),
    "to": (N_("Number"), "phone"),
    "kind": (N_("How"), "transfer_kind"),
    "channels": (N_("Lines"), ""),
    "call": (N_("Call"), ""),
    "agent": (N_("Agent"), "person"),
    "reason": (N_("Reason"), "refusal"),
    # records
    "name": (N_("Name"), ""),
    "grade": (N_("Grade"), ""),
    "vip": (N_("VIP"), "yes"),
    "account": (N_("Account"), ""),
    "language": (N_("Language"), "language"),
    "address": (N_("Address"), ""),
    "phones": (N_("Numbers"), "phone"),
    "numbers": (N_("Numbers"), "phone"),
    "number": (N_("Number"), "phone"),
    "email": (N_("E-mail"), ""),
    "note": (N_("Note"), ""),
    "text": (N_("Text"), ""),
    "created": (N_("New customers"), ""),
    "accounts": (N_("Accounts"), ""),
    "customer_id": (N_("Customer"), ""),
    "balance": (N_("Balance"), "hundredths"),
    "bill": (N_("Last bill"), "hundredths"),
    "currency": (N_("Currency"), ""),
    "due": (N_("Due"), ""),
    "period": (N_("Period"), ""),
    "source": (N_("Called from"), "phone"),
    "tries_left": (N_("Tries left"), ""),
    # tickets, outages, departments
    "event": (N_("Step"), "event"),
    "state": (N_("State"), "state"),
    "clock": (N_("Time limit"), "clock"),
    "step": (N_("Used up"), ""),
    "districts": (N_("Districts"), ""),
    "places": (N_("Parts of addresses"), ""),
    "text_en": (N_("English"), ""),
    "text_zh": (N_("Chinese"), ""),
    "starts_at": (N_("Began"), "moment"),
    "until_at": (N_("Supply back"), "moment"),
    "label_en": (N_("English"), ""),
    "label_zh": (N_("Chinese"), ""),
    "head": (N_("Head"), "person"),
    "user": (N_("User"), "person"),
    "from": (N_("From"), "moment"),
    "until": (N_("Until"), "moment"),
    "stand_in": (N_("Stand-in"), "person"),
    # what is deleted by age
    "count": (N_("How many"), ""),
    "locked": (N_("Accounts locked"), ""),
    "minutes": (N_("Within minutes"), ""),
    "days": (N_("Kept for days"), ""),
}
SESSION_LABELS: Mapping[str, tuple[str, str]] = {"address": (N_("From address"), "")}
LEFT_OUT = frozenset({"version", "session", "paused", "absence", "id", "created_at", "updated_at", "ticket"})
COUNTED = frozenset({"created"})
"""Long lists of ids, of which the number is enough."""
GROUPS: Mapping[tuple[str, str], str] = {
    ("callback", "state"): "callback",
    ("callback", "reason"): "callback_reason",
    ("agent", "reason"): "pause",
    ("recording", "kind"): "recording_kind",
}
"""The words of a detail that depend on what the action is about."""


def told(action: str, details: Mapping[str, Any]) -> list[Said]:
    """The details of a row, in their order."""
    about = action.partition(".")[0]
    if set(details) <= {"before", "after"} and details:
        return list(_changes(about, details.get("before") or {}, details.get("after") or {}))
    found = []
    for name, value in details.items():
        if name in LEFT_OUT or _nothing(value) or (action, name) == ("customer.note", "note"):
            continue
        label, shown = _named(about, name)
        if action == "account.put" and isinstance(value, list):  # what it was, and what it is
            found.append(Said(label, _values(value[-1], shown), _values(value[0], shown)))
        else:
            found.append(Said(label, _values(len(value) if name in COUNTED else value, shown)))
    return found


def _changes(about: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Said]:
    for name, value in after.items():
        was = before.get(name)
        if name not in LEFT_OUT and not (_nothing(value) and _nothing(was)):
            label, shown = _named(about, name)
            yield Said(label, _values(value, shown), _values(was, shown))


def _named(about: str, name: str) -> tuple[str, str]:
    own = SESSION_LABELS if about == "session" else {}
    label, shown = own.get(name) or LABELS.get(name, (name, ""))
    return label, GROUPS.get((about, name), shown)


def _nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _values(value: Any, shown: str) -> tuple[Value, ...]:
    if _nothing(value):
        return ()
    if isinstance(value, list | tuple):
        return tuple(one for item in value for one in _values(item, shown))
    if isinstance(value, Mapping):  # a number with what is known of it, an address with its meter
        leaves = [value["e164"]] if "e164" in value else value.values()
        return tuple(Value(one, shown) for one in leaves if not _nothing(one))
    return (Value(value, shown),)
