"""More that can be wrong with definitions: what could never hold, YAML that is none, and all of it at once."""

import re
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from config.files import shipped_calendars, shipped_workflows
from server.cli import app
from tests.unit.ticketing.test_definitions import GOOD, faults
from ticketing.definitions import Faulty, read_files, workflow_files
from ticketing.workflow.load import MAX_BYTES, load

WHOM = "whom: {label: {en: Whom, zh: 对象}}"
ROW = "{from: received, event: thank, to: thanked, roles: [leader], guards: [fresh]}"
NEVER = [
    ("name: praise", "name: ../praise", 1, "is not a plain name", "letters, digits and _"),
    ("name: praise", f"name: {'p' * 41}", 1, "is not a plain name", "up to 40"),
    ("zh: 表扬", 'zh: "表\\u202e扬"', 3, "invisible or control characters", "without them"),
    ("roles: [agent]}", "roles: []}", 4, "nobody may open it", "name at least one role"),
    ("to: received, roles", "to: begun, roles", 4, "no state `begun`", "known here"),
    (WHOM, WHOM[:-1] + ", type: money}", 9, "cannot be `money`", "choice, date, bool"),
    (WHOM, WHOM[:-1] + ", sets: colour}", 9, "cannot be `colour`", "department"),
    (WHOM, WHOM[:-1] + ", min: 1}", 9, "has bounds but is no number", "type: number"),
    (WHOM, WHOM[:-1] + ", type: number, min: 5, max: 1}", 9, "more than its most", "exchange"),
    (WHOM, WHOM[:-1] + ", type: number, max: .nan}", 9, "is no number", "leave it out"),
    (WHOM, WHOM[:-1] + ", type: date, multiline: true}", 9, "several lines", "remove `multiline`"),
    (WHOM, WHOM[:-1] + ", type: date, sets: owner}", 9, "`owner` is a text", "type: text"),
    (WHOM, WHOM[:-1] + ", from_customer: vip}", 9, "is a yes or no", "type: bool"),
    (WHOM, WHOM[:-1] + ", choices: {a: {en: A, zh: 甲}}}", 9, "but is no choice", "type: choice"),
    ("optional: [whom]", "optional: [whom], required: [whom]", 13, "both required and optional", "one of"),
    ("event: receive", "event: thank", 13, "no row of the table uses the event `receive`", "add a row"),
    ("optional: [whom]", "optional: [whom], clears: [who]", 13, "no field `who`", "did you mean `whom`?"),
    ("optional: [whom]", "optional: [whom], recounts: [thanks]", 13, "no event `thanks`", "`thank`?"),
    ("from: received", "from: []", 16, "starts from no state", "name a state"),
    ("guards: [fresh]", "guards: []", 11, "nothing asks for the guard `fresh`", "in a row"),
    ("{within: 7d}", "{within: 7}", 11, "Expected `str`", "docs/workflows.md"),
    ("{within: 7d}", "{within: 7d, after: 3d}", 11, "one name with what it takes", "one test per entry"),
    ("{within: 7d}", "{any_of: within}", 11, "takes a list of tests", "write any_of"),
    ("{within: 7d}", "{all_of: []}", 11, "takes a list of tests", "write all_of"),
    ("{within: 7d}", "{before_due: thnk}", 11, "no clock `thnk`", "did you mean `thank`?"),
    ("{within: 7d}", "{happened_at_least: {event: thnk, times: 1}}", 11, "no event `thnk`", "`thank`?"),
    ("{within: 7d}", "{happened_at_least: {event: thank, times: 0}}", 11, "counts nothing", "1 or more"),
    ("{within: 7d}", "{field_at_least: {field: whom, value: 1}}", 11, "is no number", "type number"),
    ("{within: 7d}", "{field_is: {field: whom, value: 3}}", 11, "is never `3", "in quotes"),
    ("{within: 7d}", "{field_is: {field: channel, value: fone}}", 11, "is never `fone`", "`phone`?"),
    ("target: 3d", "target: 0h", 18, "no time at all", "1m or more"),
    ("target: 3d", "target: 999999d", 18, "more than ten years", "write a number"),
    ("target: 3d", "target: -3d", 18, "`-3d` is not a duration", "write a number"),
    ("target: 3d", "target: 3d, cap: 2d", 18, "no state pauses this clock", "remove `cap`"),
    ("during: [received]", "during: []", 18, "never counts", "name states"),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: 0%, effects: [tell_owner]}]",
        18,
        "`0%` is no step",
        "a share of",
    ),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: -4d, effects: [tell_owner]}]",
        18,
        "before the clock",
        "within",
    ),
    (
        "target: 3d",
        "target: {field: whim, values: {a: 3d}, otherwise: 2d}",
        18,
        "no field `whim`",
        "did you mean `whom`?",
    ),
    (
        "effects: [tell_customer]",
        "required: [whom], relates: {kind: eats, field: whom}",
        14,
        "cannot be `eats`",
        "merged_into",
    ),
    (
        "effects: [tell_customer]",
        "relates: {kind: follows, field: whom}",
        14,
        "does not ask for `whom`",
        "add `whom`",
    ),
    ("name: praise", "includes: {boss: [agent]}\nname: praise", 1, "no role `boss`", "known here"),
    ("name: praise", "map: {old: gone}\nname: praise", 1, "no state `gone`", "known here"),
    ("name: praise", "name: !!python/object/apply:os.system [x]", 1, "the tag `!!python", "remove it"),
    ("during: [received]", "during: !!set {received}", 18, "the tag `!!set`", "remove it"),
    ("name: praise", "name: 2026-13-01", 1, "month must be in 1..12", "in quotes"),
    ("name: praise", f"name: {'9' * 5000}", 1, "cannot be read", "in quotes"),
    ("clocks:\n", "clocks:\n  <<: {}\n", 18, "`<<` does not take over", "write them out"),
    ("name: praise", "[a, b]: x\nname: praise", 1, "is not text to YAML", "in quotes"),
    ("zh: 已致谢", "zh: 已\x07致谢", 7, "U+0007 cannot stand in text", "remove it"),
    ("zh: 已致谢", 'zh: "已\\ud800致谢"', 7, "a surrogate", "remove it"),
    ("clocks:", "---\nclocks:", 17, "another document", "look at this line"),
]


@pytest.mark.parametrize(("old", "new", "line", "message", "fix"), NEVER)
def test_each_is_named(old: str, new: str, line: int, message: str, fix: str) -> None:
    assert old in GOOD
    text = faults(GOOD.replace(old, new, 1))
    said = [one for one in text.splitlines() if message in one]
    assert said, text
    assert said[0].startswith(f"{line}: ")
    assert fix in said[0]


def test_a_choice_that_a_test_or_target_names_is_there() -> None:
    text = GOOD.replace(WHOM, WHOM[:-1] + ", type: choice, choices: {a: {en: A, zh: 甲}}}")
    assert "did you mean" not in text
    said = faults(
        text.replace("{within: 7d}", "{field_is: {field: whom, value: b}}").replace(
            "target: 3d", "target: {field: whom, values: {a: 1d, c: 3d}, otherwise: 2d}"
        )
    )
    assert "11: `whom` is never `b`" in said
    assert "18: there is no choice of `whom` `c`" in said


@pytest.mark.parametrize(
    "when",
    ["", ", when: [has_customer]", ", when: [has_owner, has_customer]"],
    ids=["none", "the same", "more"],
)
def test_a_row_that_asks_for_no_less_than_an_earlier_one_never_has_its_turn(when: str) -> None:
    first = ROW[:-1] + (", when: [has_customer]}" if when else "}")
    text = GOOD.replace(f"  - {ROW}\n", f"  - {first}\n  - {ROW[:-1]}{when}}}\n")
    assert "17: `thank` in `received` is decided already by the row in line 16" in faults(text)


def test_a_row_that_asks_for_something_else_has_its_turn() -> None:
    text = GOOD.replace(f"  - {ROW}\n", f"  - {ROW[:-1]}, when: [has_customer]}}\n  - {ROW}\n")
    assert len(load(text, "x").table) == 2


def test_a_slip_in_one_place_does_not_hide_those_in_others() -> None:
    text = GOOD.replace("zh: 表扬", "cn: 表扬").replace("end: true", "end: true, ende: x")
    text = text.replace("[leader]", "[leder]").replace("[tell_customer]", "[tell_custommer]")
    text = text.replace("clocks:", f"  - {ROW}\nclocks:").replace(WHOM, f"{WHOM}\n  {WHOM}")
    said = faults(text)
    for one in ("`cn`", "lacks `zh`", "`ende`", "`leder`", "`tell_custommer`", "decided already", "twice"):
        assert one in said, said
    assert "can never end" not in said


def test_a_slip_in_a_states_name_is_not_told_as_lost_ways() -> None:
    assert "no ticket can reach" not in faults(GOOD.replace("to: thanked", "to: thankd"))


def test_a_file_too_long_for_a_definition_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(Faulty, match="longer than"):
        read_files([path])


def test_two_workflows_with_one_prefix(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "b.yaml").write_text(GOOD.replace("name: praise", "\nname: other"), "utf-8")
    with pytest.raises(Faulty) as caught:
        read_files(workflow_files(tmp_path))
    (problem,) = caught.value.problems
    assert (Path(problem.file).name, problem.line) == ("b.yaml", 3)
    assert problem.message == "the prefix `P` is that of a.yaml too"


def test_a_workflow_that_an_event_opens_and_that_is_not_there_is_a_doubt(tmp_path: Path) -> None:
    opens = "required: [whom], relates: {kind: converted_to, field: whom, opens: prais}"
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "a.yaml").write_text(GOOD.replace("effects: [tell_customer]", opens), "utf-8")
    result = check(tmp_path, '[paths]\nworkflows = "w"\n')
    assert result.exit_code == 0
    assert re.search(r"warning: \S+a.yaml:14: there is no workflow `prais` \(did you", result.output)


def check(tmp_path: Path, settings: str) -> Result:
    file = tmp_path / "ringdesk.toml"
    file.write_text(settings, "utf-8")
    return CliRunner().invoke(app, ["check", "--config", str(file)])


def broken(folder: Path, source: Path, name: str, old: str, new: str) -> None:
    folder.mkdir()
    text = (source / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")


def test_check_tells_settings_calendars_workflows_and_flows_at_once(tmp_path: Path) -> None:
    broken(tmp_path / "c", shipped_calendars(), "default.yaml", "fri:", "friday:")
    broken(tmp_path / "w", shipped_workflows(), "inquiry.yaml", "roles: [agent]", "roles: [agnet]")
    (tmp_path / "w" / "latin.yaml").write_bytes("name: caf\xe9".encode("latin-1"))
    (tmp_path / "w" / "folder.yaml").mkdir()
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "hello.yaml").write_text("name: hello\n", "utf-8")
    paths = '[paths]\nworkflows = "w"\ncalendars = "c"\nflows = "f"\n'
    result = check(tmp_path, f"[server]\nport = 99999\n{paths}")
    assert result.exit_code == 1
    for part in (
        "server.port: 99999 is no port",
        r"c/default.yaml:\d+: `friday` is not known .*did you mean `fri`",
        r"w/inquiry.yaml:\d+: there is no role `agnet` \(did you mean `agent`",
        r"w/latin.yaml:1: is not UTF-8 \(save",
        r"w/folder.yaml:1: cannot be read",
        r"f/hello.yaml:\d+: `the file` lacks",
    ):
        assert re.search(part, result.output), (part, result.output)
    assert "good" not in result.output


@pytest.mark.parametrize("part", ["workflows", "calendars", "flows"])
def test_a_folder_that_is_not_there_is_told_once(tmp_path: Path, part: str) -> None:
    result = check(tmp_path, f'[paths]\n{part} = "nowhere"\n')
    assert (result.exit_code, result.output.count("nowhere")) == (1, 1), result.output


def test_a_folder_without_workflows_is_told(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    result = check(tmp_path, '[paths]\nworkflows = "w"\n')
    assert result.exit_code == 1
    assert "there is no workflow in this folder (write one there" in result.output
