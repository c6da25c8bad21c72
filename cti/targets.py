"""Whom an agent may hand a call to, pure: colleagues with a phone at the same PBX, and queues that have a number."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cti.messages import Agent, AgentState, Seat, Snapshot


class Colleague(msgspec.Struct, frozen=True):
    user: str
    name: str
    extension: str
    state: str
    reason: str = ""


class QueueTarget(msgspec.Struct, frozen=True):
    """`waiting` callers are before the one who is sent there; `ready` agents could take it at once."""

    name: str
    extension: str
    waiting: int
    ready: int


class Targets(msgspec.Struct, frozen=True):
    colleagues: tuple[Colleague, ...]
    queues: tuple[QueueTarget, ...]


_ORDER = (AgentState.READY, AgentState.WRAP_UP, AgentState.PAUSED, AgentState.RINGING)


def targets_of(snapshot: Snapshot, seat: Seat, queue_extensions: Mapping[str, str]) -> Targets:
    """Who can answer first is first. Only what has a number, for a transfer goes to a number."""
    colleagues = [
        agent
        for agent in snapshot.agents
        if agent.pbx == seat.pbx and agent.user != seat.user and agent.extension
    ]
    found = sorted(colleagues, key=lambda agent: (_rank(agent), agent.name or agent.user))
    queues = [
        QueueTarget(queue.name, queue_extensions[queue.name], queue.waiting, queue.ready)
        for queue in snapshot.queues
        if queue.pbx == seat.pbx and queue.name in queue_extensions
    ]
    return Targets(
        tuple(
            Colleague(agent.user, agent.name or agent.user, agent.extension, agent.state.value, agent.reason)
            for agent in found
        ),
        tuple(sorted(queues, key=lambda queue: queue.name)),
    )


def _rank(agent: Agent) -> int:
    if agent.state is AgentState.OFFLINE:
        return len(_ORDER) + 1
    return _ORDER.index(agent.state) if agent.state in _ORDER else len(_ORDER)
