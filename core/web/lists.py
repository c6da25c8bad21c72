"""Lists over HTTP: `?limit=&after=` in, `{"items": [...], "next": "..."}` out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import msgspec

T = TypeVar("T")


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Query of a list; derive from it to add filters. `after` is the `next` of the page before."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    after: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page; `next` is None on the last."""

    items: list[T]
    next: str | None = None


def page(items: Sequence[T], next: str | None = None) -> Page[T]:
    """These items as a page."""
    return Page(items=list(items), next=next)
