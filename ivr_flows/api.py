"""Flows over HTTP: what is in force, as definitions and as diagrams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from core.definition.label import Label
from core.errors import NotFound
from core.identity.roles import Permission
from core.web.media import diagram
from core.web.routes import Ask, Page, Route, page
from ivr_flows.flow.diagram import mermaid, svg
from ivr_flows.flow.model import Flow, Flows


class LanguageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lang: str = ""


class FlowView(msgspec.Struct, frozen=True):
    """A flow in force. `needs` are the variables that a flow which calls it has to have set."""

    name: str
    label: Label
    language: str
    needs: tuple[str, ...]
    nodes: int


class FlowApi:
    """The handlers; `flows` gives those in force."""

    def __init__(self, flows: Callable[[], Flows]) -> None:
        self._flows = flows

    async def flows(self, _: Ask[None, None]) -> Page[FlowView]:
        found = self._flows().by_name
        return page([_view(found[name]) for name in sorted(found)])

    async def flow(self, ask: Ask[None, None]) -> dict[str, Any]:
        definition: dict[str, Any] = msgspec.to_builtins(self._named(ask))
        return definition

    async def diagram(self, ask: Ask[None, LanguageQuery]) -> web.Response:
        flow = self._named(ask)
        asked = ask.query.lang or ask.user.language or ask.request.headers.get("Accept-Language", "en")
        return diagram(ask.request, lambda: mermaid(flow, asked), lambda: svg(flow, asked))

    def _named(self, ask: Ask[Any, Any]) -> Flow:
        name, found = ask.path["name"], self._flows().by_name
        if name not in found:
            raise NotFound(f"There is no flow `{name[:40]}`.", choices=sorted(found))
        return found[name]


def _view(flow: Flow) -> FlowView:
    return FlowView(flow.name, flow.label, flow.language, flow.needs, len(flow.nodes))


def routes(flows: Callable[[], Flows]) -> list[Route]:
    """The paths of flows."""
    api, see, q = FlowApi(flows), Permission.FLOWS_SEE, "/api/v1/flows"
    return [
        Route("GET", q, api.flows, see, "The phone-menu flows in force", reply=Page[FlowView]),
        Route("GET", f"{q}/{{name}}", api.flow, see, "A flow's definition", reply=dict[str, Any]),
        Route(
            "GET",
            f"{q}/{{name}}/diagram",
            api.diagram,
            see,
            "Its diagram",
            query=LanguageQuery,
            media=("image/svg+xml", "text/plain"),
        ),
    ]
