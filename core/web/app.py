"""Puts routes on an aiohttp application: `install` is the one way in."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web

from core.clock import Clock
from core.database import Database
from core.errors import Refused
from core.identity.service import Identity
from core.ids import new_id
from core.web.dispatch import handler_for
from core.web.errors import problem_of
from core.web.idempotency import Idempotency
from core.web.routes import Route
from core.web.security import add_headers
from core.web.site import (
    PREPARED,
    REQUEST_ID,
    SITE,
    RenderError,
    Site,
    plain_error_page,
    problem_response,
    user_of,
)

log = structlog.get_logger(__name__)

BODY_LIMIT = 1024 * 1024
"""Bytes of a request's body; give it to `web.Application(client_max_size=…)`."""
QUIET = ("/healthz", "/readyz", "/metrics", "/static/")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


def install(  # noqa: PLR0913 - the parts that the composition root hands over, by name
    app: web.Application,
    routes: Iterable[Route],
    identity: Identity,
    db: Database,
    clock: Clock,
    *,
    render_error: RenderError = plain_error_page,
    public_url: str = "",
    secure_cookies: bool | None = None,
    session_hours: float = 12.0,
) -> None:
    """Serve `routes` on `app`, with all that stands before them. Call it once, before the app starts.

    `secure_cookies` None means: exactly where `public_url` is https.
    """
    https = public_url.startswith("https:")
    app[SITE] = Site(
        identity=identity,
        once=Idempotency(db, clock),
        clock=clock,
        render_error=render_error,
        public_url=public_url,
        secure_cookies=https if secure_cookies is None else secure_cookies,
        session_hours=session_hours,
    )
    app.middlewares.insert(0, edge)
    app.on_response_prepare.append(_prepare)
    for route in routes:
        if route.method == "GET":
            app.router.add_get(route.path, handler_for(route))  # HEAD too
        else:
            app.router.add_route(route.method, route.path, handler_for(route))


@web.middleware
async def edge(request: web.Request, handler: _Next) -> web.StreamResponse:
    """The outermost layer: request id, access log, and every error as an answer in the contract's form."""
    given = request.headers.get("X-Request-ID", "")
    request[REQUEST_ID] = given if _REQUEST_ID.fullmatch(given) else new_id()
    clock = request.app[SITE].clock
    started = clock.monotonic()
    with structlog.contextvars.bound_contextvars(request_id=request[REQUEST_ID]):
        status = 500
        try:
            response = await _answer(request, handler)
            status = response.status
        except web.HTTPException as redirect:
            status = redirect.status
            raise
        finally:
            _access_log(request, status, clock.monotonic() - started)
    return response


async def _answer(request: web.Request, handler: _Next) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise  # a redirect
        return problem_response(request, problem_of(error, request[REQUEST_ID]))
    except Exception as error:
        if request.get(PREPARED):
            raise  # part of the answer is on its way: the connection can only be broken off
        problem = problem_of(error, request[REQUEST_ID])
        if problem.status >= 500:
            # A refusal says itself what is away (a PBX, the database); only a surprise needs its traceback.
            traceback = None if isinstance(error, Refused) else error
            log.error("http.failed", path=request.path, code=problem.code, exc_info=traceback)
        return problem_response(request, problem)


def _access_log(request: web.Request, status: int, seconds: float) -> None:
    """One line a request, without its query: there are callers' numbers in it."""
    user = user_of(request)
    write = log.debug if request.path.startswith(QUIET) else log.info
    write(
        "http",
        method=request.method,
        path=request.path,
        status=status,
        ms=round(seconds * 1000, 1),
        user=user.name if user else None,
    )


async def _prepare(request: web.Request, response: web.StreamResponse) -> None:
    """Last touch before the headers go out: they are on pages, files, streams and errors alike."""
    request[PREPARED] = True
    site = request.app[SITE]
    https = site.public_url.startswith("https:")
    response.headers.update(add_headers(dict(response.headers), https=https))
    response.headers["X-Request-ID"] = request.get(REQUEST_ID, "")
    response.headers["Server"] = "ringdesk"
