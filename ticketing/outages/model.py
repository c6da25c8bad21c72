"""An outage as it is announced, and whom it concerns. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from core.errors import Invalid
from ticketing.workflow.values import clean

MOST_TEXT = 500
"""Characters of an announcement: half a minute of speech."""
MOST_PLACES = 100
LONGEST_PLACE = 128


class Outage(msgspec.Struct, frozen=True):
    """`number` is that of its repair ticket, to which reports are attached. It concerns whole `districts`, and
    addresses that hold one of the `places`. Times are epoch seconds; `until_at` is when supply should be back, None
    where nobody knows yet."""

    id: str
    ticket_id: str
    number: str
    districts: tuple[str, ...]
    places: tuple[str, ...]
    text_en: str
    text_zh: str
    starts_at: float
    until_at: float | None = None
    ended_at: float | None = None
    announced_by: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    version: int = 1

    def active(self, at: float) -> bool:
        """Whether callers are told of it at this moment."""
        return self.starts_at <= at and (self.ended_at is None or at < self.ended_at)


def fold(text: str) -> str:
    """As places are compared: one width and case, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def checked(outage: Outage) -> Outage:
    """The outage with its texts cleaned; raises `Invalid` with the field where something is missing or too long."""
    texts = {}
    for field in ("text_en", "text_zh"):
        text = " ".join(clean(getattr(outage, field), multiline=True).split())
        if not text:
            raise Invalid("Say it in both languages: callers hear the one they chose.", field=field)
        if len(text) > MOST_TEXT:
            raise Invalid(f"At most {MOST_TEXT} characters: it is read out to callers.", field=field)
        texts[field] = text
    districts, places = _names(outage.districts, "districts"), _names(outage.places, "places")
    if not districts and not places:
        raise Invalid("Name a district, or a part of the addresses that are concerned.", field="districts")
    if outage.until_at is not None and outage.until_at <= outage.starts_at:
        raise Invalid("It ends before it begins.", field="until")
    return replace(outage, **texts, districts=districts, places=places)


def concerning(outages: Iterable[Outage], district: str, address: str, at: float) -> Outage | None:
    """The outage that an address is in: one that names the place before one of the district, then the newest."""
    where, text = fold(district), fold(address)
    found = []
    for outage in outages:
        by_place = bool(text) and any(fold(place) in text for place in outage.places)
        by_district = bool(where) and where in map(fold, outage.districts)
        if outage.active(at) and (by_place or by_district):
            found.append((by_place, outage.starts_at, outage.id, outage))
    return max(found)[-1] if found else None


def _names(names: tuple[str, ...], field: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text for name in names if (text := clean(name))))
    if len(found) > MOST_PLACES or any(len(name) > LONGEST_PLACE for name in found):
        raise Invalid(f"At most {MOST_PLACES} names of {LONGEST_PLACE} characters.", field=field)
    return found
