"""Calls of the demo's past as the board would have left them. Pure but for the chances, which are handed over."""

from __future__ import annotations

import random
from collections.abc import Mapping

from msgspec.structs import replace

from cti.messages import Call, CallState, Direction, EndReason, How, Outcome, Party, Segment
from cti.practice.people import PastCall
from ivr_flows.messages import Transfer, Visit

AGENTS = ("agent1002", "agent1003", "agent1004", "agent1005")
"""Who took most of the calls; and now and then the visitor's own account."""
VISITOR, VISITOR_PHONE, VISITOR_SHARE = "anna", "PJSIP/1001", 0.2
GIVES_UP = 0.08


def phone_of(agent: str) -> str:
    return VISITOR_PHONE if agent == VISITOR else f"PJSIP/{agent.removeprefix('agent')}"


def inbound(id: str, pbx: str, number: str, dialled: str, at: float) -> Call:
    """A call that has come in; what became of it is to be added."""
    return Call(id, pbx, Direction.INBOUND, CallState.ENDED, Party(number), dialled, at)


def outbound(id: str, pbx: str, number: str, at: float) -> Call:
    """A call to a number outside; likewise."""
    return Call(id, pbx, Direction.OUTBOUND, CallState.ENDED, Party(""), number, at)


def alone(call: Call, visit: Visit) -> Call:
    """The caller was in the phone menu, and in nothing else."""
    ended = visit.ended_at or call.started_at
    return replace(
        call, ended_at=ended, outcome=Outcome.ABANDONED, wait_seconds=round(ended - call.started_at, 3)
    )


def handed_on(rng: random.Random, call: Call, visit: Visit, to: Transfer) -> Call:
    """The menu sent the caller to a queue: answered there, most of the time."""
    queued = visit.ended_at or call.started_at
    call = replace(call, queue=to.to, queued_at=queued)
    if rng.random() < GIVES_UP:
        wait = round(rng.triangular(6, 120, 30), 1)
        return replace(call, ended_at=queued + wait, outcome=Outcome.ABANDONED, wait_seconds=wait)
    wait, talk = round(rng.uniform(3, 55), 1), round(rng.triangular(25, 420, 110), 1)
    hold = round(rng.uniform(8, 30), 1) if talk > 60 and rng.random() < 0.2 else 0.0
    agent = VISITOR if rng.random() < VISITOR_SHARE else rng.choice(AGENTS)
    taken, ended = queued + wait, queued + wait + talk + hold
    why = rng.choice((EndReason.CALLER_HUNG_UP, EndReason.AGENT_HUNG_UP))
    part = Segment(
        f"{call.id}-1", phone_of(agent), agent, to.to, How.QUEUE, queued + wait * 0.6, taken, ended, why, hold
    )
    return replace(
        call,
        answered_at=taken,
        ended_at=ended,
        outcome=Outcome.ANSWERED,
        wait_seconds=wait,
        talk_seconds=talk,
        hold_seconds=hold,
        segments=(part,),
    )


def rung_back(rng: random.Random, call: Call, agent: str, *, reached: bool) -> Call:
    """An agent rang somebody outside."""
    at, phone = call.started_at, phone_of(agent)
    talk = round(rng.triangular(30, 300, 90), 1) if reached else 0.0
    taken = at + 12 if reached else None
    ended = at + 12 + talk if reached else at + 30
    why = EndReason.CALLER_HUNG_UP if reached else EndReason.NO_ANSWER
    part = Segment(f"{call.id}-1", phone, agent, None, How.OUTBOUND, at, taken, ended, why)
    return replace(
        call,
        caller=Party(phone.removeprefix("PJSIP/")),
        answered_at=taken,
        ended_at=ended,
        outcome=Outcome.ANSWERED if reached else Outcome.NO_ANSWER,
        talk_seconds=talk,
        segments=(part,),
    )


def past_call(pbx: str, number: int, past: PastCall, phones: Mapping[str, str], now: float) -> Call:
    """A call of the demo's history as the board would have left it."""
    id_, started = f"{pbx}-past.{number}", now - past.ago
    taken = started + past.wait if past.outcome == Outcome.ANSWERED.value else None
    ended = started + past.wait + past.talk
    call = replace(
        inbound(id_, pbx, past.number, "4001", started),
        queue=past.queue,
        queued_at=started,
        answered_at=taken,
        ended_at=ended,
        outcome=Outcome(past.outcome),
        wait_seconds=past.wait,
        talk_seconds=past.talk,
    )
    if taken is None:
        return call
    segment = Segment(
        id=f"{id_}-1",
        interface=f"PJSIP/{past.extension}",
        agent=phones.get(past.extension),
        queue=past.queue,
        how=How.QUEUE,
        offered_at=started + past.wait * 0.6,
        answered_at=taken,
        ended_at=ended,
        end_reason=EndReason.CALLER_HUNG_UP,
    )
    return replace(call, segments=(segment,))
