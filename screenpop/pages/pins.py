"""PINs for the phone menu on a customer's page: give an account another one, let it be tried again. Never shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from aiohttp import web

from core.errors import Invalid, NotFound, Refused
from core.identity.roles import Permission
from core.web.routes import Ask, Route
from customers.messages import Customer
from customers.pins.service import PinState
from screenpop.pages.base import Pages
from screenpop.pages.problems import sentence
from screenpop.words import N_

WRONG = (
    N_("A PIN has 4 to 8 digits."),
    N_("A PIN of one digit only or of digits in a row is guessed first; take another."),
    N_("A PIN that is part of the account number is guessed first; take another."),
)
"""What the customers' room says of a PIN, for the catalogue."""
DIFFERENT = N_("This is not what stands in the first field.")
SET, UNLOCKED = N_("The new PIN is in force."), N_("It may be tried again.")
Digits = Annotated[str, msgspec.Meta(max_length=64)]


class PinForm(msgspec.Struct, frozen=True):
    """Typed blind, therefore twice."""

    account: Annotated[str, msgspec.Meta(max_length=64)] = ""
    pin: Digits = ""
    again: Digits = ""


class UnlockForm(msgspec.Struct, frozen=True):
    account: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Tried(msgspec.Struct, frozen=True):
    """What came of the last form, for its account. Nothing of a PIN is ever sent back, not even what was refused."""

    account: str = ""
    field: str = ""
    wrong: str = ""
    done: str = ""


class PinPages:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def context(
        self, ask: Ask[Any, Any], customer: Customer, tried: Tried | None = None
    ) -> dict[str, Any]:
        """What `parts/pins.html` is made of; no accounts for who may not reset PINs."""
        if not ask.user.can(Permission.PINS_RESET):
            return {"pins": (), "tried_pin": Tried(), "pin_lengths": ()}
        return {
            "pins": await self._states(customer, ask.at),
            "tried_pin": tried or Tried(),
            "pin_lengths": self._pages.renderer.menus.pin_lengths(),
        }

    async def set(self, ask: Ask[PinForm, Any]) -> web.StreamResponse:
        """Give the account another PIN; answers with the part anew."""
        customer, account = await self._owned(ask.path["id"], ask.body.account)
        try:
            if ask.body.pin != ask.body.again:
                raise Invalid(DIFFERENT, field="again")
            await self._pages.pins.set(ask.user.name, account, ask.body.pin, ask.at)
        except NotFound:
            raise
        except Refused as refusal:
            return await self._part(ask, customer, self._refused(ask, account, refusal))
        return await self._part(ask, customer, Tried(account, done=self._gettext(ask)(SET)))

    async def unlock(self, ask: Ask[UnlockForm, Any]) -> web.StreamResponse:
        """Forget the wrong tries against the account; answers with the part anew."""
        customer, account = await self._owned(ask.path["id"], ask.body.account)
        await self._pages.pins.unlock(ask.user.name, account, ask.at)
        return await self._part(ask, customer, Tried(account, done=self._gettext(ask)(UNLOCKED)))

    async def _part(self, ask: Ask[Any, Any], customer: Customer, tried: Tried) -> web.StreamResponse:
        context = await self.context(ask, customer, tried)
        return self._pages.fragment(ask, "parts/pins.html", customer=customer, **context)

    async def _owned(self, customer_id: str, account: str) -> tuple[Customer, str]:
        """The customer whose account it is. Raises `NotFound` for an account that is somebody else's."""
        customer = await self._pages.customers.get(customer_id)
        if account not in await self._accounts(customer):
            raise NotFound("The customer has no such account.")
        return customer, account

    async def _accounts(self, customer: Customer) -> Sequence[str]:
        """The record's own first, then those that billing says are the customer's."""
        billed = [one.account for one in await self._pages.billing.of_customer(customer.id)]
        return list(dict.fromkeys(name for name in (customer.account, *billed) if name))

    async def _states(self, customer: Customer, at: float) -> Sequence[PinState]:
        return [await self._pages.pins.state(account, at) for account in await self._accounts(customer)]

    def _refused(self, ask: Ask[Any, Any], account: str, refusal: Refused) -> Tried:
        gettext, field = self._gettext(ask), str(refusal.details.get("field", ""))
        if field in ("pin", "again"):
            return Tried(account, field, gettext(refusal.message))
        return Tried(account, "pin", sentence(refusal.code, refusal.message, refusal.details, gettext))

    def _gettext(self, ask: Ask[Any, Any]) -> Any:
        return self._pages.renderer.gettext(self._pages.language_of(ask))


def routes(pages: Pages) -> list[Route]:
    """The paths of PINs on a customer's page."""
    own, reset, piece = PinPages(pages), Permission.PINS_RESET, "/desk/customers/{id}/pin"
    return [
        Route("POST", piece, own.set, reset, "Give an account another PIN", body=PinForm, page=True),
        Route("POST", piece + "/unlock", own.unlock, reset, "Let it be tried again", UnlockForm, page=True),
    ]
