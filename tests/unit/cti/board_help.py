"""What the tests of the board share: seats, duties, an accumulator of domain events, recorded traces."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from cti.board import Board
from cti.duty import Duty
from cti.events import AmiEvent, Member
from cti.frames import Framer
from cti.messages import (
    AgentChanged,
    AgentRemoved,
    Call,
    CallEnded,
    CallJoined,
    DomainEvent,
    PbxChanged,
    QueueChanged,
    QueueRemoved,
    Seat,
    Snapshot,
)
from cti.parse import WANTED, parse
from cti.picture import Answers, take_picture
from cti.seen import Picture, SeenQueue
from cti.vocabulary import Message

TRACES = Path(__file__).resolve().parents[2] / "traces"
PBX = "main"
T0 = 1_800_000_000.0
QUEUES = ("service", "emergency")

SEATS = tuple(
    Seat(name, full, PBX, f"PJSIP/{extension}", extension)
    for name, full, extension in (
        ("li", "Li Na", "1001"),
        ("wang", "Wang Fang", "1002"),
        ("zhao", "Zhao Lei", "1003"),
    )
)
DUTIES = {seat.user: Duty(seat.user, ("service",), since=T0) for seat in SEATS}


def staffed_board() -> Board:
    board = Board(PBX, trunks=("PJSIP/trunk",))
    board.set_seats(SEATS, T0)
    board.set_duties(DUTIES, T0)
    return board


def board_with_members() -> Board:
    board = staffed_board()
    members = tuple(
        Member(queue, interface, status=1)
        for queue in QUEUES
        for seat in SEATS
        for local in (f"Local/{seat.extension}@agents", f"Local/{seat.extension}@agents/n")
        for interface in (seat.interface, local)
    )
    board.resync(Picture("before", queues=tuple(map(SeenQueue, QUEUES)), members=members), {}, T0)
    return board


def reduce(snapshot: Snapshot, event: DomainEvent) -> Snapshot:
    """The snapshot after the event: each event carries the whole of what has changed."""
    calls = {c.id: c for c in snapshot.calls}
    agents = {a.user: a for a in snapshot.agents}
    queues = {q.key: q for q in snapshot.queues}
    match event:
        case CallEnded(call):
            calls.pop(call.id, None)
        case AgentChanged(agent):
            agents[agent.user] = agent
        case AgentRemoved(user):
            agents.pop(user, None)
        case QueueChanged(queue):
            queues[queue.key] = queue
        case QueueRemoved(key):
            queues.pop(key, None)
        case PbxChanged() | CallJoined():
            pass
        case _:
            calls[event.call.id] = event.call
    return Snapshot(tuple(calls.values()), tuple(agents.values()), tuple(queues.values()))


def by_key(snapshot: Snapshot) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A snapshot in a form that compares without regard to order."""
    return (
        {c.id: c for c in snapshot.calls},
        {a.user: a for a in snapshot.agents},
        {q.key: q for q in snapshot.queues},
    )


def trace_events(name: str) -> list[AmiEvent]:
    """The typed events of a recorded session (`shapes/16/blind_twice` is one of a version), in order."""
    messages = Framer(WANTED).feed((TRACES / f"{name}.ami").read_bytes())
    return [event for message in messages if (event := parse(message)) is not None]


def trace_expected(name: str) -> dict[str, Any]:
    return tomllib.loads((TRACES / f"{name}.toml").read_text("utf-8")).get("expect", {})


def trace_picture(name: str) -> Picture:
    """The picture that a recorded resync asked for, its lists in the order that they were asked in."""
    messages = Framer().feed((TRACES / f"{name}.ami").read_bytes())
    return take_picture(_answers(messages), T0)


def _answers(messages: list[Message]) -> Answers:
    def named(*events: str) -> list[Message]:
        return [m for m in messages if m.event in events]

    return Answers(
        settings=next((m for m in messages if m.has_header("AsteriskVersion")), Message({})),
        status=next((m for m in messages if m.has_header("CoreStartupDate")), Message({})),
        channels=named("CoreShowChannel"),
        bridges=named("BridgeListItem"),
        queues=named("QueueParams", "QueueMember", "QueueEntry"),
        statuses=named("Status"),
        devices=[m for m in named("DeviceStateChange") if m.action_id],
    )


def run(board: Board, events: list[AmiEvent], at: float = T0, step: float = 1.0) -> list[DomainEvent]:
    """Applies the events a second apart."""
    told: list[DomainEvent] = []
    for number, event in enumerate(events):
        told.extend(board.apply(event, at + number * step))
    return told


def ended(told: list[DomainEvent]) -> list[Call]:
    return [event.call for event in told if isinstance(event, CallEnded)]


def counted(told: list[DomainEvent]) -> list[Call]:
    """The calls that count, oldest first: those that were part of another are not calls of their own."""
    return sorted((call for call in ended(told) if not call.joined), key=lambda call: call.started_at)
