"""Idempotency keys on every POST of the API: one act, one answer, refusals too; other content is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.audit import audit
from tests.integration.furnished import Furnished, furnish, talking
from tests.integration.whole import Reply, Whole, whole

AT_ONCE = 4
Body = dict[str, Any]
FREE = "13700137000"
OUTAGE = {"text_en": "No gas", "text_zh": "停气", "places": ["Main St"]}
ABSENCE = {"from": "2026-05-01T00:00:00Z", "until": "2026-05-05T00:00:00Z", "stand_in": "ben", "user": "anna"}

# By path: who asks, the content, other content, and the status that the first one is answered with.
POSTS: dict[str, tuple[str, Body, Body, int]] = {
    "/api/v1/absences": ("sam", ABSENCE, {**ABSENCE, "stand_in": "dora"}, 201),
    "/api/v1/accounts/{account}/pin/unlock": ("sam", {}, {"x": 1}, 200),
    "/api/v1/agents/{user}/login": ("sam", {"queues": ["service"]}, {"queues": []}, 200),
    "/api/v1/agents/{user}/ready": ("sam", {}, {"x": 1}, 200),
    "/api/v1/agents/{user}/pause": ("sam", {"reason": "lunch"}, {"reason": "tea"}, 200),
    "/api/v1/agents/{user}/logout": ("sam", {}, {"x": 1}, 200),
    "/api/v1/callbacks": (
        "anna",
        {"number": "+86" + FREE, "pbx": "main", "queue": "service"},
        {"number": "+8613700137001", "pbx": "main", "queue": "service"},
        201,
    ),
    "/api/v1/callbacks/{id}/cancel": ("sam", {}, {"x": 1}, 200),
    "/api/v1/calls": ("ben", {"to": "1003"}, {"to": "1001"}, 201),
    "/api/v1/calls/{id}/context": ("anna", {"note": "hello"}, {"note": "bye"}, 200),
    "/api/v1/calls/{id}/hold": ("anna", {}, {"x": 1}, 409),
    "/api/v1/calls/{id}/resume": ("anna", {}, {"x": 1}, 409),
    "/api/v1/calls/{id}/transfer": ("anna", {"to": "1002", "kind": "attended"}, {"to": "1003"}, 200),
    "/api/v1/calls/{id}/transfer/complete": ("anna", {}, {"x": 1}, 409),
    "/api/v1/calls/{id}/transfer/cancel": ("anna", {}, {"x": 1}, 409),
    "/api/v1/calls/{id}/hangup": ("anna", {}, {"x": 1}, 200),
    "/api/v1/customers": ("anna", {"name": "Once"}, {"name": "Twice"}, 201),
    "/api/v1/customers/{id}/notes": ("anna", {"text": "once"}, {"text": "twice"}, 201),
    "/api/v1/customers/{id}/phones": ("anna", {"number": FREE}, {"number": "13700137001"}, 200),
    "/api/v1/departments/{name}/members": ("root", {"user": "gao"}, {"user": "dora"}, 200),
    "/api/v1/outages": ("dora", OUTAGE, {**OUTAGE, "places": ["Side St"]}, 201),
    "/api/v1/outages/{id}/end": ("dora", {"version": 1}, {"version": 2}, 200),
    "/api/v1/tickets": (
        "anna",
        {"workflow": "inquiry", "subject": "once"},
        {"workflow": "inquiry", "subject": "twice"},
        201,
    ),
    "/api/v1/tickets/bulk": ("anna", {"event": "urge"}, {"event": "comment"}, 200),
    "/api/v1/tickets/{id}/events": (
        "anna",
        {"event": "urge", "version": 1},
        {"event": "comment", "version": 1},
        200,
    ),
}


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        yield running


async def acts(it: Whole) -> int:
    """How many acts of people the audit trail tells of: meanwhile a call-back may be dialled of itself."""
    people = audit.c.actor.not_in(("system", "callback"))
    async with it.house.db.read() as tx:
        return int(await tx.scalar(sa.select(sa.func.count()).select_from(audit).where(people)) or 0)


def filled(path: str, body: Body, there: Furnished, live: str) -> tuple[str, Body]:
    """The path with what is there, and the content with the ids that it needs."""
    known = next((ids for start, ids in there.ids.items() if path.startswith(start)), ["none"])
    name = live if path.startswith("/api/v1/calls/") else known[0]
    if path == "/api/v1/tickets/bulk":
        body = {**body, "tickets": [{"id": one, "version": 1} for one in there.tickets[1:]]}
    for part in ("{id}", "{account}", "{name}"):
        path = path.replace(part, name)
    return path.replace("{user}", "anna"), body


async def test_every_post_takes_a_key(it: Whole) -> None:
    document = (await it.get("/api/v1/openapi.json")).json
    assert set(POSTS) == {path for path, item in document["paths"].items() if "post" in item}
    there = await furnish(it)
    for number, (template, (who, body, other, status)) in enumerate(POSTS.items()):
        live = await talking(it) if template.startswith("/api/v1/calls/") else ""
        path, content = filled(template, body, there, live)
        before = await acts(it)

        async def post(key: str, json: Body, path: str = path, who: str = who) -> Reply:
            return await it.post(path, who, json, headers={"Idempotency-Key": key})

        key = f"key-{number}"
        answers = await asyncio.gather(*(post(key, content) for _ in range(AT_ONCE)))
        assert {answer.status for answer in answers} == {status}, (template, answers[0].text)
        assert len({answer.body for answer in answers}) == 1, template
        acted = await acts(it) - before
        later = await post(key, content)
        assert (later.status, later.body) == (status, answers[0].body), template
        assert later.headers["Idempotent-Replayed"] == "true", template
        mismatch = await post(key, filled(template, other, there, live)[1])
        assert (mismatch.status, mismatch.code) == (422, "idempotency_mismatch"), template
        assert await acts(it) - before == acted, template


async def test_a_refusal_is_replayed_even_when_it_would_now_be_granted(it: Whole) -> None:
    there = await furnish(it)
    path = f"/api/v1/tickets/{there.tickets[0]}/events"
    early = {"event": "close", "version": 2}
    first = await it.post(path, "anna", early, headers={"Idempotency-Key": "k"})
    assert (first.status, first.code) == (409, "stale_version")
    answered = {"event": "answer", "version": 1, "data": {"answer": "At nine"}}
    assert (await it.post(path, "anna", answered)).status == 200
    again = await it.post(path, "anna", early, headers={"Idempotency-Key": "k"})
    assert (again.status, again.body) == (409, first.body)
    assert (await it.post(path, "anna", early)).status == 200


async def test_one_act_each(it: Whole) -> None:
    """What the answers say once was done once: dialled, opened, noted."""
    headers = {"Idempotency-Key": "once"}
    for path, body in (
        ("/api/v1/customers", {"name": "Once"}),
        ("/api/v1/tickets", {"workflow": "inquiry", "subject": "once"}),
        ("/api/v1/calls", {"to": "1002"}),
    ):
        await asyncio.gather(*(it.post(path, "anna", body, headers=headers) for _ in range(AT_ONCE)))
    assert len((await it.get("/api/v1/customers?q=Once", "anna")).json["items"]) == 1
    assert len((await it.get("/api/v1/tickets?q=once", "anna")).json["items"]) == 1
    await it.pbx.until(lambda: it.pbx.ringing("1001"))
    assert len(it.pbx.world.rings) == 1
