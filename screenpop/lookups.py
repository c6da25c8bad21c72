"""What is known of the callers of live calls: read once for all agents, waited for until a deadline, tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from core.tasks import Tasks
from cti import messages as cti
from screenpop.pops import Context, Question, unknown_yet, who

RETRY_SECONDS = 3.0
"""How soon a record that could not be read is tried again, while a card waits for it."""


class Records(Protocol):
    """Where pops read what is known of a caller."""

    async def about(self, question: Question) -> Context:
        """Everything known of the caller, as a pop shows it."""
        ...


class Changed(Struct, frozen=True):
    """What changed, of which records are read again: a customer, a ticket of a call, who has a number (E.164)."""

    customer_id: str | None = None
    call_id: str | None = None
    numbers: frozenset[str] = frozenset()


class Known:
    """One call's number and what is known of it, fetched once for all agents."""

    def __init__(self, question: Question, task: asyncio.Task[Context], before: Context | None) -> None:
        self.question = question
        self.number = question.number
        self.task = task
        self._before = before
        self.late = False
        """True once the deadline has passed without a record."""

    def failed(self) -> bool:
        """The record could not be read."""
        return self.task.done() and not self.task.cancelled() and self.task.exception() is not None

    def context(self) -> Context | None:
        """The record, or the one before it while it is read again; a stand-in where it is late or could not be read;
        None where it may still come in time.
        """
        if self.task.done() and not self.task.cancelled() and self.task.exception() is None:
            return self.task.result()
        if self._before is not None:
            return self._before
        return unknown_yet(self.number) if self.late or self.task.done() else None

    def is_about(self, changed: Changed) -> bool:
        """Whether what changed may be in the record."""
        context = self.context() or unknown_yet(self.number)
        return (
            self.question.call_id == changed.call_id
            or not changed.numbers.isdisjoint({self.number, context.lookup.e164})
            or any(one.customer.id == changed.customer_id for one in context.lookup.candidates)
        )


class Lookups:
    """The records of calls, by the call's id. `arrived` is called when one is there, is late, or could not be read;
    `shown` returns the call while a card of it is open.
    """

    def __init__(
        self,
        records: Records,
        tasks: Tasks,
        deadline: float,
        arrived: Callable[[str], object],
        shown: Callable[[str], cti.Call | None],
    ) -> None:
        self._records = records
        self._tasks = tasks
        self._deadline = deadline
        self._tell = arrived
        self._shown = shown
        self._known: dict[str, Known] = {}
        self.chosen: Callable[[str], str] = lambda _: ""
        """The customer whom an agent chose in a call; empty where nobody has."""

    def of_call(self, call_id: str) -> Known | None:
        return self._known.get(call_id)

    def fetch(self, call: cti.Call) -> None:
        """Begin to read; until it is there the record before it counts, if it is the same caller's."""
        self._ask(Question(who(call), call.pbx, call.id, self.chosen(call.id)))

    def refresh(self, changed: Changed) -> None:
        """Read again what may have changed, also of a call that rings at nobody's phone yet: what a caller has opened
        in the phone menu is on the card from its first moment.
        """
        for call_id, known in list(self._known.items()):
            if known.is_about(changed):
                self._ask(replace(known.question, customer_id=self.chosen(call_id)))

    def forget(self, call_id: str) -> None:
        """The call is over and no card of it is left."""
        known = self._known.pop(call_id, None)
        if known is not None and not known.task.done():
            known.task.cancel()

    def _ask(self, question: Question) -> None:
        call_id = question.call_id
        last = self._known.get(call_id)
        before = last.context() if last is not None and last.number == question.number else None
        task = self._tasks.spawn(self._records.about(question), f"look up the caller of {call_id}")
        known = self._known[call_id] = Known(question, task, before)
        task.add_done_callback(lambda _: self._arrived(call_id, known))
        asyncio.get_running_loop().call_later(self._deadline, self._too_late, call_id, known)

    def _arrived(self, call_id: str, known: Known) -> None:
        if self._known.get(call_id) is not known:
            return
        self._tell(call_id)
        if known.failed():
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry, call_id, known)

    def _retry(self, call_id: str, known: Known) -> None:
        call = self._shown(call_id)
        if call is not None and self._known.get(call_id) is known and not self._tasks.closed:
            self.fetch(call)

    def _too_late(self, call_id: str, known: Known) -> None:
        if not known.task.done():
            known.late = True
            self._arrived(call_id, known)
