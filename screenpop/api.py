"""The live socket's route, and the snapshot for programs that only want to look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from core.errors import Forbidden
from core.identity.roles import Permission
from core.web.routes import Ask, Route
from core.web.security import origin_allowed
from screenpop.hub import Hub
from screenpop.session import Viewer
from screenpop.socket import LiveSocket, viewer_of

LanguageOf = Callable[[Ask[Any, Any]], str]


class Board(msgspec.Struct, frozen=True):
    """All live calls, agents, queues and PBXs that the asking user may see; `seq` is that of the live socket."""

    epoch: str
    seq: int
    calls: list[dict[str, Any]]
    agents: list[dict[str, Any]]
    queues: list[dict[str, Any]]
    pbxs: list[dict[str, Any]]


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
        session_id = ask.session.id if ask.session else None
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
