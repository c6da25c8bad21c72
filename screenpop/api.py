"""The live socket's route, and the snapshot for programs that only want to look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from aiohttp import web

from core.errors import Forbidden
from core.identity.roles import Permission
from core.identity.tokens import live_id
from core.web.dispatch import bearer_of
from core.web.routes import Ask, Route
from core.web.security import origin_allowed
from screenpop.contexts import Change, Contexts
from screenpop.hub import Hub
from screenpop.session import Viewer
from screenpop.socket import LiveSocket, viewer_of
from screenpop.work import Draft, Replaced, WorkView

LanguageOf = Callable[[Ask[Any, Any]], str]


class Board(msgspec.Struct, frozen=True):
    """All live calls, agents, queues and PBXs that the asking user may see; `seq` is that of the live socket."""

    epoch: str
    seq: int
    calls: list[dict[str, Any]]
    agents: list[dict[str, Any]]
    queues: list[dict[str, Any]]
    pbxs: list[dict[str, Any]]


class WorkList(msgspec.Struct, frozen=True):
    """What agents wrote in a call, one item for each of them."""

    items: list[WorkView]


class SaveBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent has typed for a call; what is left out stays. A `*_version` is the one that it began from."""

    draft: Draft | None = None
    draft_version: int = 0
    note: Annotated[str, msgspec.Meta(max_length=8000)] | None = None
    note_version: int = 0


class SavedView(msgspec.Struct, frozen=True):
    """The asking agent's own work as it is now, and what the change replaced that its writer had not seen."""

    work: WorkView
    replaced: Replaced


def work_routes(contexts: Contexts) -> list[Route]:
    """Drafts and notes of a call over HTTP, for pages that are not ours."""

    async def read(ask: Ask[Any, Any]) -> WorkList:
        user = "" if ask.user.can(Permission.CALLS_ALL) else ask.user.name
        return WorkList(await contexts.read(ask.path["id"], user))

    async def save(ask: Ask[SaveBody, Any]) -> SavedView:
        body = ask.body
        change = Change(body.draft, body.draft_version, "", body.note, body.note_version)
        work, replaced = await contexts.save(ask.path["id"], ask.user.name, change)
        return SavedView(contexts.as_seen(work), replaced)

    path = "/api/v1/calls/{id}/context"
    see, write = Permission.CALLS_OWN, Permission.CALLS_CONTROL
    return [
        Route("GET", path, read, see, "Drafts and notes of a call", reply=WorkList),
        Route("POST", path, save, write, "Keep a draft or a note", body=SaveBody, reply=SavedView),
    ]


def routes(
    hub: Hub,
    socket: LiveSocket,
    picture: Callable[[Viewer], dict[str, Any]],
    language_of: LanguageOf,
    public_url: str,
) -> list[Route]:
    """`GET /ws` and `GET /api/v1/board`."""

    async def live(ask: Ask[Any, Any]) -> web.StreamResponse:
        if ask.session is not None and not origin_allowed(ask.request, public_url):
            raise Forbidden("Another site may not open the live socket.", code="origin")
        session_id = ask.session.id if ask.session else live_id(bearer_of(ask.request))
        return await socket.serve(ask.request, ask.user, session_id, language_of(ask))

    async def board(ask: Ask[Any, Any]) -> Board:
        return Board(epoch=hub.log.epoch, seq=hub.log.seq, **picture(viewer_of(ask.user)))

    return [
        Route("GET", "/ws", live, Permission.DESK_USE, "The live socket (websocket)"),
        Route(
            "GET",
            "/api/v1/board",
            board,
            Permission.QUEUES_SEE,
            "Snapshot of calls, agents and queues",
            reply=Board,
        ),
    ]
