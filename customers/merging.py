"""What a batch of an import does to the customers that are there: which are new, which change. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from customers.columns import merged
from customers.csvfile import Row
from customers.messages import Customer
from customers.records import MOST_PHONES, name_key, renewed


class Draft(msgspec.Struct, frozen=True):
    """A row, the record it asks for, and the fields that it fills in."""

    row: Row
    customer: Customer
    filled: frozenset[str]


class Plan:
    """Takes one row after the other and knows what is to be written at the end.

    Rows of one batch see each other: the second row of an account changes what the first has made.
    """

    def __init__(self, known: Iterable[Customer], at: float) -> None:
        self.created = self.updated = self.unchanged = 0
        self.rejects: list[tuple[Row, str]] = []
        self.ids: list[str] = []
        self._at = at
        self._before: dict[str, Customer] = {}
        self._after: dict[str, Customer] = {}
        self._by_account: dict[str, str] = {}
        self._by_line: dict[tuple[str, str], str] = {}
        for customer in known:
            self._before[customer.id] = customer
            self._remember(customer)

    def take(self, draft: Draft) -> None:
        """Decide what this row does."""
        before = self._recognised(draft.customer)
        if before is None:
            self.created += 1
            self.ids.append(draft.customer.id)
            self._remember(draft.customer)
            return
        after = merged(before, draft.customer, draft.filled)
        if len(after.phones) > MOST_PHONES:
            self.rejects.append((draft.row, f"the customer would have more than {MOST_PHONES} numbers"))
        elif after == before:
            self.unchanged += 1
        else:
            self.updated += 1
            self._remember(after)

    def add(self, other: Plan) -> None:
        """Count what another plan did."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.rejects += other.rejects
        self.ids += other.ids

    def inserts(self) -> list[Customer]:
        """The customers to add."""
        return [self._after[id] for id in self.ids]

    def updates(self) -> list[tuple[Customer, Customer]]:
        """The customers to change, before and after."""
        changed = ((before, self._after[id]) for id, before in self._before.items())
        return [(before, renewed(before, after, self._at)) for before, after in changed if before != after]

    def _recognised(self, customer: Customer) -> Customer | None:
        if customer.account in self._by_account:
            return self._after[self._by_account[customer.account]]
        for phone in customer.phones:
            found = self._after.get(self._by_line.get((name_key(customer), phone.e164), ""))
            # Two accounts of one name and number (a flat and a shop) stay two customers.
            if found and not (found.account and customer.account):
                return found
        return None

    def _remember(self, customer: Customer) -> None:
        self._after[customer.id] = customer
        if customer.account:
            self._by_account[customer.account] = customer.id
        for phone in customer.phones:
            self._by_line[name_key(customer), phone.e164] = customer.id
