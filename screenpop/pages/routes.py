"""All pages as one list of routes."""

from __future__ import annotations

from core.web.routes import Route
from screenpop.pages import (
    absences,
    callbacks,
    customers,
    desk,
    files,
    outages,
    pins,
    settings,
    sign_in,
    ticket,
    ticket_bulk,
    tickets,
)
from screenpop.pages.base import Pages
from screenpop.pages.records import Records


def routes(pages: Pages) -> list[Route]:
    """What the composition root installs beside the API's routes."""
    records = Records(pages)
    one = ticket.TicketPage(pages, records)
    return [
        *files.routes(pages.renderer.assets),
        *sign_in.routes(pages),
        *desk.routes(pages, records),
        *customers.routes(pages, records),
        *pins.routes(pages),
        *callbacks.routes(pages),
        *outages.routes(pages),
        *tickets.routes(pages, records),
        *ticket_bulk.routes(pages, one),
        *ticket.routes(one),
        *settings.routes(pages),
        *absences.routes(pages),
    ]
