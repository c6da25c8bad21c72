"""Is it alive, can it serve, and how much does it do: for load balancers and Prometheus."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from core.errors import Refused
from core.web.routes import Ask, Route
from cti.messages import LinkState
from server.metrics import registry_of
from server.wiring import House


class Alive(msgspec.Struct, frozen=True):
    status: str = "ok"


class Readiness(msgspec.Struct, frozen=True):
    """`pbx` has each link's state; `ready` is True where the database answers and every link is up.

    `problems` says of each PBX that is not up what is wrong with its link, in words for who runs the server.
    """

    ready: bool
    database: str
    pbx: dict[str, str]
    problems: dict[str, str] = {}


def routes(house: House) -> list[Route]:
    """The three public paths; they tell nothing of callers or customers."""
    registry = registry_of(house)

    async def alive(ask: Ask[Any, Any]) -> Alive:
        return Alive()

    async def ready(ask: Ask[Any, Any]) -> web.Response:
        found = await readiness(house)
        return web.json_response(
            body=msgspec.json.encode(found),
            status=200 if found.ready else 503,
            content_type="application/json",
        )

    async def metrics(ask: Ask[Any, Any]) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [
        Route("GET", "/healthz", alive, None, "Alive", reply=Alive),
        Route("GET", "/readyz", ready, None, "Able to serve: the database and each PBX", reply=Readiness),
        Route("GET", "/metrics", metrics, None, "Figures for Prometheus"),
    ]


async def readiness(house: House) -> Readiness:
    """Ask the database now; the links say what they last knew."""
    database = "ok"
    try:
        await house.db.ping()
    except Refused as refusal:
        database = refusal.message
    pbxs = house.switchboard.snapshot().pbxs
    problems = {pbx.name: pbx.detail for pbx in pbxs if pbx.state is not LinkState.UP}
    ready = database == "ok" and not problems
    return Readiness(ready, database, {pbx.name: pbx.state.value for pbx in pbxs}, problems)
