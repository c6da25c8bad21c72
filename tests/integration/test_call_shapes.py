"""Every shape of call on Asterisk 16 and 22: what Ringdesk stores is what CEL and queue_log say.

All calls are played first, some at a time, none beside another on one Asterisk; then each is looked at by a test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from tests.real import compare, parts
from tests.real.asterisk import PARTS

pytestmark = pytest.mark.real
Results = Mapping[tuple[str, int], compare.Compared]


@pytest.fixture(scope="module")
def results() -> Results:
    there = [version for version in compare.VERSIONS if parts.find(PARTS[version])]
    if parts.find("sipp") is None or not there:
        return {}
    rows = asyncio.run(compare.run(compare.shapes(), there))
    return {(row.name, row.version): row for row in rows}


@pytest.mark.parametrize("version", compare.VERSIONS)
@pytest.mark.parametrize("name", compare.shapes())
def test_what_is_stored_equals_asterisks_own_account(name: str, version: int, results: Results) -> None:
    parts.require("sipp")
    parts.require(PARTS[version])
    row = results[name, version]
    wrong = (*row.differences, *row.times)
    assert wrong == (), f"{row.row}\n" + "\n".join(wrong)
