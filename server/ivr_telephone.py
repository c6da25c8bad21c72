"""What a flow asks of the telephone side and of the calendars: hours, the agent of the last call, a queue."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from core.clock import Clock
from core.errors import NotFound
from cti.messages import Agent, AgentState, Call
from cti.store import CallStore
from cti.switchboard import Switchboard
from ivr_flows.messages import Caller, Value
from server.ivr_lines import Lines
from server.ivr_services import Service
from ticketing.calendar import Calendar
from ticketing.service import Tickets

Name = Annotated[str, msgspec.Meta(max_length=128)]
LOOKED_THROUGH = 10
"""How many of a number's last calls are looked through for one that an agent answered."""


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    calendar: Name = "default"


class LastAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    within_seconds: Annotated[float, msgspec.Meta(gt=0, le=30 * 86_400)] = 3600.0


class InQueue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    queue: Name


class CallerTelephone:
    """The handlers."""

    def __init__(
        self, switchboard: Switchboard, calls: CallStore, tickets: Tickets, lines: Lines, clock: Clock
    ) -> None:
        self._board = switchboard
        self._calls = calls
        self._tickets = tickets
        self._lines = lines
        self._clock = clock

    def table(self) -> dict[str, Service]:
        """The services of the telephone side."""
        return {
            "hours.open": Service(Hours, self.hours),
            "agent.last": Service(LastAgent, self.last_agent),
            "queue.state": Service(InQueue, self.queue),
        }

    async def hours(self, asked: Hours, _: Caller) -> dict[str, Value]:
        """Whether we are open by a calendar; where not, when we open next, in the calendar's own time."""
        calendar = self._tickets.reckoners.get(asked.calendar)
        if calendar is None:
            raise NotFound("There is no such calendar.")
        if not isinstance(calendar, Calendar):  # `always`
            return {"open": True, "holiday": False, "opens": "", "opens_date": ""}
        now = self._clock.now()
        is_open, opens = calendar.is_open(now), calendar.opens(now)
        local = datetime.fromtimestamp(opens, calendar.zone)
        return {
            "open": is_open,
            "holiday": calendar.is_holiday(now),
            "opens": "" if is_open else f"{local:%H:%M}",
            "opens_date": "" if is_open else f"{local:%Y-%m-%d}",
        }

    async def last_agent(self, asked: LastAgent, caller: Caller) -> dict[str, Value]:
        """Who talked with this number last, and whether that agent takes calls now."""
        number = self._lines.number(caller)
        since = self._clock.now() - asked.within_seconds
        calls = await self._calls.of_numbers([number], None, LOOKED_THROUGH) if number else []
        for call in calls:
            agent = _agent_of(call, since)
            if agent and call.id != caller.call_id:
                return {"found": True, "agent": agent, "free": is_free(self._board.agent(agent), caller.pbx)}
        return {"found": False, "agent": "", "free": False}

    async def queue(self, asked: InQueue, caller: Caller) -> dict[str, Value]:
        """How many wait in a queue of the caller's PBX, how long the first of them, and who could answer."""
        for queue in self._board.snapshot().queues:
            if queue.name == asked.queue and queue.pbx == caller.pbx:
                longest = 0.0 if queue.waiting_since is None else self._clock.now() - queue.waiting_since
                minutes = int(max(longest, 0.0) // 60)
                return {"waiting": queue.waiting, "longest_minutes": minutes, "ready": queue.ready}
        raise NotFound("There is no such queue.")


def is_free(agent: Agent | None, pbx: str) -> bool:
    """Whether an agent of that PBX takes calls now."""
    return agent is not None and agent.state is AgentState.READY and agent.pbx == pbx


def _agent_of(call: Call, since: float) -> str:
    """The agent who had the call last, where that was after `since`."""
    talked = [s for s in call.segments if s.agent and s.answered_at is not None]
    if not talked:
        return ""
    last = talked[-1]
    ended = last.ended_at if last.ended_at is not None else call.started_at
    return last.agent or "" if max(ended, call.started_at) >= since else ""
