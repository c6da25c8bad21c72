"""PINs over HTTP: set, remove, unlock, and whether there is one. No answer ever holds a PIN."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.clock import iso_or_none
from core.identity.roles import Permission
from core.web.routes import Ask, Route
from customers.pins.service import Pins, PinState


class PinView(msgspec.Struct, frozen=True):
    """`set_at` is null where the account has no PIN, `locked_until` where it may be tried."""

    account: str
    set_at: str | None
    tries_left: int
    locked_until: str | None


class PinBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """4 to 8 digits."""

    pin: Annotated[str, Meta(max_length=16)]


def routes(pins: Pins) -> list[Route]:
    """The paths of PINs."""

    async def state(ask: Ask[Any, Any]) -> PinView:
        return _view(await pins.state(ask.path["account"], ask.at))

    async def put(ask: Ask[PinBody, Any]) -> PinView:
        return _view(await pins.set(ask.user.name, ask.path["account"], ask.body.pin, ask.at))

    async def remove(ask: Ask[Any, Any]) -> PinView:
        return _view(await pins.remove(ask.user.name, ask.path["account"], ask.at))

    async def unlock(ask: Ask[Any, Any]) -> PinView:
        return _view(await pins.unlock(ask.user.name, ask.path["account"], ask.at))

    reset = Permission.PINS_RESET
    path = "/api/v1/accounts/{account}/pin"
    return [
        Route(
            "GET", path, state, reset, "Whether an account has a PIN, and whether it is locked", reply=PinView
        ),
        Route("PUT", path, put, reset, "Give an account a new PIN", PinBody, reply=PinView),
        Route("DELETE", path, remove, reset, "Take an account's PIN away", reply=PinView),
        Route("POST", path + "/unlock", unlock, reset, "Let an account's PIN be tried again", reply=PinView),
    ]


def _view(state: PinState) -> PinView:
    return PinView(
        state.account, iso_or_none(state.set_at), state.tries_left, iso_or_none(state.locked_until)
    )
