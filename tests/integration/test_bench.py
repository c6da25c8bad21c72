"""The benchmarks run and print their figures. How good the figures are is no matter of a test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as everything
from bench import agents, agi, clocks, live_calls, pop_latency, transitions
from bench.figures import percentile

ROOT = Path(__file__).parents[2]


def figures(text: str, row: str) -> list[float]:
    """The numbers of the printed row that begins so."""
    line = next(line for line in text.splitlines() if line.startswith(row))
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\.?\d*", line[len(row) :])]


def test_parsing() -> None:
    # A process of its own: pyst2 dies where warnings are errors.
    command = [sys.executable, "-m", "bench.ami_parse", "2000", "1"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    for row in ("framing, typing and board", "panoramisk, parse alone", "pyst2, reader and parse"):
        assert figures(run.stdout, row)[0] > 0


def test_the_cost_of_an_event_with_other_calls_up(capsys: pytest.CaptureFixture[str]) -> None:
    live_calls.main(600, 1, (2, 20))
    printed = capsys.readouterr().out
    assert [figures(printed, row)[0] > 0 for row in ("       2", "      20")] == [True, True]


def test_every_call_of_the_latency_run_brings_a_pop(capsys: pytest.CaptureFixture[str]) -> None:
    pop_latency.main(0.1, rounds=1, customers=30)
    printed = capsys.readouterr().out
    for row in ("bare echo", "ringdesk, caller just come", "ringdesk, caller from the menu"):
        *_, calls, lost = figures(printed, row)
        assert (calls, lost) == (5, 0)


def test_all_agents_are_back_after_a_cut(capsys: pytest.CaptureFixture[str]) -> None:
    agents.main(10, 0.2)
    assert "10 resumed" in capsys.readouterr().out


def test_callers_in_menus_beside_an_attack(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, less in (("SHORT", 4), ("LONG", 8), ("HALF_OPEN", 4), ("THINK", 0.1)):
        monkeypatch.setattr(agi, name, less)
    agi.main(1, 1)
    short, long = capsys.readouterr().out.split("answered at once", 1)[1].split("FastAGI:")
    assert figures(short, "ringdesk")[-1] > 0
    assert figures(short, "panoramisk")[-1] == 1
    for row in ("ringdesk ", "ringdesk, 4 half-open", "panoramisk"):
        assert figures(long, row)[0] == 8


def test_transitions_and_their_rows_by_plain_sql(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transitions, "ROUNDS", 1)
    transitions.main(16)
    printed = capsys.readouterr().out
    for database in ("SQLite", "PostgreSQL"):
        assert all(number > 0 for number in figures(printed, database))
    assert "aim: half of plain SQL" in printed


def test_clocks_that_come_due(capsys: pytest.CaptureFixture[str]) -> None:
    clocks.main(1_100, 5, ["sqlite"])
    median, _, worst, *_ = figures(capsys.readouterr().out, "sqlite")
    assert 0 < median <= worst


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SystemExit, match="no benchmark nonsense; there are ami_parse"):
        everything.main(["nonsense"])


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(100)]
    assert [percentile(values, part) for part in (0.0, 0.5, 0.99, 1.0)] == [0, 50, 99, 99]
