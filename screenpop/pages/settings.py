"""The user's own settings."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from aiohttp import web

from core.identity.roles import Permission
from core.web.routes import Ask, Route
from screenpop.pages.base import Pages
from screenpop.render import NATIVE_NAMES
from screenpop.words import N_

THEMES = (("auto", N_("As the computer has it")), ("light", N_("Light")), ("dark", N_("Dark")))


class SettingsForm(msgspec.Struct, frozen=True):
    language: Literal["", "en", "zh_CN"] = ""
    theme: Literal["auto", "light", "dark"] = "auto"


class SavedQuery(msgspec.Struct, frozen=True):
    saved: str = ""


class SettingsPage:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def show(self, ask: Ask[Any, SavedQuery]) -> web.StreamResponse:
        """Language, theme, sound."""
        return self._pages.page(
            ask,
            "settings.html",
            "/settings",
            saved=bool(ask.query.saved),
            languages=list(NATIVE_NAMES.items()),
            themes=THEMES,
            absences=ask.user.can(Permission.TICKETS_EDIT),
        )

    async def save(self, ask: Ask[SettingsForm, Any]) -> web.StreamResponse:
        """Keep them and show the page in them."""
        await self._pages.accounts.set_preference(
            ask.user.name, ask.at, language=ask.body.language, theme=ask.body.theme
        )
        response = web.Response(status=303, headers={"Location": "/settings?saved=1"})
        self._pages.remember_language(response, ask.body.language)
        return response


def routes(pages: Pages) -> list[Route]:
    """The paths of the user's settings."""
    page, use = SettingsPage(pages), Permission.DESK_USE
    return [
        Route("GET", "/settings", page.show, use, "Own settings", query=SavedQuery, page=True),
        Route("POST", "/settings", page.save, use, "Change own settings", body=SettingsForm, page=True),
    ]
