"""Agents' work on calls as the server holds it: in memory while the call or its card is there, in the database always.

A change is made in memory in one step and told in the same step, then written; what the write order of two changes was
does not matter, for the database keeps the later version.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from core.bus import Bus
from core.clock import Clock, iso
from core.errors import NotFound
from core.tasks import Tasks
from cti.messages import Call, CallEnded
from screenpop.hub import Hub
from screenpop.session import Audience
from screenpop.work import (
    NOTE_CHARS,
    Draft,
    Replaced,
    Saved,
    Work,
    WorkView,
    behind,
    chosen,
    together,
    view,
    with_customer,
    with_draft,
    with_note,
    with_ticket,
)
from screenpop.work_store import DRAFT_DAYS, Works
from ticketing.messages import TicketOpened

log = structlog.get_logger(__name__)
KEPT_SECONDS = 3600.0
"""How long work stays in memory after its last change; longer where its call or card is still there."""
FORGET_EVERY = 3600.0
READ_BACK = 12 * 3600.0
"""How far a start of the server reads back: no call is longer."""
Person = Callable[[str], str]


class Change(msgspec.Struct, frozen=True):
    """What is to be kept; None leaves a part as it is. A `*_base` is the part's version that the writer knew."""

    draft: Draft | None = None
    draft_base: int = 0
    origin: str = ""
    note: str | None = None
    note_base: int = 0


class KeepsWork(Protocol):
    """Where work is kept for good."""

    async def save(self, work: Work) -> None: ...
    async def of_call(self, call_id: str) -> Works: ...
    async def since(self, at: float) -> list[Work]: ...
    async def forget_drafts(self, before: float) -> int: ...


class FindsCall(Protocol):
    """The call, live or ended."""

    def __call__(self, call_id: str, /) -> Awaitable[Call | None]: ...


async def _that_one(call_id: str) -> Sequence[str]:
    return (call_id,)


class Contexts:
    """Who wrote what in which call. `changed` is called with the call's id after each change."""

    def __init__(self, hub: Hub, store: KeepsWork, find: FindsCall, person: Person, clock: Clock) -> None:
        self._hub = hub
        self._store = store
        self._find = find
        self._person = person
        self._clock = clock
        self._works: dict[str, Works] = {}
        self._touched: dict[str, float] = {}
        self._shown: set[tuple[str, str]] = set()
        """Call and user of every card that is on a desk."""
        self._told: dict[tuple[str, str], None] = {}
        """Those whose work that desk was told of, in that order."""
        self._forgot_at = 0.0
        self.recent_ids: Callable[[str], Sequence[str]] = lambda call_id: (call_id,)
        """By which ids a call of today is known, that of what it is part of first."""
        self.all_ids: Callable[[str], Awaitable[Sequence[str]]] = _that_one
        """By which ids any call is known."""
        self.changed: Callable[[str], object] = lambda call_id: None
        self.chosen: Callable[[str], object] = lambda call_id: None

    def subscribe(self, bus: Bus, tasks: Tasks) -> None:
        """Follow drafts that become tickets, and calls that turn out to be part of another."""

        def opened(event: TicketOpened) -> None:
            ticket = event.ticket
            if ticket.call_id is not None:
                sent = self.sent(ticket.call_id, ticket.created_by, ticket.id)
                tasks.spawn(sent, f"the draft of {ticket.number} is sent")

        def ended(event: CallEnded) -> None:
            if event.call.joined:
                moved = self.joined(event.call.id, event.call.joined)
                tasks.spawn(moved, f"what was written in {event.call.id} moves")

        bus.subscribe(TicketOpened, opened)
        bus.subscribe(CallEnded, ended)

    async def start(self) -> None:
        """Take up what was written before a restart of the server."""
        now = self._clock.now()
        for work in await self._store.since(now - READ_BACK):
            self._works.setdefault(work.call_id, {})[work.user] = work
            self._touched[work.call_id] = now

    # reading

    def of_call(self, call_id: str) -> Mapping[str, Work]:
        """What is in memory of the call, by user: all of it while the call lives."""
        ids = self.recent_ids(call_id)
        if len(ids) == 1:
            return self._works.get(call_id, {})
        return together((work for one in ids for work in self._works.get(one, {}).values()), ids[0])

    def chosen_of(self, call_id: str) -> tuple[str, str]:
        """Who is calling, as an agent found out, and which agent; empty where nobody has."""
        return chosen(self.of_call(call_id).values())

    def snapshot(self, user: str) -> list[dict[str, Any]]:
        """The user's own work on the calls whose cards are on its desk."""
        return [self._data(self._works[call][user]) for call, one in self._told if one == user]

    async def read(self, call_id: str, user: str = "") -> list[WorkView]:
        """All that agents wrote in the call, for a user who took part in it; without a user for who may see it all."""
        await self._check(call_id, user)
        ids = await self.all_ids(call_id)
        loaded = [work for one in ids for work in (await self._loaded(one)).values()]
        works = together(loaded, await self._whole(call_id)).values()
        return [self.as_seen(work) for work in sorted(works, key=lambda work: work.user)]

    # what is on a desk

    def shown(self, call_id: str, user: str) -> None:
        """A card of the call is on the user's desk: it is told what the user has written, now and later."""
        self._shown.add((call_id, user))
        work = self.of_call(call_id).get(user)
        if work is not None and (call_id, user) not in self._told:
            self._tell(work)

    def put_away(self, call_id: str, user: str) -> None:
        """The user has no card of the call any more."""
        self._shown.discard((call_id, user))
        if (call_id, user) in self._told:
            del self._told[call_id, user]
            self._publish(user, {"call_id": call_id, "removed": True})

    # writing

    async def save(self, call_id: str, user: str, change: Change) -> tuple[Work, Replaced]:
        """Keep what the agent typed; the latest wins, and what it replaced is returned."""
        await self._check(call_id, user)
        work = (await self._loaded(call_id)).get(user) or Work(call_id, user)
        at = self._clock.now()
        draft, note = Saved(work, Replaced()), Replaced()
        if change.draft is not None:
            draft = with_draft(work, change.draft, change.draft_base, change.origin, at)
        after = draft.work
        if change.note is not None:
            noted = with_note(after, change.note, change.note_base, at)
            after, note = noted.work, noted.replaced
        if after is not work:
            await self._put(after)
        return after, Replaced(draft.replaced.draft, note.note)

    async def choose(self, call_id: str, user: str, customer_id: str) -> Work:
        """The agent has found out who is calling: so it is for everybody in the call."""
        await self._check(call_id, user)
        work = (await self._loaded(call_id)).get(user) or Work(call_id, user)
        after = with_customer(work, customer_id, self._clock.now())
        await self._put(after)
        return after

    async def sent(self, call_id: str, user: str, ticket_id: str) -> None:
        """The user's draft in this call has become a ticket, under whichever id it was typed."""
        for one in (call_id, *(other for other in self.recent_ids(call_id) if other != call_id)):
            work = (await self._loaded(one)).get(user)
            if work is not None and (one == call_id or work.draft):
                await self._put(with_ticket(work, ticket_id, self._clock.now()))

    async def joined(self, gone: str, call_id: str) -> None:
        """A call turned out to be part of another: what was written in it belongs there, behind what is there. Its own
        note is emptied without a word to open cards, so that a change of the other call's note is not undone by it."""
        for user, work in list((await self._loaded(gone)).items()):
            own = (await self._loaded(call_id)).get(user) or Work(call_id, user)
            at = self._clock.now()
            if work.note:
                both = behind(own.note, work.note)[:NOTE_CHARS]
                own = with_note(own, both, own.note_version, at).work
            if work.draft and not own.draft:
                own = with_draft(own, work.draft, own.draft_version, work.origin, at).work
            if work.customer_id and (own.customer_at or 0.0) < (work.customer_at or 0.0):
                own = with_customer(own, work.customer_id, work.customer_at or at)
            if own.version:
                await self._put(own)
            if work.note:
                await self._take_note_away(gone, user, work.note)

    async def _take_note_away(self, call_id: str, user: str, note: str) -> None:
        """The note has gone elsewhere; one that was typed meanwhile stays."""
        work = self._works.get(call_id, {}).get(user)
        if work is not None and work.note == note:
            self._works[call_id][user] = emptied = with_note(
                work, "", work.note_version, self._clock.now()
            ).work
            await self._store.save(emptied)

    async def keep_house(self, is_live: Callable[[str], bool]) -> None:
        """Let go of what nobody needs in memory any more, and of drafts that nobody sent."""
        now = self._clock.now()
        shown = {call_id for call_id, _ in self._shown}
        for call_id, at in list(self._touched.items()):
            if now - at > KEPT_SECONDS and call_id not in shown and not is_live(call_id):
                del self._touched[call_id]
                self._works.pop(call_id, None)
        if now - self._forgot_at > FORGET_EVERY:
            self._forgot_at = now
            await self._store.forget_drafts(now - DRAFT_DAYS * 86_400)

    async def _loaded(self, call_id: str) -> Works:
        """The call's works in memory, read first where they are not there."""
        if call_id not in self._works:
            found = await self._store.of_call(call_id)
            self._works.setdefault(call_id, found)
            self._touched[call_id] = self._clock.now()
        return self._works[call_id]

    async def _whole(self, call_id: str) -> str:
        """The id of the call that this one is, or is part of."""
        call = await self._find(self.recent_ids(call_id)[0])
        return call_id if call is None else call.id

    async def _check(self, call_id: str, user: str) -> None:
        """Nobody learns of a call, or writes in one, that it has no part in; without a user it must only be there."""
        call = await self._find(call_id)
        if call is None or (user and user not in {segment.agent for segment in call.segments}):
            raise NotFound("There is no such call.")

    async def _put(self, work: Work) -> None:
        before = self._works.setdefault(work.call_id, {}).get(work.user)
        self._works[work.call_id][work.user] = work
        self._touched[work.call_id] = self._clock.now()
        if (work.call_id, work.user) in self._shown:
            self._tell(work)
        if work.customer_id != ("" if before is None else before.customer_id):
            self.chosen(work.call_id)
        self.changed(work.call_id)
        await self._store.save(work)

    def _tell(self, work: Work) -> None:
        self._told[work.call_id, work.user] = None
        self._publish(work.user, self._data(work))

    def _publish(self, user: str, data: dict[str, Any]) -> None:
        audience = Audience(frozenset({user}))
        self._hub.publish("context", {"data": data}, audience, iso(self._clock.now()))

    def _data(self, work: Work) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(self.as_seen(work))
        return found

    def as_seen(self, work: Work) -> WorkView:
        """The work as messages and the API show it."""
        return view(work, self._person(work.origin) if work.origin else "")
