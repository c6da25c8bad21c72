"""Who a caller in the phone menu is to the other rooms: by the line's number, and by the accounts that were proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from customers.messages import Certainty, Customer, Lookup, Match
from customers.service import Customers
from ivr_flows.messages import Caller, Proved


class NothingProved:
    """For an installation without PINs: no caller has proved anything."""

    def accounts(self, session: str) -> frozenset[str]:
        return frozenset()


class Lines:
    """Looks callers up. `key` gives a number of a PBX in E.164, empty for what is none; `regions` are the PBXs'."""

    def __init__(
        self,
        customers: Customers,
        proved: Proved,
        key: Callable[[str, str], str],
        regions: Mapping[str, str],
    ) -> None:
        self.customers = customers
        self.proved = proved
        self._key = key
        self._regions = regions

    def number(self, caller: Caller) -> str:
        """The caller's number in E.164; empty where it is withheld or no number."""
        return self._key(caller.number, caller.pbx) if caller.number else ""

    def same_number(self, caller: Caller, text: str) -> bool:
        """Whether a text is the caller's own number, however it is written."""
        own = self.number(caller)
        return bool(own) and own == self._key(text, caller.pbx)

    async def lookup(self, caller: Caller) -> Lookup:
        """Who may be calling."""
        return await self.customers.lookup(caller.number, self._regions.get(caller.pbx))

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
        """Whether any customer has this account."""
        return bool(account) and await self.customers.of_account(account) is not None

    async def proved_customers(self, caller: Caller) -> frozenset[str]:
        """The ids of the customers whose account was proved in this session."""
        accounts = self.proved.accounts(caller.session)
        found = [await self.customers.of_account(account) for account in sorted(accounts)]
        return frozenset(one.id for one in found if one is not None)

    async def proved_customer(self, caller: Caller, account: str) -> str | None:
        """The id of the account's customer, where this session has proved that account."""
        if account not in self.proved.accounts(caller.session):
            return None
        owner = await self.customers.of_account(account)
        return owner.id if owner else None
