"""What an agent writes during a call, pure: the draft of a ticket, notes, and who the caller turned out to be.

Each agent has a piece of work of its own for each call, so that handing over never takes anything from anyone: the next
agent reads what those before wrote, and the first agent's is still there when a transfer is cancelled. Within one
agent's own pages the last writer wins, and is told what it replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from core.clock import iso, iso_or_none
from core.errors import Invalid

FIELDS_MOST = 120
NAME_CHARS = 120
DRAFT_CHARS = 16_000
NOTE_CHARS = 2_000
_NAME = re.compile(r"[\w./-]+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
Draft = dict[str, str | bool]
"""Field of the ticket form to what is in it; empty where nothing was typed. Hostile until escaped."""


class Work(msgspec.Struct, frozen=True):
    """One agent's work on one call. A `*_version` goes up with each change of that part, `version` with every one.

    `origin` is the agent whose draft this one was taken over from, `ticket_id` the ticket that the last draft became.
    """

    call_id: str
    user: str
    version: int = 0
    draft: Draft = {}
    draft_version: int = 0
    draft_at: float | None = None
    origin: str = ""
    note: str = ""
    note_version: int = 0
    note_at: float | None = None
    customer_id: str = ""
    customer_at: float | None = None
    ticket_id: str = ""
    updated_at: float = 0.0


class Replaced(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was there and is not any more: another page of the same agent had written it meanwhile."""

    draft: Draft | None = None
    note: str | None = None


class Saved(msgspec.Struct, frozen=True):
    work: Work
    replaced: Replaced


def with_draft(work: Work, draft: Mapping[str, str | bool], base: int, origin: str, at: float) -> Saved:
    """The work with another draft; `base` is the `draft_version` that the writer knew."""
    clean = cleaned(draft)
    lost = work.draft if base != work.draft_version and work.draft and work.draft != clean else None
    after = msgspec.structs.replace(
        work,
        version=work.version + 1,
        draft=clean,
        draft_version=work.draft_version + 1,
        draft_at=at,
        origin=origin if clean else "",
        updated_at=at,
    )
    return Saved(after, Replaced(draft=lost))


def with_note(work: Work, note: str, base: int, at: float) -> Saved:
    """The work with another note; `base` is the `note_version` that the writer knew."""
    clean = text(note).strip("\n")
    if len(clean) > NOTE_CHARS:
        raise Invalid(f"A note has {NOTE_CHARS} characters at most.", code="too_large", field="note")
    lost = work.note if base != work.note_version and work.note and work.note != clean else None
    after = msgspec.structs.replace(
        work,
        version=work.version + 1,
        note=clean,
        note_version=work.note_version + 1,
        note_at=at,
        updated_at=at,
    )
    return Saved(after, Replaced(note=lost))


def with_customer(work: Work, customer_id: str, at: float) -> Work:
    """The agent has found out who is calling."""
    return msgspec.structs.replace(
        work, version=work.version + 1, customer_id=customer_id, customer_at=at, updated_at=at
    )


def with_ticket(work: Work, ticket_id: str, at: float) -> Work:
    """The draft has become a ticket, and is no draft any more."""
    return msgspec.structs.replace(
        work,
        version=work.version + 1,
        draft={},
        draft_version=work.draft_version + 1,
        draft_at=at,
        origin="",
        ticket_id=ticket_id,
        updated_at=at,
    )


def chosen(works: Iterable[Work]) -> tuple[str, str]:
    """Who is calling, as last found out in this call, and by which agent; empty where nobody has."""
    found = [work for work in works if work.customer_id and work.customer_at is not None]
    last = max(found, key=lambda work: work.customer_at or 0.0, default=None)
    return ("", "") if last is None else (last.customer_id, last.user)


def behind(note: str, other: str) -> str:
    """Two notes of one agent as one, without saying twice what is in both."""
    if other in note:
        return note
    return other if note in other else f"{note}\n{other}"


def together(works: Iterable[Work], call_id: str) -> dict[str, Work]:
    """What agents wrote in one call under several ids, as each agent's one work on the call `call_id`.

    Notes stand one behind the other, that call's own first; of drafts and of who is calling, the last counts.
    """
    found: dict[str, Work] = {}
    for work in sorted(works, key=lambda work: (work.call_id != call_id, work.updated_at)):
        first = found.get(work.user)
        found[work.user] = (
            msgspec.structs.replace(work, call_id=call_id) if first is None else _both(first, work)
        )
    return found


def _both(one: Work, other: Work) -> Work:
    drafted = max(one, other, key=lambda work: work.draft_at or 0.0)
    found = max(one, other, key=lambda work: work.customer_at or 0.0)
    return msgspec.structs.replace(
        one,
        draft=drafted.draft,
        draft_at=drafted.draft_at,
        origin=drafted.origin,
        ticket_id=drafted.ticket_id or one.ticket_id or other.ticket_id,
        note=behind(one.note, other.note)[:NOTE_CHARS],
        note_at=max((at for at in (one.note_at, other.note_at) if at is not None), default=None),
        customer_id=found.customer_id,
        customer_at=found.customer_at,
        updated_at=max(one.updated_at, other.updated_at),
    )


def cleaned(draft: Mapping[str, str | bool]) -> Draft:
    """The draft without control characters; Invalid where it is larger than a form can be."""
    clean: Draft = {name: value if isinstance(value, bool) else text(value) for name, value in draft.items()}
    names_fit = all(len(name) <= NAME_CHARS and _NAME.fullmatch(name) for name in clean)
    if len(clean) > FIELDS_MOST or not names_fit:
        raise Invalid("These are not the fields of a ticket.", field="draft")
    if sum(len(value) for value in clean.values() if isinstance(value, str)) > DRAFT_CHARS:
        raise Invalid(f"A draft has {DRAFT_CHARS} characters at most.", code="too_large", field="draft")
    return clean


def text(value: str) -> str:
    """Typed text as it can be kept and shown: lines and tabs stay, other control characters go."""
    return _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))


class WorkView(msgspec.Struct, frozen=True):
    """The data of a `context` message, and of the API: an agent's own work on a call."""

    call_id: str
    user: str
    version: int
    draft: Draft
    draft_version: int
    draft_at: str | None
    origin: str
    origin_name: str
    note: str
    note_version: int
    note_at: str | None
    customer_id: str
    ticket_id: str
    updated_at: str


def view(work: Work, origin_name: str) -> WorkView:
    return WorkView(
        work.call_id,
        work.user,
        work.version,
        work.draft,
        work.draft_version,
        iso_or_none(work.draft_at),
        work.origin,
        origin_name,
        work.note,
        work.note_version,
        iso_or_none(work.note_at),
        work.customer_id,
        work.ticket_id,
        iso(work.updated_at),
    )
