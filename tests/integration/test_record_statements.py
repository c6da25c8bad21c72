"""What is asked with every call that rings finds its rows by an index, however many calls and tickets there are."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core import migrate
from core.database import Database
from core.trips import Query
from cti import store as calls
from customers import notes
from customers import store as customers
from ivr_flows import visit_store as visits
from ivr_flows.surveys import store as surveys
from ticketing import store as tickets

LISTS = ("keys", "ids", "calls", "numbers", "nationals")
VALUES = {"before": 1.0, "most": 5, "customer": "c", "e164": "1", "tail_from": "1", "tail_to": "2"}
ASKED = {
    "who has the number": customers._FOUND,
    "notes": notes._OF_CUSTOMER,
    "calls": calls._OF_NUMBERS,
    "their segments": calls._SEGMENTS,
    "tickets": tickets._OF_CUSTOMER,
    "open tickets": tickets._OPEN_OF_CUSTOMER,
    "tickets of the call": tickets._OPEN_OF_CALLS,
    "calls in the menus that were theirs": calls._WITH_NUMBERS,
    "visits to the menus": visits._OF_CUSTOMER,
    "what they did there in a call": visits._OF_CALLS,
    "scores": surveys._OF_CUSTOMER,
}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation's database, empty: SQLite then goes by the statements and indexes alone."""
    file = tmp_path_factory.mktemp("plans") / "ringdesk.db"
    asyncio.run(_made(file))
    return file


async def _made(file: Path) -> None:
    db = Database(f"sqlite:///{file}")
    await migrate.upgrade(db)
    await db.close()


def _steps(file: Path, query: Query, values: Mapping[str, Any]) -> list[str]:
    """How SQLite would go about it."""
    sql, given = query.asked("sqlite", values)
    with closing(sqlite3.connect(file)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql.text}", given)]


@pytest.mark.parametrize("what", ASKED)
def test_it_looks_through_no_whole_table(plans: Path, what: str) -> None:
    steps = _steps(plans, ASKED[what], {**VALUES, **{name: ["1", "2"] for name in LISTS}})
    found = [step for step in steps if step.startswith("SEARCH")]
    assert found
    assert [step for step in steps if re.match(r"SCAN (?!anon)", step)] == []
    # An index that narrows by nothing but a moment, or by what is empty for most rows, is a whole table too.
    assert [step for step in found if re.search(r"\((at|started_at)[<>]", step)] == []


def test_scores_of_a_number_are_found_by_the_number(plans: Path) -> None:
    steps = _steps(plans, surveys._OF_CUSTOMER, {**VALUES, "numbers": ["1"]})
    assert any("ix_surveys_number (number=?" in step for step in steps), steps
