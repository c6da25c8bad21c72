"""Every journal in tests/journals makes what stands beside it: copy a file there, and it is a test.

A file without one gets it on the first run, which fails, so that somebody reads what was made before it counts.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cti.journal.files import records_in
from cti.journal.replay import Replay
from cti.journal.report import report

JOURNALS = Path(__file__).resolve().parents[2] / "journals"
TRACES = Path(__file__).resolve().parents[2] / "traces"
FILES = sorted(JOURNALS.glob("*.jsonl"))


def made_of(path: Path) -> str:
    it = Replay()
    for record in records_in(path):
        it.take(record)
    return "\n".join(report(it)) + "\n"


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_journal_makes_what_stands_beside_it(path: Path) -> None:
    expected = path.with_suffix(".txt")
    found = made_of(path)
    if not expected.exists():
        expected.write_text(found, "utf-8")
        pytest.fail(f"{expected} is new: read it, correct the board where it is wrong, and run again")
    assert found == expected.read_text("utf-8")


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.ami")), ids=lambda path: path.stem)
def test_a_replay_is_the_same_every_time(path: Path) -> None:
    assert made_of(path) == made_of(path)
    assert "calls" in made_of(path).splitlines()[0]
