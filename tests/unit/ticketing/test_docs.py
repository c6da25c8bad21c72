"""What docs/workflows.md shows is what happens: its definition, its scenario and its trial are run as they stand."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import config
from core.definition.source import Faulty
from ticketing.calendar_files import calendar_files, calendars_of, read_calendars
from ticketing.sandbox import clocks_by
from ticketing.scenario import replay
from ticketing.trial import Trial
from ticketing.workflow.load import load

TEXT = (Path(config.__file__).parent.parent / "docs" / "workflows.md").read_text()
CALENDARS = calendars_of(read_calendars(calendar_files(Path(config.__file__).parent / "calendars")))
CLOCKS = clocks_by(CALENDARS)
ZONE = ZoneInfo("Asia/Shanghai")
NINE = 1_772_413_200.0
"""2026-03-02 09:00 in Shanghai."""


def block(first: str) -> str:
    """The YAML block that begins with this line."""
    return next(text for text in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if text.startswith(first))


PRAISE = load(block("name: praise"), "workflows.md", CALENDARS)


def test_the_scenario_shown_holds() -> None:
    assert replay(block("about: "), "workflows.md", PRAISE, CLOCKS).problems == ()


def test_the_mistake_shown_is_told_as_shown() -> None:
    text = block("name: praise").replace("tell_customer]", "tell_custommer]")
    with pytest.raises(Faulty) as caught:
        load(text, "workflows/praise.yaml", CALENDARS)
    (p,) = caught.value.problems
    assert f"{p.file}:{p.line}: {p.message} ({p.fix})" in TEXT


def test_the_trial_shown_runs_as_shown() -> None:
    shown = re.search(r"ringdesk workflow try praise.*?\n(.*?)   ```", TEXT, re.DOTALL)
    assert shown is not None
    lines = [line.removeprefix("   ") for line in shown[1].splitlines()]
    trial = Trial(PRAISE, NINE, ZONE, read_clocks=CLOCKS)
    played = trial.answer("show")
    for line in lines:
        if line.startswith(trial.prompt()):
            played += [line, *trial.answer(line.removeprefix(trial.prompt()))]
    assert played == lines
