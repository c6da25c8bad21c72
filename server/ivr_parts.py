"""The services of callers, put together from a house's rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.ivr_callbacks import CallerCallbacks
from server.ivr_customers import CallerRecords
from server.ivr_pins import CallerPins
from server.ivr_services import IvrServices
from server.ivr_telephone import CallerTelephone
from server.ivr_tickets import CallerTickets
from server.sources import Existing

if TYPE_CHECKING:
    from server.wiring import House


def caller_services(house: House, existing: Existing) -> IvrServices:
    """What a flow can ask of this house."""
    lines, clock = house.lines, house.clock
    return IvrServices(
        CallerRecords(lines).table(),
        CallerPins(house.pins, house.proofs, lines, clock).table(),
        CallerTickets(house.tickets, lines, existing.call_exists, clock).table(),
        CallerCallbacks(house.callbacks, lines, house.switchboard.call, clock).table(),
        CallerTelephone(house.switchboard, house.calls, house.tickets, lines, clock).table(),
    )
