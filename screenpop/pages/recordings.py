"""What callers said and what was recorded of calls: the list for who hears everything, and a ticket's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from core.identity.roles import Permission
from core.identity.users import User
from core.web.routes import Ask, ListQuery, Route
from cti.messages import Call
from cti.recordings.model import Kind, Recording, State
from cti.recordings.store import Wanted
from screenpop.pages.base import Pages
from screenpop.words import N_

FILTERS: tuple[tuple[str, str], ...] = (
    ("words", N_("Callers' words")),
    ("call", N_("Whole calls")),
)
MOST = 30
"""Rows of a page: each has a player of its own."""


class Room(Protocol):
    """The recordings."""

    async def find(
        self, user: User, wanted: Wanted, limit: int = 50, after: str = ""
    ) -> tuple[list[Recording], str | None]: ...
    async def state(self, recording: Recording) -> State: ...


class RecordingsQuery(ListQuery, frozen=True):
    show: Annotated[str, msgspec.Meta(max_length=16)] = "words"


class OfTicket(msgspec.Struct, frozen=True):
    ticket: Annotated[str, msgspec.Meta(max_length=100)]


class RecordingPages:
    """The handlers."""

    def __init__(self, pages: Pages, room: Room) -> None:
        self._pages, self._room = pages, room

    async def all(self, ask: Ask[Any, RecordingsQuery]) -> web.StreamResponse:
        """The newest first, for who hears everything."""
        kind = Kind.CALL if ask.query.show == "call" else Kind.WORDS
        found, after = await self._room.find(ask.user, Wanted(kind=kind), MOST, ask.query.after)
        more = f"/recordings?{urlencode({'show': kind.value, 'after': after})}" if after else None
        context = {"rows": await self._rows(ask, found), "show": kind.value, "filters": FILTERS, "more": more}
        if "HX-Request" in ask.request.headers:
            return self._pages.fragment(ask, "parts/recording_rows.html", **context)
        return self._pages.page(ask, "recordings.html", "/recordings", **context)

    async def of_ticket(self, ask: Ask[Any, OfTicket]) -> web.StreamResponse:
        """Those of a ticket that the user may hear; nothing where there are none."""
        found, _ = await self._room.find(ask.user, Wanted(ticket_id=ask.query.ticket), MOST)
        return self._pages.fragment(ask, "parts/recordings.html", rows=await self._rows(ask, found))

    async def _rows(self, ask: Ask[Any, Any], found: Sequence[Recording]) -> list[dict[str, Any]]:
        """The recordings with their calls' people and the numbers of tickets that the user may see."""
        calls = await self._pages.calls.of_ids({one.call_id for one in found if one.call_id})
        viewer = await self._pages.viewer_of(ask)
        tickets = await self._pages.tickets.of_ids({one.ticket_id for one in found if one.ticket_id}, viewer)
        numbers = {id: ticket.number for id, ticket in tickets.items()}
        return [
            {**row, **self._people(calls.get(one.call_id)), "ticket": numbers.get(one.ticket_id, "")}
            for row, one in zip(await heard_rows(self._room, found), found, strict=True)
        ]

    def _people(self, call: Call | None) -> dict[str, Any]:
        """Who was on the line: the caller, and the agents who spoke."""
        talked = [s.agent for s in call.segments if s.agent and s.answered_at is not None] if call else []
        caller = call.caller.number if call else ""
        shown = self._pages.customers.shown(caller)
        return {"caller": caller, "shown": shown, "agents": list(dict.fromkeys(talked))}


class States(Protocol):
    """Says whether there is anything to hear of a recording."""

    async def state(self, recording: Recording) -> State: ...


async def heard_rows(room: States, found: Sequence[Recording]) -> list[dict[str, Any]]:
    """The recordings for pages, in their order, each with its state."""
    return [{"recording": one, "state": (await room.state(one)).value} for one in found]


def routes(pages: Pages, room: Room) -> list[Route]:
    """The paths of recordings for browsers; their sound is the API's."""
    own, all_, listen = RecordingPages(pages, room), Permission.CALLS_ALL, Permission.RECORDINGS_LISTEN
    return [
        Route("GET", "/recordings", own.all, all_, "List of recordings", query=RecordingsQuery, page=True),
        Route("GET", "/recordings/of", own.of_ticket, listen, "A ticket's", query=OfTicket, page=True),
    ]
