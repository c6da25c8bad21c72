"""The site: every route of every room on one aiohttp application, on one port."""

from __future__ import annotations

from aiohttp import web

import cti.api
import cti.recordings.api
import customers.accounts.api
import customers.api
import customers.pins.api
import ivr_flows.api
import ivr_flows.callbacks.api
import ivr_flows.reports
import ivr_flows.surveys.api
import screenpop.api
import screenpop.pages
import screenpop.pages.audit
import screenpop.pages.calls
import screenpop.pages.flows
import screenpop.pages.recordings
import screenpop.pages.satisfaction
import server.health
import ticketing.api
import ticketing.group_api
import ticketing.outages.api
import ticketing.staff_api
from core.audit import Trail
from core.web.app import BODY_LIMIT, install
from core.web.openapi import openapi_route
from core.web.routes import Route
from server.ivr import menus_of
from server.sources import calls_around
from server.version import VERSION
from server.wiring import House

SHUTDOWN_SECONDS = 3.0
IDLE_SECONDS = 75.0
"""How long a connection may stay open on which no whole request comes, its first one too. aiohttp's hour would let
anybody hold all the files that we may have open. A live socket, or an answer on its way, is no such connection."""


def routes(house: House) -> list[Route]:
    """All routes, with the one that describes them."""
    own = [
        *server.health.routes(house),
        *cti.recordings.api.routes(house.recordings),
        *cti.api.routes(
            house.switchboard, house.phones, house.calls, menus_of(house.visits), house.surveys.of_calls
        ),
        *customers.api.routes(house.customers),
        *customers.accounts.api.routes(house.accounts),
        *ivr_flows.api.routes(house.flows),
        *ivr_flows.callbacks.api.routes(house.callbacks, house.switchboard.may_have_queue, house.ranks),
        *customers.pins.api.routes(house.pins),
        *ivr_flows.surveys.api.routes(house.surveys, house.gaps.during),
        *ticketing.outages.api.routes(house.outages),
        *ticketing.api.routes(house.tickets),
        *ticketing.group_api.routes(house.tickets),
        *ticketing.staff_api.routes(house.tickets.directory),
        *ivr_flows.reports.routes(house.visits.store, house.gaps.during),
        *screenpop.api.routes(
            house.hub,
            house.socket,
            house.live.snapshot,
            house.pages.language_of,
            house.settings.server.public_url,
        ),
        *screenpop.api.work_routes(house.contexts),
        *screenpop.pages.routes(house.pages),
        *screenpop.pages.audit.routes(house.pages, Trail(house.db)),
        *screenpop.pages.calls.routes(house.pages, calls_around(house)),
        *screenpop.pages.flows.routes(house.pages, house.flows, house.visits, house.gaps.during),
        *screenpop.pages.recordings.routes(house.pages, house.recordings),
        *screenpop.pages.satisfaction.routes(house.pages, house.surveys, house.gaps.during),
    ]
    return [*own, openapi_route(own, VERSION)]


class Site:
    """Serves a house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.app = application(house)
        self._runner = web.AppRunner(
            self.app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, keepalive_timeout=IDLE_SECONDS
        )
        self.address = ""

    async def start(self) -> str:
        """Listen; returns the address for people, such as http://127.0.0.1:8080. Raises `OSError` if it is taken."""
        settings = self._house.settings.server
        await self._runner.setup()
        listener = web.TCPSite(self._runner, settings.host, settings.port)
        await listener.start()
        host, port = self._runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{port}"
        return self.address

    async def stop(self) -> None:
        """Tell the browsers that we go, then close."""
        self._house.hub.close_all()
        await self._runner.cleanup()


def application(house: House) -> web.Application:
    """The aiohttp application with all that stands before its routes."""
    settings = house.settings
    app = web.Application(client_max_size=BODY_LIMIT)
    install(
        app,
        routes(house),
        house.identity,
        house.db,
        house.clock,
        render_error=house.pages.render_error,
        public_url=settings.server.public_url,
        secure_cookies=settings.server.secure_cookies,
        session_hours=settings.security.session_hours,
    )
    return app
