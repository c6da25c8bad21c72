"""Domain values as the HTTP and socket contract shows them, pure: ISO times, plain names, nothing else."""

from __future__ import annotations

from typing import Any

from core.clock import iso, iso_or_none
from cti.messages import Agent, Call, Pbx, Queue, Segment
from ticketing.messages import Ticket


def call_data(call: Call) -> dict[str, Any]:
    """A call as `GET /api/v1/calls/{id}` and the `call` message have it."""
    return {
        "id": call.id,
        "pbx": call.pbx,
        "direction": call.direction.value,
        "state": call.state.value,
        "caller": {"number": call.caller.number, "name": call.caller.name},
        "dialled": call.dialled,
        "queue": call.queue,
        "started_at": iso(call.started_at),
        "answered_at": iso_or_none(call.answered_at),
        "ended_at": iso_or_none(call.ended_at),
        "outcome": call.outcome.value if call.outcome else None,
        "wait_seconds": round(call.wait_seconds, 3),
        "talk_seconds": round(call.talk_seconds, 3),
        "hold_seconds": round(call.hold_seconds, 3),
        "incomplete": call.incomplete,
        "segments": [segment_data(segment) for segment in call.segments],
    }


def segment_data(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "agent": segment.agent,
        "interface": segment.interface,
        "queue": segment.queue,
        "offered_at": iso(segment.offered_at),
        "answered_at": iso_or_none(segment.answered_at),
        "ended_at": iso_or_none(segment.ended_at),
        "how": segment.how.value,
        "end_reason": segment.end_reason.value if segment.end_reason else None,
        "held_since": iso_or_none(segment.held_since),
    }


def agent_data(agent: Agent) -> dict[str, Any]:
    return {
        "user": agent.user,
        "name": agent.name,
        "pbx": agent.pbx,
        "interface": agent.interface,
        "extension": agent.extension,
        "state": agent.state.value,
        "since": iso(agent.since),
        "reason": agent.reason,
        "queues": list(agent.queues),
        "call_id": agent.call_id,
    }


def queue_data(queue: Queue) -> dict[str, Any]:
    return {
        "key": queue.key,
        "pbx": queue.pbx,
        "name": queue.name,
        "waiting": queue.waiting,
        "waiting_since": iso_or_none(queue.waiting_since),
        "members": queue.members,
        "ready": queue.ready,
        "paused": queue.paused,
        "talking": queue.talking,
        "unknown_members": list(queue.unknown_members),
    }


def pbx_data(pbx: Pbx) -> dict[str, Any]:
    return {
        "name": pbx.name,
        "state": pbx.state.value,
        "epoch": pbx.epoch,
        "since": iso(pbx.since),
        "detail": pbx.detail,
        "version": pbx.version,
    }


def ticket_data(ticket: Ticket, state_label: str = "", customer_name: str = "") -> dict[str, Any]:
    """A ticket as the lists of the desk need it."""
    return {
        "id": ticket.id,
        "number": ticket.number,
        "workflow": ticket.workflow,
        "subject": ticket.subject,
        "state": ticket.state,
        "state_label": state_label or ticket.state,
        "priority": ticket.priority,
        "version": ticket.version,
        "customer_id": ticket.customer_id,
        "customer_name": customer_name,
        "owner": ticket.owner,
        "created_by": ticket.created_by,
        "updated_at": iso(ticket.updated_at),
        "closed": ticket.closed_at is not None,
    }
