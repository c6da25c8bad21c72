"""The way of one request through a route: who asks, may they, is it theirs, what do they want; then the handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import sqlalchemy as sa
from aiohttp import web

from core.errors import Forbidden, Unauthenticated
from core.identity.users import NOBODY, Session, User
from core.web.errors import problem_of
from core.web.idempotency import Answer, Post, check_key
from core.web.parse import body_of, csrf_token, parse_body, parse_query, path_of, takes_key
from core.web.routes import Ask, Route
from core.web.security import COOKIE, SAFE_METHODS, check_csrf, check_origin
from core.web.site import ROUTE, SITE, USER, json_response, problem_response, request_id_of

KEPT_HEADERS = ("Content-Type", "Location", "HX-Redirect", "HX-Trigger")


def handler_for(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of a route."""

    async def handle(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        at = request.app[SITE].clock.now()
        user, session = await _admit(request, route, at)
        if not takes_key(request, route):
            return await _carry_out(request, route, user, session, at)
        return await _once(request, user, lambda: _carry_out(request, route, user, session, at))

    return handle


API = "/api/"
"""Where bodies are JSON; pages send forms."""


async def authenticate(request: web.Request) -> tuple[User, Session | None]:
    """Who asks: by Bearer token (no session), or by the session cookie. Raises `Unauthenticated`.

    For what is no route, such as the live socket; a socket checks `origin_allowed` besides where a session came.
    """
    site = request.app[SITE]
    at = site.clock.now()
    scheme = request.headers.get("Authorization", "").partition(" ")[0]
    if scheme:
        user = await site.identity.by_token(bearer_of(request), at) if scheme.lower() == "bearer" else None
        if user is None:
            raise Unauthenticated("This token is not valid.")
        request[USER] = user
        return user, None
    cookie = request.cookies.get(COOKIE)
    session = await site.identity.by_session(cookie, at) if cookie else None
    if session is None:
        raise Unauthenticated("Sign in first.")
    request[USER] = session.user
    return session.user, session


def bearer_of(request: web.Request) -> str:
    """The API token that a program shows; "" where there is none."""
    return request.headers.get("Authorization", "").partition(" ")[2].strip()


async def _admit(request: web.Request, route: Route, at: float) -> tuple[User, Session | None]:
    """Who asks, once all is checked that does not depend on the content."""
    try:
        user, session = await authenticate(request)
    except (Unauthenticated, sa.exc.SQLAlchemyError):
        # Without a database the public routes still answer: /healthz, and the files of an open page.
        if route.permission is not None:
            raise
        user, session = NOBODY, None
    unsafe = request.method not in SAFE_METHODS
    if unsafe and (session is not None or route.permission is None):
        check_origin(request, request.app[SITE].public_url)
    if route.permission is None:
        return user, session
    if not user.can(route.permission):
        raise Forbidden(
            f"The role {user.role.value} may not do this.",
            role=user.role.value,
            permission=route.permission.value,
        )
    if unsafe and session is not None:
        check_csrf(await csrf_token(request), session.csrf)
    return user, session


async def _carry_out(
    request: web.Request, route: Route, user: User, session: Session | None, at: float
) -> web.StreamResponse:
    ask = Ask(
        user=user,
        body=await parse_body(request, route.body, form=not route.path.startswith(API)),
        query=parse_query(request, route.query),
        path=path_of(request),
        at=at,
        request=request,
        session=session,
    )
    answer = await route.handler(ask)
    if isinstance(answer, web.StreamResponse):
        return answer
    if answer is None and route.status == 204:
        return web.Response(status=204)
    return json_response(msgspec.json.encode(answer), route.status)


async def _once(
    request: web.Request, user: User, work: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    post = Post(
        user=user.name,
        path=request.path,
        key=check_key(request.headers["Idempotency-Key"]),
        content=request.query_string.encode() + b"\n" + await body_of(request),
    )
    streamed: list[web.StreamResponse] = []

    async def answered() -> Answer:
        response = await _answer(request, work)
        streamed.append(response)
        return _to_keep(response)

    answer, repeated = await request.app[SITE].once.once(post, answered)
    if not repeated:
        return streamed[0]
    return web.Response(
        body=answer.body, status=answer.status, headers={**answer.headers, "Idempotent-Replayed": "true"}
    )


async def _answer(
    request: web.Request, work: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A refusal is an answer too, and the same one is given again; what failed (5xx) is raised."""
    try:
        return await work()
    except web.HTTPException as error:
        if error.status < 400:
            return web.Response(status=error.status, headers={"Location": error.headers.get("Location", "/")})
        problem = problem_of(error, request_id_of(request))
    except Exception as error:
        problem = problem_of(error, request_id_of(request))
        if problem.status >= 500:
            raise
    return problem_response(request, problem)


def _to_keep(response: web.StreamResponse) -> Answer:
    """A limit (429) passes and an outage (5xx) too: neither may be given again for a day."""
    body = response.body if isinstance(response, web.Response) else None
    keep = response.status < 500 and response.status != 429 and isinstance(body, bytes | None)
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Answer(
        status=response.status, headers=headers, body=body if isinstance(body, bytes) else b"", keep=keep
    )
