"""A caller's score for a call or a ticket, given in the phone menu."""

from __future__ import annotations

from typing import Annotated

import msgspec

from core.clock import Clock
from core.errors import Invalid
from core.ids import new_id
from cti.messages import Call
from cti.store import CallStore
from cti.switchboard import Switchboard
from ivr_flows.callbacks.dialer import Dialer
from ivr_flows.messages import Caller, Value
from ivr_flows.surveys.store import HIGHEST, LOWEST, Score, Surveys
from server.ivr_lines import Lines
from server.ivr_services import Service
from server.ivr_tickets import RATE, CallerTickets


class Saving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """About this very call, or about a ticket of the caller's own."""

    score: Annotated[int, msgspec.Meta(ge=LOWEST, le=HIGHEST)]
    call: bool = False
    ticket: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class CallerSurveys:
    """The handler."""

    def __init__(  # noqa: PLR0913, PLR0917  # the rooms that a score concerns
        self,
        surveys: Surveys,
        tickets: CallerTickets,
        switchboard: Switchboard,
        calls: CallStore,
        lines: Lines,
        clock: Clock,
        dialer: Dialer,
    ) -> None:
        self._dialer = dialer
        self._surveys = surveys
        self._tickets = tickets
        self._board = switchboard
        self._calls = calls
        self._lines = lines
        self._clock = clock

    def table(self) -> dict[str, Service]:
        """The service of surveys."""
        return {"survey.due": Service(Nothing, self.due), "survey.save": Service(Saving, self.save)}

    async def due(self, _: Nothing, caller: Caller) -> dict[str, Value]:
        """The ticket about which we have rung this caller up; the call has reached them by that."""
        callback = await self._dialer.asked(caller.call_id) if caller.call_id else None
        if callback is None:
            return {"found": False, "number": ""}
        self._lines.dialled(caller.session, callback.number)
        return {"found": True, "number": callback.ticket}

    async def save(self, asked: Saving, caller: Caller) -> dict[str, Value]:
        """Keep the score; one of a ticket goes through its workflow first, and is refused where that refuses it."""
        if asked.ticket:
            await self._of_ticket(asked, caller)
        elif asked.call and caller.call_id:
            await self._of_call(asked, caller)
        else:
            raise Invalid("A score is about a call or a ticket.")
        return {"ok": True}

    async def _of_ticket(self, asked: Saving, caller: Caller) -> None:
        ticket = await self._tickets.own(asked.ticket, caller)
        done = await self._tickets.fire(ticket, (RATE,), {"satisfaction": asked.score}, caller)
        now = self._clock.now()
        await self._surveys.save(
            Score(
                id=new_id(now),
                at=now,
                kind="ticket",
                about=done.number,
                call_id=caller.call_id or caller.session,
                score=asked.score,
                workflow=done.workflow,
                number=self._lines.number(caller),
                customer_id=done.customer_id or "",
            )
        )

    async def _of_call(self, asked: Saving, caller: Caller) -> None:
        call = self._board.call(caller.call_id) or await self._calls.get(caller.call_id)
        customer = await self._lines.only(caller)
        agent, queue = talked_with(call)
        now = self._clock.now()
        await self._surveys.save(
            Score(
                id=new_id(now),
                at=now,
                kind="call",
                about=caller.call_id,
                call_id=caller.call_id,
                score=asked.score,
                agent=agent,
                queue=queue,
                number=self._lines.number(caller),
                customer_id=customer.id if customer else "",
            )
        )


def talked_with(call: Call | None) -> tuple[str, str]:
    """The agent who had the caller last, and the queue of the call."""
    if call is None:
        return "", ""
    talked = [segment for segment in call.segments if segment.agent and segment.answered_at is not None]
    last = talked[-1] if talked else None
    return (last.agent or "" if last else ""), (last.queue if last else None) or call.queue or ""
