"""What a flow may know of the caller: who it may be by the line, and of an account only whether there is one.

Caller ID is never proof: what an account owes is told for accounts alone whose PIN was entered in this session.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from core.errors import Forbidden
from customers.accounts.model import money
from customers.messages import Match
from ivr_flows.messages import Caller, Value
from server.ivr_lines import Lines
from server.ivr_services import Service

Text = Annotated[str, msgspec.Meta(max_length=256)]
Account = Annotated[str, msgspec.Meta(max_length=64)]


class Find(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`number` may be left out; another one than the caller's own is refused, or a flow could be made a directory."""

    number: Text = ""


class OfAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: Account


class CallerRecords:
    """The handlers."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def table(self) -> dict[str, Service]:
        """The services of the customers room."""
        return {
            "customer.find": Service(Find, self.find),
            "account.find": Service(OfAccount, self.account),
            "account.balance": Service(OfAccount, self.balance),
        }

    async def find(self, asked: Find, caller: Caller) -> dict[str, Value]:
        """Who may be calling; a record only where the line says it for certain."""
        if (
            asked.number
            and asked.number != caller.number
            and not self._lines.same_number(caller, asked.number)
        ):
            raise Forbidden("Only the caller's own number can be looked up.", code="not_allowed")
        found = await self._lines.lookup(caller)
        if found.match is not Match.ONE:
            return {"match": found.match.value, **_NOBODY}
        customer = found.candidates[0].customer
        return {
            "match": found.match.value,
            "customer_id": customer.id,
            "name": customer.name,
            "grade": customer.grade.value,
            "vip": customer.vip,
            "language": customer.language,
            "account": customer.account,
            "district": customer.address.district if customer.address else "",
        }

    async def account(self, asked: OfAccount, _: Caller) -> dict[str, Value]:
        """Whether there is such an account; never whose."""
        account = asked.account.strip()
        return {"found": await self._lines.account_exists(account), "account": account}

    async def balance(self, asked: OfAccount, caller: Caller) -> dict[str, Value]:
        """What an account owes, to who has proved it in this very session. Whether there is such an account is not
        even looked at before that."""
        account = asked.account.strip()
        if account not in self._lines.proved.accounts(caller.session):
            raise Forbidden("The PIN of this account has not been entered.", code="not_authenticated")
        found = await self._lines.accounts.get(account)
        return {
            "balance": money(found.balance, found.currency),
            "owed": found.owed,
            "bill": "" if found.bill is None else money(found.bill, found.currency),
            "due": found.due,
            "period": found.period,
        }


_NOBODY: dict[str, Value] = {
    "customer_id": "",
    "name": "",
    "grade": "C",
    "vip": False,
    "language": "",
    "account": "",
    "district": "",
}
