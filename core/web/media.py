"""What a client wants to have a diagram as."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web


def wants_text(accept: str) -> bool:
    """Whether an Accept header asks for plain text rather than a picture."""
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    return "text/plain" in kinds and "image/svg+xml" not in kinds


def diagram(request: web.Request, text: Callable[[], str], picture: Callable[[], str]) -> web.Response:
    """The diagram as the client wants it: Mermaid text or SVG."""
    if wants_text(request.headers.get("Accept", "")):
        return web.Response(text=text(), content_type="text/plain")
    return web.Response(text=picture(), content_type="image/svg+xml")
