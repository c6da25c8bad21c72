"""The list of call-backs: who waits, how often they were tried, when the next try is, and taking one off."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from core.errors import Refused
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Route
from ivr_flows.callbacks.model import State
from screenpop.pages.base import Pages
from screenpop.pages.problems import of_refusal
from screenpop.words import N_

FILTERS = (("open", N_("Open")), ("closed", N_("Closed")))


class CallbacksQuery(ListQuery, frozen=True):
    show: Annotated[str, msgspec.Meta(max_length=16)] = "open"


class CallbackPages:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def list(self, ask: Ask[Any, CallbacksQuery]) -> web.StreamResponse:
        """Open call-backs in the order in which they are dialled, or the closed ones, the newest first."""
        context = await self._rows(ask, ask.query)
        if "HX-Request" in ask.request.headers:
            return self._pages.fragment(ask, "parts/callback_rows.html", **context)
        return self._pages.page(ask, "callbacks.html", "/callbacks", filters=FILTERS, **context)

    async def cancel(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Take one off; answers with the list as it then is, and why not where it was not."""
        problem = ""
        try:
            await self._pages.callbacks.cancel(ask.path["id"], ask.user.name)
        except Refused as refusal:
            problem = of_refusal(refusal, self._pages.renderer.gettext(self._pages.language_of(ask)))
        context = await self._rows(ask, CallbacksQuery())
        return self._pages.fragment(ask, "parts/callback_rows.html", **{**context, "problem": problem})

    async def _rows(self, ask: Ask[Any, Any], query: CallbacksQuery) -> dict[str, Any]:
        more = None
        if query.show == "closed":
            found = list(await self._pages.callbacks.store.page(False, query.limit + 1, query.after))
            shown = found[: query.limit]
            if len(found) > query.limit:
                more = f"/callbacks?{urlencode({'show': 'closed', 'after': shown[-1].id})}"
        else:
            shown = list(await self._pages.callbacks.store.open())
        names = await self._pages.customers.names(one.customer_id for one in shown)
        return {
            "rows": [
                {
                    "callback": one,
                    # The record may be gone, the promise is not.
                    "customer_name": names.get(one.customer_id, ""),
                    "waits": one.state is State.WAITING,
                }
                for one in shown
            ],
            "query": query,
            "more": more,
            "may_cancel": ask.user.can(Permission.CALLBACKS_MANAGE),
            "problem": "",
        }


def routes(pages: Pages) -> list[Route]:
    """The paths of call-backs."""
    own = CallbackPages(pages)
    see, manage = Permission.CALLBACKS_SEE, Permission.CALLBACKS_MANAGE
    cancel = "/callbacks/{id}/cancel"
    return [
        Route("GET", "/callbacks", own.list, see, "List of call-backs", query=CallbacksQuery, page=True),
        Route("POST", cancel, own.cancel, manage, "Take a call-back off the list", page=True),
    ]
