"""A route is a value: path, permission, types and text stand together; app and OpenAPI are made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aiohttp import web

from core.identity.roles import Permission
from core.identity.users import Session, User
from core.web.lists import ListQuery, Page, page

__all__ = ["Ask", "Handler", "ListQuery", "Page", "Route", "page"]

B = TypeVar("B")
Q = TypeVar("Q")


@dataclass(frozen=True)
class Ask(Generic[B, Q]):
    """One request, checked: who asks (`NOBODY` where nobody has signed in), what, and when (epoch s)."""

    user: User
    body: B
    query: Q
    path: Mapping[str, str]
    at: float
    request: web.Request
    session: Session | None


Handler = Callable[[Ask[Any, Any]], Awaitable[object]]


@dataclass(frozen=True)
class Route:
    """One path. A handler returns what is sent as JSON with `status`, or a `web.StreamResponse` of its own.

    `permission` is None on public routes only; `body` and `query` are msgspec types that the request is
    checked against; `page` marks what a browser shows, whose errors are pages too; `media` names the content
    types of an answer that is no JSON of `reply`.
    """

    method: str
    path: str
    handler: Handler
    permission: Permission | None
    summary: str
    body: type | None = None
    query: type | None = None
    reply: Any = None
    status: int = 200
    page: bool = False
    media: tuple[str, ...] = ()
