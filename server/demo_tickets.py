"""How far the demo's tickets have come: a queue of each kind of work for everybody who signs in. Invented.

Each ticket went its way through the same door as any other, by people who may; nothing is written past it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from core.errors import Refused
from core.identity.roles import Role
from ticketing.messages import Actor, Ticket
from ticketing.service import Tickets

NETWORK = "network"
EACH = 240.0
"""Seconds from step to step."""
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Step(NamedTuple):
    """An event, who has it happen, and what is said with it."""

    event: str
    by: str
    data: Mapping[str, Any] = NOTHING


ACTORS = {
    "anna": Actor("anna", frozenset({Role.AGENT.value})),
    "dora": Actor("dora", frozenset({Role.DISPATCHER.value})),
    "gao": Actor("gao", frozenset({Role.DEPARTMENT.value}), NETWORK, frozenset({NETWORK})),
}
_COMPLAINT = (Step("judge", "dora"), Step("dispatch", "dora", {"department": NETWORK}))
_SIGNED = (*_COMPLAINT, Step("sign", "gao"))
_REPLY = {"reply": "已核实并更正，向客户致歉", "evidence": "现场照片3张", "founded": "founded"}
_MAJOR = (
    Step("judge", "dora", {"severity": "major", "compensation": 300}),
    Step("dispatch", "dora", {"department": NETWORK}),
    Step("sign", "gao"),
)
_REPAIR = (
    Step("triage", "dora", {"urgency": "normal", "medium": "gas", "area": "urban"}),
    Step("dispatch", "dora", {"department": NETWORK}),
)
_CREW = (*_REPAIR, Step("acknowledge", "gao"), Step("set_out", "gao"), Step("arrive", "gao"))
_SAFE = (*_CREW, Step("make_safe", "gao", {"measures": "关闭表前阀，通风", "leak_reading": 0}))

WAYS: Mapping[str, tuple[tuple[Step, ...], ...]] = {
    "complaint": (
        _COMPLAINT,
        (),
        (*_SIGNED, Step("contact", "gao", {"contact_log": "已电话联系客户，约明日上门核实"})),
        (*_SIGNED, Step("reply", "gao", _REPLY)),
        (*_COMPLAINT, Step("urge", "anna", {"reason": "客户再次来电催办"})),
        (*_SIGNED, Step("wait", "gao", {"contact_log": "等客户补充缴费凭证"})),
        (*_MAJOR, Step("propose", "gao", {"proposal": "拟退还多收气费并上门致歉"})),
        (*_COMPLAINT, Step("return", "gao", {"reason": "属计量问题，非管网责任"})),
    ),
    "repair": (
        _REPAIR,
        (),
        _CREW,
        (*_SAFE, Step("begin_repair", "gao")),
        (*_SAFE, Step("wait_parts", "gao", {"parts": "G4 膜式燃气表"})),
    ),
    "inquiry": (
        (Step("consult", "anna", {"department": NETWORK, "question": "新装接气需要多少个工作日？"}),),
        (),
        (Step("answer", "anna", {"answer": "已按现行价格表答复"}),),
    ),
}
"""Of each kind, in turn."""


async def move_on(tickets: Tickets, opened: Sequence[Ticket], now: float) -> None:
    """Let each ticket, oldest first, go the next way of its kind, within the last hour or so. What a changed
    definition refuses stays where it is: the demo starts all the same."""
    turns: dict[str, int] = {}
    for ticket in opened:
        ways = WAYS.get(ticket.workflow, ((),))
        turn = turns.get(ticket.workflow, 0)
        turns[ticket.workflow] = turn + 1
        try:
            await _go(tickets, ticket, ways[turn % len(ways)], now - EACH * (1 + turn % 8))
        except Refused:
            continue


async def _go(tickets: Tickets, ticket: Ticket, way: tuple[Step, ...], until: float) -> None:
    for number, step in enumerate(way, 1):
        at = max(ticket.updated_at, until - EACH * (len(way) - number))
        actor = ACTORS[step.by]
        ticket = await tickets.fire(ticket.id, step.event, actor, dict(step.data), ticket.version, at)
