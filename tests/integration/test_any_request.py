"""Whatever a client makes of our description of the API, the answer is one that the description promises."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckContext, CheckFunction
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.furnished import LIVE, described, furnish, talking
from tests.integration.whole import Whole, whole

FEW = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 2}
EXAMPLES = int(os.environ.get("RINGDESK_SOAK_REQUESTS", "0"))
"""Requests of each mode to each operation; 0: a few, always the same ones."""
ASKS = {"/api/v1/calls": "anna", "/api/v1/agents": "sam", "/api/v1/absences": "sam"}
"""Who asks: one who may, and whose phone it is; an administrator where it does not matter."""
LONGEST_LINE = 8000
SECONDS = 30.0
"""How long one request may take on a machine that has other things to do."""


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        yield running


def not_broken(_ctx: CheckContext, response: Response, _case: Case) -> None:
    """No answer says that we failed; that something is away (503) may be said, with the time to come back."""
    assert response.status_code < 500 or response.status_code == 503, response.text
    assert response.status_code != 503 or response.headers.get("retry-after"), response.text


CHECKS: list[CheckFunction] = [
    not_broken,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Attack:
    """Requests of one mode to one operation after the other, in a thread of its own; the server has the loop."""

    def __init__(self, it: Whole, live: Callable[[], str], mode: GenerationMode) -> None:
        self.it, self.live, self.mode = it, live, mode
        self.seen: Counter[tuple[str, int]] = Counter()
        self.http = requests.Session()

    def run(self, document: dict[str, object]) -> None:
        schema = schemathesis.openapi.from_dict(document)
        for result in schema.get_all_operations():
            operation = result.ok()
            if self.mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
                continue

            @settings(
                max_examples=EXAMPLES or FEW[self.mode],
                derandomize=not EXAMPLES,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=self.mode))
            def one(case: Case) -> None:
                self.ask(case)

            one()

    def ask(self, case: Case) -> None:
        if case.path_parameters.get("id") == LIVE:
            case.path_parameters["id"] = self.live()
        who = next((who for start, who in ASKS.items() if case.path.startswith(start)), "root")
        response = case.call(
            base_url=self.it.url,
            session=self.http,
            headers=self.it.token(who),
            timeout=SECONDS,
        )
        if response.status_code == 400 and len(response.request.url or "") > LONGEST_LINE:
            return  # The HTTP parser refuses it before it is a request of ours, in plain text.
        self.seen[f"{case.method} {case.path}", response.status_code] += 1
        case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
async def test_every_answer_is_one_that_was_promised(it: Whole, mode: GenerationMode) -> None:
    loop = asyncio.get_running_loop()

    def live() -> str:
        return asyncio.run_coroutine_threadsafe(talking(it), loop).result(SECONDS)

    there = await furnish(it)
    document = described((await it.get("/api/v1/openapi.json")).json, there)
    attack = Attack(it, live, mode)
    await asyncio.to_thread(attack.run, document)
    asked = {name for name, _ in attack.seen}
    done = {name for name, status in attack.seen if status < 300}
    if mode is GenerationMode.POSITIVE:
        described_ = {
            f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
        }
        assert asked == described_
        # The rest is refused: no such recording, nothing on hold, a version that is not the present one.
        assert len(done) >= 0.6 * len(asked), sorted(asked - done)
    else:
        assert sum(count for (_, status), count in attack.seen.items() if status == 422) > len(asked)
