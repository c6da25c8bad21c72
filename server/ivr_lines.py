"""Who a caller in the phone menu is to the other rooms: by the line's number, and by the accounts that were proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.errors import NotFound
from customers.accounts.service import Accounts
from customers.messages import Certainty, Customer, Lookup, Match
from customers.service import Customers
from ivr_flows.messages import Caller, Proved

REMEMBERED = 5000
"""Visits of customers whom we rang up."""


class Lines:
    """Looks callers up. `key` gives a number of a PBX in E.164, empty for what is none; `regions` are the PBXs'."""

    def __init__(
        self,
        customers: Customers,
        accounts: Accounts,
        proved: Proved,
        key: Callable[[str, str], str],
        regions: Mapping[str, str],
    ) -> None:
        self.customers = customers
        self.accounts = accounts
        self.proved = proved
        self.key = key
        self._dialled: dict[str, str] = {}
        self._regions = regions

    def number(self, caller: Caller) -> str:
        """The caller's number in E.164; empty where it is withheld or no number."""
        if own := self._dialled.get(caller.session):
            return own
        return self.key(caller.number, caller.pbx) if caller.number else ""

    def dialled(self, session: str, number: str) -> None:
        """We have rung this number up ourselves, and this is its visit: whoever sends which caller ID, it is theirs."""
        while len(self._dialled) >= REMEMBERED:
            del self._dialled[next(iter(self._dialled))]
        self._dialled[session] = number

    def same_number(self, caller: Caller, text: str) -> bool:
        """Whether a text is the caller's own number, however it is written."""
        own = self.number(caller)
        return bool(own) and own == self.key(text, caller.pbx)

    async def lookup(self, caller: Caller) -> Lookup:
        """Who may be calling."""
        number = self._dialled.get(caller.session) or caller.number
        return await self.customers.lookup(number, self._regions.get(caller.pbx))

    async def certain(self, caller: Caller) -> Sequence[Customer]:
        """The customers whose whole number the caller's line is: several on a shared line."""
        if not self.number(caller):
            return ()
        found = await self.lookup(caller)
        return [one.customer for one in found.candidates if one.certainty is not Certainty.MAYBE]

    async def only(self, caller: Caller) -> Customer | None:
        """The one customer whose line it is; None where there is none, or several share it."""
        found = await self.lookup(caller)
        return found.candidates[0].customer if found.match is Match.ONE else None

    async def account_exists(self, account: str) -> bool:
        """Whether billing or a customer's record has this account."""
        if not account:
            return False
        return await self.accounts.find(account) is not None or await self._owner(account) is not None

    async def proved_customers(self, caller: Caller) -> frozenset[str]:
        """The ids of the customers whose account was proved in this session."""
        found = [await self._owner(account) for account in sorted(self.proved.accounts(caller.session))]
        return frozenset(one for one in found if one is not None)

    async def proved_customer(self, caller: Caller, account: str) -> str | None:
        """The id of the account's customer, where this session has proved that account."""
        return await self._owner(account) if account in self.proved.accounts(caller.session) else None

    async def customer_of_account(self, account: str) -> Customer | None:
        """Whose account it is, by the customer's record or by billing's; for what is not told to the caller."""
        owner = await self.customers.of_account(account) if account else None
        if owner is not None or not account:
            return owner
        found = await self.accounts.find(account)
        if found is None or found.customer_id is None:
            return None
        try:
            return await self.customers.get(found.customer_id)
        except NotFound:
            return None

    async def _owner(self, account: str) -> str | None:
        owner = await self.customer_of_account(account)
        return owner.id if owner else None
