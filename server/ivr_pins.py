"""The service `pin.check`: the one way by which a caller proves an account."""

from __future__ import annotations

from typing import Annotated

import msgspec

from core.clock import Clock
from customers.numbers import Kind, normalise
from customers.pins.rules import Attempt
from customers.pins.service import Pins, Reason
from ivr_flows.messages import Caller, Value
from ivr_flows.proofs import Proofs
from server.ivr_lines import Lines
from server.ivr_services import Service


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Digits of a keypad. The PIN is nowhere in what this type prints."""

    account: Annotated[str, msgspec.Meta(max_length=64)]
    pin: Annotated[str, msgspec.Meta(max_length=32)]

    def __repr__(self) -> str:
        return f"Check(account={self.account!r}, pin=…)"


class CallerPins:
    """The handler."""

    def __init__(self, pins: Pins, proofs: Proofs, lines: Lines, clock: Clock) -> None:
        self._pins, self._proofs, self._lines, self._clock = pins, proofs, lines, clock

    def table(self) -> dict[str, Service]:
        """The services of PINs."""
        return {"pin.check": Service(Check, self.check)}

    def _source(self, caller: Caller) -> str:
        """The number by which tries are counted; empty where it is withheld, in whichever words a carrier says so."""
        if own := self._lines.number(caller):
            return own
        return "" if normalise(caller.number).kind is Kind.ANONYMOUS else caller.number

    async def check(self, asked: Check, caller: Caller) -> dict[str, Value]:
        """Whether the PIN is the account's; if so, this session may hear of that account."""
        account = asked.account.strip()
        attempt = Attempt(account, caller.session, self._source(caller))
        found = await self._pins.check(attempt, asked.pin, self._clock.now())
        if found.reason is Reason.OK:
            self._proofs.add(caller.session, account)
        return {"ok": found.reason is Reason.OK, "reason": found.reason.value, "tries_left": found.tries_left}
