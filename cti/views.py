"""Calls, agents, queues and PBXs as the HTTP and socket contract shows them, pure: ISO times and plain names."""

from __future__ import annotations

from typing import Any

import msgspec

from core.clock import iso, iso_or_none
from cti.gaps import Gap
from cti.messages import Agent, Call, Pbx, Queue, Segment


class CallerView(msgspec.Struct, frozen=True):
    number: str
    name: str


class SegmentView(msgspec.Struct, frozen=True):
    """One stretch of one agent with the call. `agent` is null where no user has the interface."""

    id: str
    agent: str | None
    interface: str
    queue: str | None
    offered_at: str
    answered_at: str | None
    ended_at: str | None
    how: str
    end_reason: str | None
    held_since: str | None
    hold_seconds: float
    consult_seconds: float
    consult_since: str | None
    """Talked with the colleague who asked it to take the caller, before it had the caller."""


class CallView(msgspec.Struct, frozen=True):
    """A call; durations are seconds. `incomplete` is true where the link to the PBX was away during the call."""

    id: str
    pbx: str
    direction: str
    state: str
    caller: CallerView
    dialled: str
    queue: str | None
    started_at: str
    answered_at: str | None
    ended_at: str | None
    outcome: str | None
    wait_seconds: float
    talk_seconds: float
    hold_seconds: float
    incomplete: bool
    segments: tuple[SegmentView, ...]


class IvrView(msgspec.Struct, frozen=True):
    """What the caller did in the phone menu. `path` names nodes, `flow/node`; `auth` is empty or `pin` (for `account`);
    `ended` is transferred, served, hung_up or failed, null while it goes on."""

    id: str
    flow: str
    language: str
    started_at: str
    ended_at: str | None
    ended: str | None
    detail: str
    path: tuple[str, ...]
    answers: dict[str, Any]
    auth: str
    account: str
    recordings: tuple[str, ...]


class CallDetail(CallView, frozen=True):
    """A call with its visits to the phone menu, in order, and the score (1 to 5) that the caller gave for it.

    `served`: the phone menu served the caller, who needed nobody. `outcome` is then `abandoned`, for nobody answered.
    """

    ivr: tuple[IvrView, ...] = ()
    satisfaction: int | None = None
    served: bool = False


class AgentView(msgspec.Struct, frozen=True):
    user: str
    name: str
    pbx: str
    interface: str
    extension: str
    state: str
    since: str
    reason: str
    queues: tuple[str, ...]
    call_id: str | None


class QueueView(msgspec.Struct, frozen=True):
    """Live figures of one queue. `unknown_members` are phones in it that belong to no user."""

    key: str
    pbx: str
    name: str
    waiting: int
    waiting_since: str | None
    members: int
    ready: int
    paused: int
    talking: int
    unknown_members: tuple[str, ...]


class PbxView(msgspec.Struct, frozen=True):
    """State of one PBX's link; `detail` says what is wrong."""

    name: str
    state: str
    epoch: int
    since: str
    detail: str
    version: str


class GapView(msgspec.Struct, frozen=True, rename={"from_at": "from", "to_at": "to"}):
    """What happened on the PBX between these times was not seen. `to` is null while it lasts.

    `cause`: cut (the link), restart (of the PBX), server (Ringdesk itself was away).
    """

    pbx: str
    from_at: str
    to_at: str | None
    cause: str


class PbxLinkView(msgspec.Struct, frozen=True):
    """One PBX with its link, the gap that lasts, and those of the last seven days, the newest first."""

    pbx: PbxView
    unseen: GapView | None
    gaps: tuple[GapView, ...]


def call_view(call: Call) -> CallView:
    return CallView(
        id=call.id,
        pbx=call.pbx,
        direction=call.direction.value,
        state=call.state.value,
        caller=CallerView(call.caller.number, call.caller.name),
        dialled=call.dialled,
        queue=call.queue,
        started_at=iso(call.started_at),
        answered_at=iso_or_none(call.answered_at),
        ended_at=iso_or_none(call.ended_at),
        outcome=call.outcome.value if call.outcome else None,
        wait_seconds=round(call.wait_seconds, 3),
        talk_seconds=round(call.talk_seconds, 3),
        hold_seconds=round(call.hold_seconds, 3),
        incomplete=call.incomplete,
        segments=tuple(segment_view(segment) for segment in call.segments),
    )


def call_detail(call: Call, ivr: tuple[IvrView, ...], score: int | None = None) -> CallDetail:
    served = call.called_nobody and bool(ivr) and ivr[-1].ended == "served"
    return CallDetail(**msgspec.structs.asdict(call_view(call)), ivr=ivr, satisfaction=score, served=served)


def segment_view(segment: Segment) -> SegmentView:
    return SegmentView(
        id=segment.id,
        agent=segment.agent,
        interface=segment.interface,
        queue=segment.queue,
        offered_at=iso(segment.offered_at),
        answered_at=iso_or_none(segment.answered_at),
        ended_at=iso_or_none(segment.ended_at),
        how=segment.how.value,
        end_reason=segment.end_reason.value if segment.end_reason else None,
        held_since=iso_or_none(segment.held_since),
        hold_seconds=round(segment.hold_seconds, 3),
        consult_seconds=round(segment.consult_seconds, 3),
        consult_since=iso_or_none(segment.consult_since),
    )


def agent_view(agent: Agent) -> AgentView:
    return AgentView(
        user=agent.user,
        name=agent.name,
        pbx=agent.pbx,
        interface=agent.interface,
        extension=agent.extension,
        state=agent.state.value,
        since=iso(agent.since),
        reason=agent.reason,
        queues=agent.queues,
        call_id=agent.call_id,
    )


def queue_view(queue: Queue) -> QueueView:
    return QueueView(
        key=queue.key,
        pbx=queue.pbx,
        name=queue.name,
        waiting=queue.waiting,
        waiting_since=iso_or_none(queue.waiting_since),
        members=queue.members,
        ready=queue.ready,
        paused=queue.paused,
        talking=queue.talking,
        unknown_members=queue.unknown_members,
    )


def pbx_view(pbx: Pbx) -> PbxView:
    return PbxView(
        name=pbx.name,
        state=pbx.state.value,
        epoch=pbx.epoch,
        since=iso(pbx.since),
        detail=pbx.detail,
        version=pbx.version,
    )


def gap_view(gap: Gap) -> GapView:
    return GapView(gap.pbx, iso(gap.from_at), iso_or_none(gap.to_at), gap.cause.value)
