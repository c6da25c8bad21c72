"""Call-backs over HTTP: the list, one, a new one, and taking one off the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from config.settings import PRIORITIES
from core.clock import iso, iso_or_none
from core.errors import Conflict, Invalid
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Page, Route, page
from ivr_flows.callbacks.model import Callback
from ivr_flows.callbacks.service import Callbacks, Request

Text = Annotated[str, Meta(max_length=128)]
REFUSALS = {
    "off": "This queue takes no call-backs.",
    "not_allowed": "The dial policy does not let the server call this number.",
    "already_open": "There is an open call-back to this number already.",
}


class CallbackQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """`open`: only those that wait or are dialled, or only the closed ones."""

    open: bool | None = None


class NewCallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`number` in E.164. `priority`, the higher the sooner, is that of the customer where it is left out."""

    number: Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{4,14}$")]
    queue: Text
    pbx: Text
    customer_id: Annotated[str, Meta(max_length=40)] = ""
    priority: Annotated[int, Meta(ge=PRIORITIES[0], le=PRIORITIES[1])] | None = None


class Ranks(Protocol):
    """With which priority people are called back where nobody says; supplied by the server's wiring."""

    async def of_number(self, number: str, pbx: str, customer_id: str) -> int:
        """That of the customer, else of the one customer whose number (E.164) it is."""
        ...


class CallbackView(msgspec.Struct, frozen=True):
    """A call-back as JSON. Those of the highest `priority` are dialled first, of these who waits longest; `reason` is
    what the last try came to, or why it ended."""

    id: str
    number: str
    pbx: str
    queue: str
    state: str
    requested_at: str
    waiting_since: str
    next_at: str | None
    priority: int
    tries: int
    reason: str
    agent: str
    customer_id: str
    call_id: str
    asked_call: str
    closed_at: str | None
    closed_by: str
    version: int


def callback_view(one: Callback) -> CallbackView:
    """The call-back as the API gives it."""
    return CallbackView(
        id=one.id,
        number=one.number,
        pbx=one.pbx,
        queue=one.queue,
        state=one.state.value,
        requested_at=iso(one.requested_at),
        waiting_since=iso(one.since),
        next_at=iso(one.next_at) if one.open else None,
        priority=one.priority,
        tries=one.tries,
        reason=one.reason,
        agent=one.agent,
        customer_id=one.customer_id,
        call_id=one.call_id,
        asked_call=one.asked_call,
        closed_at=iso_or_none(one.closed_at),
        closed_by=one.closed_by,
        version=one.version,
    )


def routes(callbacks: Callbacks, has_queue: Callable[[str, str], bool], ranks: Ranks) -> list[Route]:
    """The paths of call-backs. `has_queue`: whether a PBX may have a queue of that name."""

    async def many(ask: Ask[Any, CallbackQuery]) -> Page[CallbackView]:
        query = ask.query
        found = await callbacks.store.page(query.open, query.limit + 1, query.after)
        shown = found[: query.limit]
        return page([callback_view(one) for one in shown], shown[-1].id if len(found) > query.limit else None)

    async def one(ask: Ask[Any, Any]) -> CallbackView:
        return callback_view(await callbacks.get(ask.path["id"]))

    async def new(ask: Ask[NewCallback, Any]) -> CallbackView:
        body = ask.body
        # It would wait for an agent who never comes, and keep the caller from asking for another one.
        if not has_queue(body.pbx, body.queue):
            raise Invalid("The telephone system has no such queue.", field="queue")
        rank = body.priority
        if rank is None:
            rank = await ranks.of_number(body.number, body.pbx, body.customer_id)
        wanted = Request(
            body.number, body.pbx, body.queue, ask.at, customer_id=body.customer_id, priority=rank
        )
        answered = await callbacks.request(wanted, ask.user.name)
        if answered.callback is None:
            raise Conflict(REFUSALS[answered.reason], code=f"callback_{answered.reason}")
        return callback_view(answered.callback)

    async def cancel(ask: Ask[Any, Any]) -> CallbackView:
        return callback_view(await callbacks.cancel(ask.path["id"], ask.user.name))

    see, ask_for, manage = Permission.CALLBACKS_SEE, Permission.CALLS_CONTROL, Permission.CALLBACKS_MANAGE
    path, reply = "/api/v1/callbacks", CallbackView
    listed = Page[CallbackView]
    return [
        Route("GET", path, many, see, "Call-backs, newest first", query=CallbackQuery, reply=listed),
        Route("POST", path, new, ask_for, "Have somebody called back", NewCallback, reply=reply, status=201),
        Route("GET", path + "/{id}", one, see, "A call-back", reply=reply),
        Route("POST", path + "/{id}/cancel", cancel, manage, "Take a call-back off the list", reply=reply),
    ]
