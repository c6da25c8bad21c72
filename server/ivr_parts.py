"""The services of callers, put together from a house's rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from server.ivr_callbacks import CallerCallbacks
from server.ivr_customers import CallerRecords
from server.ivr_outages import CallerOutages
from server.ivr_pins import CallerPins
from server.ivr_services import IvrServices
from server.ivr_surveys import CallerSurveys
from server.ivr_telephone import CallerTelephone
from server.ivr_tickets import CallerTickets
from server.sources import Existing

if TYPE_CHECKING:
    from server.rooms import Rooms


def caller_services(house: Rooms, existing: Existing) -> IvrServices:
    """What a flow can ask of this house."""
    lines, clock, board, calls = house.lines, house.clock, house.switchboard, house.calls
    zone = ZoneInfo(house.settings.desk.time_zone)
    tickets = CallerTickets(house.tickets, lines, existing.call_exists, clock, zone)
    return IvrServices(
        CallerRecords(lines).table(),
        tickets.table(),
        CallerPins(house.pins, house.proofs, lines, clock).table(),
        CallerOutages(house.outages, tickets, lines, zone, clock).table(),
        CallerCallbacks(house.callbacks, house.ranks, lines, board.call, clock).table(),
        CallerSurveys(house.surveys, tickets, board, calls, lines, clock, house.dialer).table(),
        CallerTelephone(board, calls, house.tickets, lines, clock).table(),
    )
