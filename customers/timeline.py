"""One time line out of calls, tickets and notes. Pure but for the Protocol of what supplies them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from core.errors import Invalid
from core.identity.users import User
from customers.messages import Customer, TimelineEntry

Cursor = tuple[float, str, str]


class TimelineSource(Protocol):
    """Another room's part of the time line; the composition root supplies it."""

    async def entries(
        self, customer: Customer, before: float | None, limit: int, viewer: User | None = None
    ) -> Sequence[TimelineEntry]:
        """The customer's newest entries at or before `before` (epoch seconds; None: now), newest first: those that
        the viewer may see, all where there is none."""
        ...


def cursor(text: str) -> Cursor | None:
    """The place in the time line that `next` of the page before named. Raises `Invalid`."""
    if not text:
        return None
    try:
        at, kind, ref = text.split("~", 2)
        return (float(at), kind, ref)
    except ValueError:
        raise Invalid("`after` is not the `next` of a page.", field="after") from None


def page(
    entries: Iterable[TimelineEntry], after: Cursor | None, limit: int
) -> tuple[list[TimelineEntry], str | None]:
    """The next `limit` entries behind `after`, newest first, and the cursor of the page after that."""
    ordered = sorted(entries, key=_place)
    if after is not None:
        ordered = [entry for entry in ordered if _place(entry) > (-after[0], after[1], after[2])]
    shown = ordered[:limit]
    if len(ordered) <= limit or not shown:
        return shown, None
    last = shown[-1]
    return shown, f"{last.at!r}~{last.kind}~{last.ref}"


def _place(entry: TimelineEntry) -> tuple[float, str, str]:
    return (-entry.at, entry.kind, entry.ref)
