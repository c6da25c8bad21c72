"""From a request to checked values."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web
from multidict import MultiDict, MultiMapping

from core.errors import Invalid
from core.web.errors import BadRequest
from core.web.routes import Route
from core.web.security import CSRF_FIELD, CSRF_HEADER

# PostgreSQL cannot keep NUL in a text, and nobody types one.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
FORM = "application/x-www-form-urlencoded"
"""The one encoding of our pages' forms. Multipart is for files, and none is ever uploaded here."""
BODY_SECONDS = 30.0
"""How long a body may take to come, at most a megabyte; aiohttp itself would wait for ever."""
UTF_8 = (None, "utf-8", "utf8")


async def parse_body(request: web.Request, kind: type | None, *, form: bool = True) -> Any:
    """The body as `kind`, from JSON or (where the route takes one) a form; None where the route takes none.

    Raises msgspec's errors, and `BadRequest` for what is neither.
    """
    if kind is None:
        return None
    if request.content_type == FORM and form:
        fields = plain(await form_of(request))
        fields.pop(CSRF_FIELD, None)
        return msgspec.convert(fields, kind, strict=False)
    raw = await body_of(request)
    if raw and request.content_type not in ("application/json", "application/octet-stream"):
        raise BadRequest(
            f"The body is to be JSON, sent with the header `Content-Type: application/json`; this one says "
            f"{request.content_type[:100]}."
        )
    if _NUL.search(raw):
        raise Invalid("A text holds the character NUL.")
    return msgspec.json.decode(raw or b"{}", type=kind)


async def body_of(request: web.Request) -> bytes:
    """The whole body, read once. Raises `BadRequest` where it does not come in time."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise BadRequest("The body did not come in time.") from None


async def form_of(request: web.Request) -> MultiMapping[Any]:
    """The fields of a form, or none where the body is something else. Raises `BadRequest` for a broken one."""
    if request.content_type != FORM:
        return MultiDict()
    if (request.charset and request.charset.lower()) not in UTF_8:
        raise BadRequest("A form must be sent in UTF-8.")
    await body_of(request)
    try:
        return await request.post()
    except ValueError as error:
        raise BadRequest("The form cannot be read.") from error


def parse_query(request: web.Request, kind: type | None) -> Any:
    """The query as `kind`; None where the route takes none."""
    return None if kind is None else msgspec.convert(plain(request.query), kind, strict=False)


def plain(values: MultiMapping[Any]) -> dict[str, Any]:
    """A name given once is a text, a name given more often a list of them."""
    found: dict[str, Any] = {}
    for name in values:
        given = values.getall(name)
        if any("\0" in value for value in given):
            raise Invalid("A text holds the character NUL.", field=name)
        found[name] = given[0] if len(given) == 1 else given
    return found


async def csrf_token(request: web.Request) -> str:
    """The CSRF token that the page sent back, in its header or in a form's field."""
    if CSRF_HEADER in request.headers:
        return request.headers[CSRF_HEADER]
    return str((await form_of(request)).get(CSRF_FIELD, ""))


def path_of(request: web.Request) -> Mapping[str, str]:
    """The named parts of the path, decoded. A control character in one is no id of ours (400)."""
    for value in request.match_info.values():
        if not value.isprintable():
            raise BadRequest("The path holds a control character.")
    return dict(request.match_info)


def takes_key(request: web.Request, route: Route) -> bool:
    """Whether an Idempotency-Key counts: on POST, and never where the answer carries somebody's session."""
    return request.method == "POST" and "Idempotency-Key" in request.headers and route.permission is not None
