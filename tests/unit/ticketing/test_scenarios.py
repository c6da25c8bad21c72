"""Scenarios beside a definition: the shipped ones reach every row, and each mistake is named with its line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import config
from core.definition.scenario_files import strays
from server.cli import app
from tests.unit.ticketing.shipped import INQUIRY, SHIPPED
from ticketing.calendar_files import calendar_files, calendars_of, read_calendars
from ticketing.sandbox import clocks_by
from ticketing.scenario import replay
from ticketing.scenarios import check_scenarios
from ticketing.workflow.model import Workflow

FOLDER = Path(config.__file__).parent / "workflows"
CALENDARS = calendars_of(read_calendars(calendar_files(FOLDER.parent / "calendars")))

GOOD = """\
about: An inquiry.
start: 2026-03-02 10:00
people:
  clerk: {role: department, department: billing}
steps:
  - {event: receive, by: agent, state: received, due: {first_contact: 2026-03-02 10:30}}
  - {after: 1h, event: consult, by: agent, data: {department: billing}, state: expert, told: [department]}
  - {event: close, by: clerk, refused: not_allowed_in_state}
  - {event: take, by: clerk, owner: clerk, clocks: {expert: running}}
"""


@pytest.mark.parametrize("workflow", SHIPPED.values(), ids=lambda w: w.name)
def test_the_shipped_scenarios_hold_and_take_every_row(workflow: Workflow) -> None:
    checked = check_scenarios(FOLDER, workflow, clocks_by(CALENDARS))
    assert checked.problems == ()
    assert checked.unreached == ()
    assert checked.files >= 3


def test_a_good_scenario_tells_the_rows_it_took() -> None:
    played = replay(GOOD, "x.yaml", INQUIRY)
    assert played.problems == ()
    assert [row.event for row in played.rows] == ["consult", "take"]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("event: take", "event: tak", 9, "there is no event `tak`"),
        ("by: clerk, owner", "by: clark, owner", 9, "there is no person or role `clark`"),
        ("state: expert", "state: expart", 7, "there is no state `expart`"),
        ("{expert: running}", "{expart: running}", 9, "there is no clock `expart`"),
        ("{expert: running}", "{expert: walking}", 9, "there is no state of a clock `walking`"),
        ("refused: not", "refused: nt", 8, "there is no refusal `nt_allowed_in_state`"),
        ("role: department,", "role: departmant,", 4, "there is no role `departmant`"),
        ("start: 2026-03-02 10:00", "start: monday", 2, "`monday` is not written like 2026-01-05"),
        ("start: 2026-03-02 10:00", "start: ''", 2, "is not written like 2026-01-05"),
        ("start: 2026-03-02 10:00", "start: 9999-12-31 23:59", 2, "is not written like 2026-01-05"),
        ("start: 2026-03-02 10:00", "start: 0001-01-01 00:00", 2, "is not written like 2026-01-05"),
        ("start: 2026-03-02 10:00", "start: 2026-03-02T10:00+08:00", 2, "is not written like"),
        ("after: 1h", "after: 9999999d", 7, "is not written like 45m"),
        ("after: 1h", "after: soon", 7, "`soon` is not written like 45m"),
        ("about: An inquiry.", "abaut: x", 1, "`abaut` is not known"),
        ("start: 2026", "zone: Nowhere/Else\nstart: 2026", 2, "`Nowhere/Else` is no time zone"),
        # What comes otherwise
        ("state: expert", "state: answered", 7, "step 2 (consult): the state is expert, not answered"),
        ("told: [department]", "told: [head]", 7, "told are ['department'], not ['head']"),
        ("data: {department: billing}, ", "", 7, "step 2 (consult): is refused (missing_field department"),
        ("refused: not_allowed_in_state", "refused: role", 8, "is refused, but with not_allowed_in_state"),
        ("refused: not_allowed_in_state", "state: closed", 8, "step 3 (close): is refused (not_allowed"),
        ("owner: clerk", "refused: role", 9, "was to be refused (role), but leads to `expert`"),
        ("owner: clerk", "owner: ''", 9, "the owner is clerk, not empty"),
        ("{expert: running}", "{expert: paused}", 9, "the clock expert is running, not paused"),
        ("10:30}", "10:31}", 6, "is due 2026-03-02 10:30:00, not 2026-03-02 10:31:00"),
        ("event: receive", "event: close", 6, "the ticket is not opened yet: that is `receive`"),
    ],
)
def test_each_mistake_is_named_with_its_line(old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    (problem,) = replay(GOOD.replace(old, new), "x.yaml", INQUIRY).problems[:1]
    assert message in problem.message
    assert problem.line == line
    assert problem.fix


def test_scenarios_of_no_workflow_are_strays(tmp_path: Path) -> None:
    (tmp_path / "scenarios" / "inquery").mkdir(parents=True)
    (problem,) = strays(tmp_path, SHIPPED, "workflow")
    assert "there is no workflow `inquery`" in problem.message


def test_check_replays_them(tmp_path: Path) -> None:
    (tmp_path / "inquiry.yaml").write_text((FOLDER / "inquiry.yaml").read_text())
    here = tmp_path / "scenarios" / "inquiry"
    here.mkdir(parents=True)
    (here / "one.yaml").write_text(GOOD)
    settings = tmp_path / "ringdesk.toml"
    # Without flows: the shipped ones open repairs, which these workflows have not.
    (tmp_path / "flows").mkdir()
    settings.write_text(f'[paths]\nworkflows = "{tmp_path}"\nflows = "{tmp_path}/flows"\n')
    good = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert good.exit_code == 0, good.output
    assert "inquiry: 1 scenarios good, 2 of 15 rows reached" in good.output
    (here / "one.yaml").write_text(GOOD.replace("state: expert", "state: closed"))
    bad = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert bad.exit_code == 1
    assert "one.yaml:7: step 2 (consult): the state is expert, not closed" in bad.output


def test_shipped_scenarios_hold_whatever_hours_a_house_has(tmp_path: Path) -> None:
    (tmp_path / "calendars").mkdir()
    always = "".join(
        f'  {day}: ["00:00-24:00"]\n' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    )
    (tmp_path / "calendars" / "default.yaml").write_text(
        f"name: default\nlabel: {{en: Always, zh: 全天}}\ntime_zone: Asia/Shanghai\nweek:\n{always}"
    )
    settings = tmp_path / "ringdesk.toml"
    settings.write_text('[paths]\ncalendars = "calendars"\n')
    good = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert good.exit_code == 0, good.output
    assert f"calendars: 1 good ({tmp_path}/calendars)" in good.output
    assert "complaint: 12 scenarios good" in good.output
