"""What the web layer needs at hand for each request, and how a problem becomes a response."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from aiohttp import web

from core.clock import Clock
from core.identity.service import Identity
from core.identity.users import SignedIn, User
from core.web.errors import Problem
from core.web.idempotency import Idempotency
from core.web.routes import Route
from core.web.security import SAFE_METHODS, drop_session_cookie, set_session_cookie, sign_in_url

RenderError = Callable[[web.Request, Problem], web.Response]
"""Makes the page that a person sees instead of the contract's JSON; must not raise."""

USER: web.RequestKey[User] = web.RequestKey("ringdesk_user", User)
ROUTE: web.RequestKey[Route] = web.RequestKey("ringdesk_route", Route)
REQUEST_ID: web.RequestKey[str] = web.RequestKey("ringdesk_request_id", str)
PREPARED: web.RequestKey[bool] = web.RequestKey("ringdesk_prepared", bool)


@dataclass(frozen=True)
class Site:
    """The parts behind the routes. `public_url` is "" where browsers come without a proxy."""

    identity: Identity
    once: Idempotency
    clock: Clock
    render_error: RenderError
    public_url: str
    secure_cookies: bool
    session_hours: float


SITE: web.AppKey[Site] = web.AppKey("ringdesk_site", Site)


def user_of(request: web.Request) -> User | None:
    """Who asks, where that is known by now."""
    return request.get(USER)


def request_id_of(request: web.Request) -> str:
    """The id under which the log knows this request."""
    return request.get(REQUEST_ID) or ""


def client_address(request: web.Request) -> str:
    """The browser's address. A proxy on this machine, told of by `public_url`, is believed about whom it serves."""
    peer = request.remote or ""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    if forwarded and request.app[SITE].public_url and _is_loopback(peer):
        return forwarded[:64]
    return peer


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def start_session(request: web.Request, response: web.StreamResponse, signed_in: SignedIn) -> None:
    """Put the new session's cookie on the answer to a sign-in."""
    site = request.app[SITE]
    set_session_cookie(response, signed_in.token, secure=site.secure_cookies, hours=site.session_hours)


def forget_session(request: web.Request, response: web.StreamResponse) -> None:
    """Take the cookie back on the answer to a sign-out."""
    drop_session_cookie(response, secure=request.app[SITE].secure_cookies)


def json_response(body: bytes, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """An answer of the API."""
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def problem_response(request: web.Request, problem: Problem) -> web.Response:
    """The contract's JSON for programs; for people a page, or the way to the sign-in page."""
    if not wants_page(request):
        return json_response(problem.json(), problem.status, problem.headers)
    if problem.status == 401:
        return _to_sign_in(request)
    response = request.app[SITE].render_error(request, problem)
    response.headers.update(problem.headers)
    return response


def wants_page(request: web.Request) -> bool:
    """Whether a person looks at the answer."""
    if request.path == "/api" or request.path.startswith("/api/"):
        return False
    route = request.get(ROUTE)
    return (route is not None and route.page) or "text/html" in request.headers.get("Accept", "")


def _to_sign_in(request: web.Request) -> web.Response:
    if "HX-Request" in request.headers:
        # A redirect would be followed by htmx and put the sign-in page into a corner of the old one.
        return web.Response(status=401, headers={"HX-Redirect": "/sign-in"})
    status = 302 if request.method in SAFE_METHODS else 303
    return web.Response(status=status, headers={"Location": sign_in_url(request)})


def plain_error_page(_request: web.Request, problem: Problem) -> web.Response:
    """The error page where no room has a nicer one."""
    text = html.escape(problem.message)
    page = (
        f"<!doctype html><html lang=en><title>{problem.status}</title><h1>{problem.status}</h1><p>{text}</p>"
    )
    return web.Response(text=page, status=problem.status, content_type="text/html")
