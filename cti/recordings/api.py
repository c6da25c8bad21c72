"""Recordings over HTTP: which there are, and their sound, in parts as browsers seek."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Any, BinaryIO

import msgspec
from aiohttp import web
from msgspec import Meta

from core.clock import iso, iso_or_none
from core.errors import Invalid
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Page, Route, page
from cti.recordings.model import Kind, Recording, hears_all
from cti.recordings.ranges import Part, Unsatisfiable, asked_range, part_of, tag_of
from cti.recordings.service import Recordings
from cti.recordings.store import Wanted

CHUNK = 64 * 1024
WRITE_SECONDS = 60.0
Text = Annotated[str, Meta(max_length=100)]


class RecordingQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """`call` and `ticket` are ids; one of them is needed by who does not see everybody's calls."""

    call: Text = ""
    ticket: Text = ""
    kind: Kind | None = None


class RecordingView(msgspec.Struct, frozen=True):
    """`state` is kept, missing (the file is not there) or deleted (its time was up). `audio` is its sound's path."""

    id: str
    kind: str
    call_id: str
    ticket_id: str | None
    started_at: str
    seconds: float
    size: int
    state: str
    deleted_at: str | None
    audio: str


async def recording_view(room: Recordings, one: Recording) -> RecordingView:
    """The recording as JSON and for pages."""
    return RecordingView(
        one.id,
        one.kind.value,
        one.call_id,
        one.ticket_id or None,
        iso(one.started_at),
        round(one.seconds, 1),
        one.size,
        (await room.state(one)).value,
        iso_or_none(one.deleted_at),
        f"/api/v1/recordings/{one.id}/audio",
    )


def routes(room: Recordings) -> list[Route]:
    """The paths of recordings."""

    async def find(ask: Ask[Any, RecordingQuery]) -> Page[RecordingView]:
        query = ask.query
        if not (query.call or query.ticket or hears_all(ask.user)):
            raise Invalid("Ask for the recordings of a call or of a ticket.", field="call")
        wanted = Wanted((query.call,) if query.call else None, query.ticket, query.kind)
        found, after = await room.find(ask.user, wanted, query.limit, query.after)
        return page([await recording_view(room, one) for one in found], after)

    async def one(ask: Ask[Any, Any]) -> RecordingView:
        return await recording_view(room, await room.get(ask.user, ask.path["id"]))

    async def audio(ask: Ask[Any, Any]) -> web.StreamResponse:
        heard = ask.request.method == "GET"
        found, file = await (room.listen if heard else room.open)(ask.user, ask.path["id"])
        with file:
            return await _send(ask.request, found, file)

    listen, path = Permission.RECORDINGS_LISTEN, "/api/v1/recordings"
    sound = ("audio/wav",)
    return [
        Route("GET", path, find, listen, "Recordings", query=RecordingQuery, reply=Page[RecordingView]),
        Route("GET", path + "/{id}", one, listen, "A recording", reply=RecordingView),
        Route("GET", path + "/{id}/audio", audio, listen, "A recording's sound, or parts of it", media=sound),
    ]


async def _send(request: web.Request, found: Recording, file: BinaryIO) -> web.StreamResponse:
    info = await asyncio.to_thread(lambda: os.fstat(file.fileno()))
    size, tag = info.st_size, tag_of(info.st_size, info.st_mtime_ns)
    # RFC 9110, section 14.2: a range is for GET alone.
    ranged = request.headers.get("Range", "") if request.method == "GET" else ""
    asked = asked_range(ranged, request.headers.get("If-Range", ""), tag)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'inline; filename="{found.file}"',
    }
    try:
        part = part_of(asked, size)
    except Unsatisfiable:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    wanted = part or Part(0, size - 1)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    response = web.StreamResponse(status=206 if part else 200, headers=headers)
    response.content_type = "audio/wav"
    response.content_length = wanted.length
    await response.prepare(request)
    if request.method != "HEAD":
        await _copy(file, wanted, response)
    await response.write_eof()
    return response


async def _copy(file: BinaryIO, part: Part, response: web.StreamResponse) -> None:
    """Hand over chunk by chunk: whoever reads slowly holds one chunk, and not for ever."""
    left = part.length
    await asyncio.to_thread(file.seek, part.first)
    while left > 0:
        chunk = await asyncio.to_thread(file.read, min(CHUNK, left))
        if not chunk:
            return
        left -= len(chunk)
        async with asyncio.timeout(WRITE_SECONDS):
            await response.write(chunk)
