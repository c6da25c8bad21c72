"""Headers, cookies, Origin and CSRF: what keeps other sites out of a signed-in browser."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from aiohttp import web

from core.errors import Forbidden

COOKIE: Final = "ringdesk_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'; img-src 'self' data:"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it a browser sends "Origin: null" with our own forms, which the Origin check refuses.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}


def add_headers(headers: dict[str, str], *, https: bool) -> dict[str, str]:
    """The headers that a response lacks: it may have set stricter ones itself."""
    wanted = {**HEADERS, "Cache-Control": "no-store"}
    if https:
        wanted["Strict-Transport-Security"] = "max-age=31536000"
    present = {name.lower() for name in headers}
    return {name: value for name, value in wanted.items() if name.lower() not in present}


def origin_allowed(request: web.Request, public_url: str = "") -> bool:
    """Whether the page that sends this is ours: its Origin is `public_url`'s, or that of the Host it asks.

    No Origin, or `null`, is not ours. An http page is not ours where browsers come by https.
    """
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
    except ValueError:  # such as http://[
        return False
    public = urlsplit(public_url)
    if origin.scheme not in ("http", "https") or not origin.netloc:
        return False
    if public.netloc and (origin.scheme, _host(origin.netloc, origin.scheme)) == (
        public.scheme,
        _host(public.netloc, public.scheme),
    ):
        return True
    if public.scheme == "https" and origin.scheme != "https":
        return False
    return _host(origin.netloc, origin.scheme) == _host(request.headers.get("Host", ""), origin.scheme)


def _host(netloc: str, scheme: str) -> str:
    default = ":443" if scheme == "https" else ":80"
    return netloc.lower().removesuffix(default)


def check_origin(request: web.Request, public_url: str) -> None:
    """Refuse (403 `csrf`) an unsafe request that another site's page sends; a program sends no Origin."""
    foreign = "Origin" in request.headers and not origin_allowed(request, public_url)
    if foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("Another site sent this request.", code="csrf")


def check_csrf(given: str, expected: str) -> None:
    """Refuse (403 `csrf`) a token that is not the session's; compared in constant time."""
    if not secrets.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode()):
        raise Forbidden("The page is out of date; load it again.", code="csrf")


def set_session_cookie(response: web.StreamResponse, token: str, *, secure: bool, hours: float) -> None:
    """Give the browser its session: not readable by scripts, not sent from other sites."""
    response.set_cookie(
        COOKIE, token, max_age=int(hours * 3600), path="/", secure=secure, httponly=True, samesite="Lax"
    )


def drop_session_cookie(response: web.StreamResponse, *, secure: bool) -> None:
    """Take it back."""
    response.del_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="Lax")


def sign_in_url(request: web.Request) -> str:
    """Where to sign in, and the page to come back to."""
    back = request.rel_url.path_qs if request.method in SAFE_METHODS else "/"
    return "/sign-in" if back == "/" else f"/sign-in?next={quote(back, safe='/')}"


def safe_next(text: str) -> str:
    """The page to go to after signing in: one of ours, or "/" for anything that leads elsewhere."""
    if not text.startswith("/") or text.startswith(("//", "/\\")) or not text.isprintable():
        return "/"
    return text
