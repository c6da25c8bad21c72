"""Signing in and out."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from yarl import URL

from core.errors import TooMany, Unauthenticated
from core.identity.users import NOBODY
from core.web.routes import Ask, Route
from core.web.security import COOKIE, safe_next
from core.web.site import client_address, forget_session, start_session
from screenpop.pages.base import Pages
from screenpop.pages.problems import of_refusal
from screenpop.render import NATIVE_NAMES


class SignInQuery(msgspec.Struct, frozen=True):
    next: str = "/"
    language: str = ""


class SignInForm(msgspec.Struct, frozen=True):
    name: str = ""
    password: str = ""
    next: str = "/"


class SignIn:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def show(self, ask: Ask[Any, SignInQuery]) -> web.StreamResponse:
        """The form; who has signed in already goes on."""
        if ask.session is not None:
            raise web.HTTPSeeOther(safe_next(ask.query.next))
        return self._form(ask, safe_next(ask.query.next), "", "", ask.query.language)

    async def enter(self, ask: Ask[SignInForm, Any]) -> web.StreamResponse:
        """Check name and password; a new session replaces the one that the browser had."""
        next_ = safe_next(ask.body.next)
        try:
            signed_in = await self._pages.accounts.sign_in(
                ask.body.name,
                ask.body.password,
                client_address(ask.request),
                ask.at,
                old_token=ask.request.cookies.get(COOKIE, ""),
            )
        except (Unauthenticated, TooMany) as refusal:
            gettext = self._pages.renderer.gettext(self._pages.language_for(NOBODY, ask.request))
            response = self._form(ask, next_, ask.body.name[:64], of_refusal(refusal, gettext))
            response.set_status(401)
            if isinstance(refusal, TooMany):
                response.set_status(429)
                response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        response = web.Response(status=303, headers={"Location": str(URL(next_))})
        start_session(ask.request, response, signed_in)
        self._pages.remember_language(response, signed_in.user.language)
        return response

    async def leave(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """End the session, here and on the server."""
        await self._pages.accounts.sign_out(ask.request.cookies.get(COOKIE, ""), ask.at)
        response = web.Response(status=303, headers={"Location": "/sign-in"})
        forget_session(ask.request, response)
        return response

    def _form(
        self, ask: Ask[Any, Any], next_: str, name: str, wrong: str, language: str = ""
    ) -> web.Response:
        chosen = language if language in NATIVE_NAMES else self._pages.language_for(NOBODY, ask.request)
        text = self._pages.renderer.page(
            "sign_in.html",
            chosen,
            theme="auto",
            csrf="",
            next=next_,
            name=name,
            wrong=wrong,
            languages=[(code, label) for code, label in NATIVE_NAMES.items() if code != chosen],
        )
        return web.Response(text=text, content_type="text/html")


def routes(pages: Pages) -> list[Route]:
    """Public: nobody has signed in yet, and signing out needs no right."""
    sign_in = SignIn(pages)
    return [
        Route("GET", "/sign-in", sign_in.show, None, "Sign-in page", query=SignInQuery, page=True),
        Route("POST", "/sign-in", sign_in.enter, None, "Sign in", body=SignInForm, page=True),
        Route("POST", "/sign-out", sign_in.leave, None, "Sign out", page=True),
    ]
