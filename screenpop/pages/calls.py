"""The list of calls, and one call with all that is known of it: who had it, what was said in the menu, recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from core.errors import NotFound
from core.identity.roles import Permission
from core.identity.users import User
from core.web.routes import Ask, ListQuery, Route
from cti.messages import Call, Direction, Outcome
from cti.recordings.model import Recording
from cti.recordings.model import State as Kept
from cti.recordings.store import Wanted
from cti.store import CallFilter, cursor_of
from customers.messages import Customer, Match
from ivr_flows.messages import Ended, Visit
from screenpop.days import day_of
from screenpop.pages.base import Pages
from screenpop.pages.recordings import heard_rows
from screenpop.pages.records import Records
from screenpop.pops import PopIvr
from ticketing.messages import TicketFilter

MOST_TICKETS = 20
LEFT_MENU = (Ended.SERVED.value, Ended.HUNG_UP.value)
_ALL = [outcome.value for outcome in Outcome]
OUTCOMES = (*_ALL[:2], *LEFT_MENU, *_ALL[2:])
"""To choose from; what callers do of themselves stands together."""
Text = Annotated[str, msgspec.Meta(max_length=64)]


class CallsQuery(ListQuery, frozen=True):
    """`outcome` is an outcome, `live`, or how a caller left who was in the phone menu alone (see `left_menu`); `day` is
    one of the desk's days; `q` a whole number."""

    q: Text = ""
    outcome: Literal[
        "", "live", "answered", "abandoned", "served", "hung_up", "no_answer", "busy", "failed", "lost"
    ] = ""
    direction: Literal["", "inbound", "outbound", "internal"] = ""
    queue: Annotated[str, msgspec.Meta(max_length=128)] = ""
    agent: Text = ""
    day: Annotated[str, msgspec.Meta(max_length=10)] = ""


class Log(Protocol):
    """Where calls are read."""

    async def list(self, wanted: CallFilter, limit: int, after: str = "") -> list[Call]: ...


class RecordingRoom(Protocol):
    """What the pages need of the recordings."""

    async def find(
        self, user: User, wanted: Wanted, limit: int = 50, after: str = ""
    ) -> tuple[list[Recording], str | None]: ...
    async def state(self, recording: Recording) -> Kept: ...


class VisitLog(Protocol):
    async def of_calls(self, call_ids: Iterable[str]) -> Mapping[str, tuple[Visit, ...]]: ...


@dataclass(frozen=True)
class Around:
    """What these pages stand on besides what all pages do. `live` gives a call as it is at this moment."""

    log: Log
    live: Callable[[str], Call | None]
    recordings: RecordingRoom
    visits: VisitLog
    agents: Callable[[], Iterable[str]]
    queues: Callable[[], Iterable[str]]


class CallPages:
    """The handlers."""

    def __init__(self, pages: Pages, records: Records, around: Around) -> None:
        self._pages, self._records, self._around = pages, records, around

    async def many(self, ask: Ask[Any, CallsQuery]) -> web.StreamResponse:
        """Calls by filter, the newest first: everybody's or one's own; for htmx the rows alone."""
        query, all_ = ask.query, ask.user.can(Permission.CALLS_ALL)
        wanted = await self._wanted(ask)
        found = await self._around.log.list(wanted, query.limit + 1, query.after) if wanted else []
        shown = [self._around.live(call.id) or call for call in found[: query.limit]]
        more = None
        if len(found) > query.limit:
            rest = msgspec.structs.asdict(query)
            more = f"/calls?{urlencode(rest | {'after': cursor_of(found[query.limit - 1])})}"
        context: dict[str, Any] = {
            "rows": await self._rows(ask.user, shown),
            "query": query,
            "more": more,
            "all": all_,
            "odd": "number" if query.q.strip() and wanted is None else "day" if wanted is None else "",
        }
        if "HX-Request" in ask.request.headers:
            return self._pages.fragment(ask, "parts/call_rows.html", **context)
        context["agents"] = sorted(self._around.agents()) if all_ else []
        context["queues"] = sorted(self._around.queues())
        context["outcomes"] = OUTCOMES
        context["directions"] = [direction.value for direction in Direction]
        return self._pages.page(ask, "calls.html", "/calls", **context)

    async def show(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One call as a page."""
        stored = await self._pages.calls.get(ask.path["id"])
        call = self._around.live(stored.id if stored else ask.path["id"]) or stored
        own = call is not None and ask.user.name in {segment.agent for segment in call.segments}
        if call is None or not (own or ask.user.can(Permission.CALLS_ALL)):
            raise NotFound("There is no such call.")
        shown, customers = await self._other(call)
        visits = (await self._around.visits.of_calls([call.id])).get(call.id, ())
        tickets: Sequence[Any] = ()
        if ask.user.can(Permission.TICKETS_SEE):
            viewer = await self._pages.viewer_of(ask)
            tickets = await self._pages.tickets.list(TicketFilter(call_id=call.id), MOST_TICKETS, "", viewer)
        return self._pages.page(
            ask,
            "call.html",
            "/calls",
            call=call,
            shown=shown,
            customers=customers,
            score=(await self._pages.scores.of_calls([call.id])).get(call.id),
            visits=[_menu(visit) for visit in visits],
            left=left_menu(call, visits),
            recordings=await self._heard(ask.user, Wanted((call.id,))),
            tickets=await self._records.ticket_rows(tickets, self._pages.language_of(ask)),
            written=[work for work in await self._pages.works.read(call.id) if work.note],
        )

    async def _wanted(self, ask: Ask[Any, CallsQuery]) -> CallFilter | None:
        """What is asked for; None where the number or the day is none."""
        query, text = ask.query, ask.query.q.strip()
        lookup = await self._pages.customers.lookup(text) if text else None
        days = day_of(query.day, self._pages.renderer.desk.time_zone) if query.day else (None, None)
        if days is None or (lookup is not None and lookup.e164 is None):
            return None
        outcome, left = query.outcome, query.outcome in LEFT_MENU
        return CallFilter(
            agent=query.agent if ask.user.can(Permission.CALLS_ALL) else ask.user.name,
            queue=query.queue,
            direction=Direction(query.direction) if query.direction else None,
            outcome=Outcome(outcome) if outcome and outcome != "live" and not left else None,
            number_key=lookup.e164 or "" if lookup else "",
            since=days[0],
            until=days[1],
            live=True if outcome == "live" else None,
            menu=(outcome,) if left else (),
            not_menu=LEFT_MENU if outcome == Outcome.ABANDONED.value else (),
        )

    async def _rows(self, user: User, calls: Sequence[Call]) -> list[dict[str, Any]]:
        ids = tuple(call.id for call in calls)
        heard: set[str] = set()
        if ids and user.can(Permission.RECORDINGS_LISTEN):
            found, _ = await self._around.recordings.find(user, Wanted(ids), len(ids) * 3)
            heard = {one.call_id for one in found if one.deleted_at is None}
        menus = await self._around.visits.of_calls(ids)
        names: dict[str, tuple[str, list[Customer]]] = {}
        rows = []
        for call in calls:
            other = _other_number(call)
            if other not in names:
                names[other] = await self._other(call)
            shown, customers = names[other]
            row = {"call": call, "shown": shown, "customers": customers, "heard": call.id in heard}
            rows.append({**row, "left": left_menu(call, menus.get(call.id, ()))})
        return rows

    async def _other(self, call: Call) -> tuple[str, list[Customer]]:
        """The number that the call was with as people write it, and whose it may be. A withheld one is none: what the
        line says instead (`anonymous`) is its own word."""
        if not (other := _other_number(call)):
            return "", []
        lookup = await self._pages.customers.lookup(other)
        return "" if lookup.match is Match.ANONYMOUS else lookup.shown, [
            one.customer for one in lookup.candidates
        ]

    async def of_call(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """The recordings of a call, for the desk."""
        rows = await self._heard(ask.user, Wanted((ask.path["id"],)))
        return self._pages.fragment(ask, "parts/recordings.html", rows=rows)

    async def _heard(self, user: User, wanted: Wanted) -> list[dict[str, Any]]:
        """These recordings, as far as the user may hear them, in their order."""
        if not user.can(Permission.RECORDINGS_LISTEN):
            return []
        found, _ = await self._around.recordings.find(user, wanted)
        return await heard_rows(self._around.recordings, found[::-1])


def _other_number(call: Call) -> str:
    return call.dialled if call.direction is Direction.OUTBOUND else call.caller.number


def left_menu(call: Call, visits: Sequence[Visit]) -> str:
    """How a caller ended who was in the phone menu alone, of `LEFT_MENU`: such a one has not given up waiting. Empty
    for all others. Pure."""
    last = visits[-1].ended if call.called_nobody and visits else None
    return last.value if last is not None and last.value in LEFT_MENU else ""


def _menu(visit: Visit) -> dict[str, Any]:
    seconds = None if visit.ended_at is None else max(0.0, visit.ended_at - visit.started_at)
    told = PopIvr(visit.flow, visit.path, dict(visit.answers), visit.auth, visit.account, visit.recordings)
    return {
        "at": visit.started_at,
        "ended": visit.ended.value if visit.ended else "",
        "ivr": told,
        "seconds": seconds,
    }


def routes(pages: Pages, around: Around) -> list[Route]:
    """The paths of calls."""
    own = CallPages(pages, Records(pages), around)
    see, hear = Permission.CALLS_OWN, Permission.RECORDINGS_LISTEN
    return [
        Route("GET", "/calls", own.many, see, "List of calls", query=CallsQuery, page=True),
        Route("GET", "/calls/{id}", own.show, see, "A call", page=True),
        Route("GET", "/calls/{id}/recordings", own.of_call, hear, "Its recordings", page=True),
    ]
