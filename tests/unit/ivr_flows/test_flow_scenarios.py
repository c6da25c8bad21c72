"""Scenarios beside a flow: the shipped ones come to every node, and each mistake is named with its line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.files import shipped_calendars, shipped_flows, shipped_workflows
from ivr_flows.scenario import replay
from ivr_flows.scenarios import check_scenarios
from server.cli import app
from tests.unit.ivr_flows.shipped_flows import FLOWS, TINY, tiny

GOOD = """\
about: Somebody reports something.
caller: "13800138000"
answers: {account.find: {found: true, account: "4001"}, pin.check: {ok: true, reason: ok}}
steps:
  - {at: menu, hears: [Hello, Press], press: "1"}
  - {at: tiny/account, press: "4001#"}  # the key that ends an entry may be written, as it is pressed
  - {at: pin, asks: {account.find: {account: "4001"}}, press: "123456"}
  - {at: words, auth: pin, hears: "It is 4 0 0 1", speak: 4}
  - {hears: Bye, ends: served, shows: {account: "4001"}}
"""


def test_the_shipped_scenarios_hold_and_come_to_every_node() -> None:
    checked = check_scenarios(shipped_flows(), FLOWS)
    assert checked.problems == ()
    assert checked.unheard == ()
    assert checked.files >= 40


def test_a_good_scenario_tells_the_nodes_it_came_to() -> None:
    played = replay(GOOD, "x.yaml", tiny(), "tiny")
    assert played.problems == ()
    assert played.path[-1] == "tiny/bye"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("about: S", "abaut: S", 1, "`abaut` is not known"),
        ("{account.find: {found", "{account.fnd: {found", 3, "there is no service `account.fnd`"),
        ("at: pin", "at: pn", 7, "there is no node `pn`"),
        ("at: tiny/account", "at: tiny/acount", 6, "there is no node `tiny/acount`"),
        ("ends: served", "ends: well", 9, "there is no end `well`"),
        # What comes otherwise
        ("at: menu", "at: account", 5, "step 1: the caller is at tiny/menu, not account"),
        (
            "[Hello, Press]",
            "[Press, Hello]",
            5,
            "step 1: 'Hello' is not said (there); said is: Hello. Press 1 or 2.",
        ),
        (
            'asks: {account.find: {account: "4001"}}',
            "asks: {hours.open: {}}",
            7,
            "hours.open was not asked; asked were: account.find",
        ),
        (
            'asks: {account.find: {account: "4001"}}',
            'asks: {account.find: {account: "1"}}',
            7,
            "account.find was asked {'account': '4001'}",
        ),
        ("auth: pin", "auth: ''", 8, "proved is pin, not nothing"),
        ("speak: 4", 'press: "1"', 8, "no keys are asked for here"),
        ('press: "123456"', "speak: 3", 7, "nothing is recorded here"),
        ('press: "123456"', 'press: "1", silent: true', 7, "a caller does one thing in a step"),
        ("ends: served", "ends: hung_up", 9, "it ended as served, not hung_up"),
        ("ends: served", 'to: "queue:x"', 9, "it leads to nobody yet, not queue:x"),
        ("ends: served", "priority: 5", 9, "the priority is None, not 5"),
        ("ends: served", 'press: "1"', 9, "the flow has ended already"),
        (
            'shows: {account: "4001"}',
            'shows: {account: "4002"}',
            9,
            "the agent is shown account: '4001', not '4002'",
        ),
        (
            "pin.check: {ok: true, reason: ok}",
            "hours.open: {open: true}",
            8,
            "nothing says what `pin.check` answers",
        ),
    ],
)
def test_each_mistake_is_named_with_its_line(old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    problems = replay(GOOD.replace(old, new, 1), "x.yaml", tiny(), "tiny").problems
    mine = [problem for problem in problems if message in problem.message]
    assert mine, problems
    assert mine[0].line == line
    assert mine[0].fix


def test_a_pin_is_in_no_message() -> None:
    said = str(replay(GOOD.replace("at: words", "at: menu"), "x.yaml", tiny(), "tiny").problems)
    assert "the caller is at tiny/words" in said
    wrong = GOOD.replace("{at: words, auth: pin", '{at: words, asks: {pin.check: {pin: "x"}}, auth: pin')
    said = str(replay(wrong, "x.yaml", tiny(), "tiny").problems)
    assert "pin.check was asked" in said
    assert "123456" not in said


def test_check_replays_them_and_names_the_nodes_without(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    here = tmp_path / "scenarios" / "tiny"
    here.mkdir(parents=True)
    (here / "one.yaml").write_text(GOOD)
    settings = tmp_path / "ringdesk.toml"
    settings.write_text(f'[paths]\nflows = "{tmp_path}"\n')
    good = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert good.exit_code == 0, good.output
    assert "1 scenarios good, 8 of 9 nodes reached" in good.output
    assert "no scenario comes to tiny/person" in good.output
    (here / "one.yaml").write_text(GOOD.replace("ends: served", "ends: hung_up"))
    bad = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert bad.exit_code == 1
    assert "one.yaml:9: step 5: it ended as served, not hung_up" in bad.output
    (here / "one.yaml").unlink()
    (tmp_path / "scenarios" / "tinny").mkdir()
    stray = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert "there is no flow `tinny`" in stray.output
    (tmp_path / "tiny.yaml").write_text(TINY.replace("next: menu}", "next: menue}", 1))
    faulty = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert faulty.exit_code == 1
    assert "tiny.yaml:10: there is no node `menue` (did you mean `menu`?)" in faulty.output


def test_the_shipped_flows_may_name_workflows_that_an_installation_has_not(tmp_path: Path) -> None:
    (tmp_path / "inquiry.yaml").write_text((shipped_workflows() / "inquiry.yaml").read_text())
    settings = tmp_path / "ringdesk.toml"
    settings.write_text(f'[paths]\nworkflows = "{tmp_path}"\n')
    doubted = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert doubted.exit_code == 0, doubted.output
    assert "warning: " in doubted.output
    assert "there is no workflow `repair`" in doubted.output
    (tmp_path / "flows").mkdir()
    settings.write_text(f'[paths]\nworkflows = "{tmp_path}"\nflows = "{tmp_path / "flows"}"\n')
    assert "flows: none in" in CliRunner().invoke(app, ["check", "--config", str(settings)]).output
    for file in shipped_flows().glob("*.yaml"):
        (tmp_path / "flows" / file.name).write_text(file.read_text())
    own = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert own.exit_code == 1
    lines = (shipped_flows() / "fault.yaml").read_text().splitlines()
    line = 1 + next(at for at, text in enumerate(lines) if "workflow: repair" in text)
    assert f"fault.yaml:{line}: there is no workflow `repair`" in own.output


def test_a_broken_calendar_hides_no_broken_workflow_and_neither_a_broken_flow(tmp_path: Path) -> None:
    for kind, shipped in (("calendars", shipped_calendars()), ("workflows", shipped_workflows())):
        (tmp_path / kind).mkdir()
        for file in shipped.glob("*.yaml"):
            (tmp_path / kind / file.name).write_text(file.read_text())
    (tmp_path / "calendars" / "odd.yaml").write_text("name: [odd\n")
    (tmp_path / "workflows" / "odd.yaml").write_text("nam: odd\n")
    here = tmp_path / "flows" / "scenarios" / "other"
    here.mkdir(parents=True)
    (tmp_path / "flows" / "tiny.yaml").write_text(TINY.replace("next: find", "next: fnd"))
    settings = tmp_path / "ringdesk.toml"
    lines = [f'{kind} = "{tmp_path / kind}"' for kind in ("calendars", "workflows", "flows")]
    settings.write_text("\n".join(["[paths]", *lines, ""]))
    result = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert result.exit_code == 1
    for said in ("calendars/odd.yaml:", "workflows/odd.yaml:1: `nam` is not known", "there is no node `fnd`"):
        assert said in result.output
    assert "Traceback" not in result.output
    # And with sound flows their scenarios are replayed, whatever is wrong elsewhere.
    (tmp_path / "flows" / "tiny.yaml").write_text(TINY)
    result = CliRunner().invoke(app, ["check", "--config", str(settings)])
    assert "there is no flow `other`" in result.output
    assert "calendars/odd.yaml:" in result.output
