"""What callers have proved in their visits: by session, in memory, and gone with the call."""

from __future__ import annotations

from collections import OrderedDict

from ivr_flows.messages import VisitChanged

SESSIONS = 10_000
"""Bound of what is remembered; the oldest go first, and have to enter their PIN again."""


class Proofs:
    """See `messages.Proved`. A server that starts anew knows of no proof, and its visits are over too."""

    def __init__(self) -> None:
        self._proved: OrderedDict[str, frozenset[str]] = OrderedDict()

    def accounts(self, session: str) -> frozenset[str]:
        return self._proved.get(session, frozenset())

    def add(self, session: str, account: str) -> None:
        """This session has entered the account's PIN."""
        self._proved[session] = self.accounts(session) | {account}
        self._proved.move_to_end(session)
        while len(self._proved) > SESSIONS:
            self._proved.popitem(last=False)

    def forget(self, session: str) -> None:
        """The visit is over."""
        self._proved.pop(session, None)

    def follow(self, event: VisitChanged) -> None:
        """Forget with the visit's end."""
        if event.visit.ended is not None:
            self.forget(event.visit.id)
