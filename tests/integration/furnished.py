"""A house with something of every kind in it, and its description with the ids of what is there: so that requests made
up from the description reach things instead of ending at `not_found`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.integration.test_api_contract import customer, old_call, rings, ticket
from tests.integration.whole import Whole
from tests.wait import until

LIVE = "the-live-call"
"""In the description: the id of a call that is under way when the request is made."""
NUMBER = "13800138000"


class Furnished(msgspec.Struct, frozen=True):
    """What is there: by the beginning of a path, the ids that stand in it."""

    ids: Mapping[str, list[str]]
    tickets: tuple[str, ...]


async def furnish(it: Whole) -> Furnished:
    """Put a few of everything in."""
    await it.house.calls.save_many([old_call(1), old_call(2)])
    him = await customer(it, account="100200")
    her = await customer(it, name="Wu", phones=["13900139000"])
    made = [
        await ticket(it, customer_id=him["id"], workflow=workflow, subject=f"A {workflow}")
        for workflow in ("inquiry", "complaint", "repair")
    ]
    outage = await created(
        it, "/api/v1/outages", "dora", {"text_en": "No water", "text_zh": "停水", "districts": ["Lakeside"]}
    )
    absence = await created(
        it,
        "/api/v1/absences",
        "sam",
        {
            "user": "anna",
            "from": "2026-03-01T00:00:00Z",
            "until": "2026-03-05T00:00:00Z",
            "stand_in": "ben",
        },
    )
    for name in ("billing", "works"):
        label = {"label": {"en": name.title(), "zh": "部门"}}
        assert (await it.ask("PUT", f"/api/v1/departments/{name}", "root", json=label)).status == 200
    account = await it.ask("PUT", "/api/v1/accounts/100200", "sam", json={"balance": "12.50"})
    assert account.status in (200, 201), account.text
    callback = await created(
        it, "/api/v1/callbacks", "anna", {"number": "+86" + NUMBER, "pbx": "main", "queue": "service"}
    )
    ids = {
        "/api/v1/calls/": [LIVE, "main-1.1"],
        "/api/v1/customers/": [him["id"], her["id"]],
        "/api/v1/tickets/": [one["id"] for one in made],
        "/api/v1/outages/": [outage["id"]],
        "/api/v1/absences/": [absence["id"]],
        "/api/v1/accounts/": ["100200"],
        "/api/v1/callbacks/": [callback["id"]],
        "/api/v1/workflows/": ["inquiry", "complaint", "repair"],
        "/api/v1/flows/": ["hotline"],
        "/api/v1/departments/": ["billing", "works"],
        "/api/v1/agents/": ["anna", "ben"],
    }
    return Furnished(ids, tuple(one["id"] for one in made))


async def created(it: Whole, path: str, who: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await it.post(path, who, body)
    assert reply.status == 201, (path, reply.text)
    found: dict[str, Any] = reply.json
    return found


async def talking(it: Whole) -> str:
    """The id of a new call, which anna has answered."""
    for channel in list(it.pbx.world.channels.values()):
        it.pbx.world.hang_up(channel)
    await until(lambda: not it.house.switchboard.snapshot().calls)
    for pop in it.house.popper.pops_of("anna", "en"):
        it.house.popper.close("anna", pop["pop_id"])
    await it.post("/api/v1/agents/anna/login", "anna", {"queues": ["service"]})
    pop = await rings(it, "Li Na")
    call_id: str = pop["call_id"]
    it.pbx.answer("1001")
    await until(lambda: (call := it.house.switchboard.call(call_id)) and call.answered_at)
    return call_id


EVENTS = ("judge", "dispatch", "answer", "triage", "urge", "comment", "withdraw", "none")
DATA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "note": {"type": "string", "maxLength": 20},
        "answer": {"type": "string", "minLength": 1, "maxLength": 20},
        "reason": {"type": "string", "minLength": 1, "maxLength": 20},
        "department": {"type": "string", "enum": ["billing", "works", "none"]},
    },
}


def one_of(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def described(document: dict[str, Any], there: Furnished) -> dict[str, Any]:
    """The description in which paths name what is there, and bodies the events, numbers and people that there are."""
    for path, item in document["paths"].items():
        known = next((ids for start, ids in there.ids.items() if path.startswith(start)), ["none"])
        for operation in item.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = one_of(*("anna", "ben") if parameter["name"] == "user" else known)
    versions = {"type": "integer", "minimum": 1, "maximum": 3}
    narrower: dict[str, dict[str, Any]] = {
        "EventBody": {"event": one_of(*EVENTS), "version": versions, "data": DATA},
        "BulkBody": {"event": one_of(*EVENTS), "data": DATA},
        "SeenTicket": {"id": one_of(*there.tickets), "version": versions},
        "TicketBody": {
            "workflow": one_of("inquiry", "complaint", "repair"),
            "channel": one_of("phone", "email"),
            "priority": one_of("normal", "high"),
            "category": one_of("", "other"),
            "customer_id": one_of(*there.ids["/api/v1/customers/"]),
            "call_id": one_of("main-1.1"),
            "fields": {"type": "object", "maxProperties": 1},
        },
        "DialBody": {"to": one_of("1002", NUMBER, "x")},
        "TransferBody": {"to": one_of("1002", "4001", "x"), "kind": one_of("blind", "attended", "x")},
        "LoginBody": {"queues": {"type": "array", "items": one_of("service", "none"), "maxItems": 2}},
        "PauseBody": {"reason": one_of("", "lunch", "tea")},
        "MemberBody": {"user": one_of("anna", "gao", "none")},
        "AccountBody": {"balance": one_of("1.00", "-3.5", "x"), "currency": one_of("CNY", "EUR")},
    }
    for name, properties in narrower.items():
        document["components"]["schemas"][name]["properties"] |= properties
    return document
