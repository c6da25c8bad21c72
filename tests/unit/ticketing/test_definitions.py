"""Definitions with every kind of mistake: each is named with its line and what to do."""

from pathlib import Path

import msgspec
import pytest

from core.definition.source import Faulty
from core.identity.roles import Role
from tests.unit.ticketing.shipped import FILES, SHIPPED
from ticketing.definitions import check_files, workflow_schema
from ticketing.workflow.effects import EFFECTS
from ticketing.workflow.guards import GUARDS
from ticketing.workflow.load import canonical, from_canonical, load
from ticketing.workflow.model import ROLES, Workflow

GOOD = """\
name: praise
prefix: P
label: {en: Praise, zh: 表扬}
open: {event: receive, to: received, roles: [agent]}
states:
  received: {label: {en: Received, zh: 已受理}}
  thanked: {label: {en: Thanked, zh: 已致谢}, end: true}
fields:
  whom: {label: {en: Whom, zh: 对象}}
guards:
  fresh: {label: {en: Too late, zh: 已过期}, test: {within: 7d}}
events:
  receive: {label: {en: Receive, zh: 受理}, optional: [whom]}
  thank: {label: {en: Thank, zh: 致谢}, effects: [tell_customer]}
table:
  - {from: received, event: thank, to: thanked, roles: [leader], guards: [fresh]}
clocks:
  thank: {label: {en: Thank, zh: 致谢}, target: 3d, during: [received]}
"""

MISTAKES = [
    ("end: true", "ende: true", 7, "`ende` is not known", "did you mean `end`?"),
    ("prefix: P\n", "", 1, "lacks `prefix`", "add `prefix:`"),
    ("zh: 表扬", "cn: 表扬", 3, "lacks `zh`", "add `zh:`"),
    ("zh: 对象", "zh: ''", 9, "an empty label", "write what people are to read"),
    ("to: thanked", "to: thankd", 16, "no state `thankd`", "did you mean `thanked`?"),
    ("from: received", "from: recieved", 16, "no state `recieved`", "did you mean `received`?"),
    ("event: thank", "event: thnk", 16, "no event `thnk`", "did you mean `thank`?"),
    ("roles: [leader]", "roles: [leder]", 16, "no role `leder`", "did you mean `leader`?"),
    ("roles: [leader]", "roles: []", 16, "nobody may take this step", "name at least one role"),
    ("guards: [fresh]", "guards: [fresch]", 16, "no guard `fresch`", "did you mean `fresh`?"),
    ("{within: 7d}", "{within: a week}", 11, "`a week` is not a duration", "docs/workflows.md"),
    ("{within: 7d}", "fresh", 11, "refers to itself", "name the tests themselves"),
    ("{within: 7d}", "{field_is: {field: who, value: x}}", 11, "no field `who`", "did you mean `whom`?"),
    (
        "[tell_customer]",
        "[tell_custommer]",
        14,
        "no effect `tell_custommer`",
        "did you mean `tell_customer`?",
    ),
    ("optional: [whom]", "optional: [who]", 13, "no field `who`", "did you mean `whom`?"),
    ("during: [received]", "during: [receive]", 18, "no state `receive`", "did you mean `received`?"),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: 80, effects: [tell_owner]}]",
        18,
        "is no text: YAML reads `80` here",
        "in quotes",
    ),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: soon, effects: [tell_owner]}]",
        18,
        "`soon` is no step such as 80%",
        "write a share of the target",
    ),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: +4 hours, effects: [tell_owner]}]",
        18,
        "`4 hours` is not a duration",
        "write a share of the target",
    ),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: 80%}]",
        18,
        "nothing happens at this step",
        "name effects or an event",
    ),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: 80%, effects: [take]}]",
        18,
        "no effect that tells somebody `take`",
        "known here",
    ),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: 80%, event: thnk}]",
        18,
        "no event `thnk`",
        "did you mean `thank`?",
    ),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: 80%, event: thank}]",
        18,
        "no row lets the timer have `thank` happen",
        "add `timer`",
    ),
    (
        "target: 3d",
        "target: 3d, escalations: [{at: 80%, effects: [tell_owner]}, {at: 80%, effects: [tell_head]}]",
        18,
        "the step 80% is there twice",
        "put their effects",
    ),
    ("target: 3d", "target: 3d, until: whom", 18, "`whom` is no date", "of the type date"),
    ("target: 3d", "target: 3d, until: when", 18, "no field `when`", "known here: whom"),
    ("target: 3d", "target: 3d, pauses: [received]", 18, "`received` counts and pauses", "name it in one"),
    ("target: 3d", "target: 3 days", 18, "`3 days` is not a duration", "write a number and"),
    ("end: true", "end: sometimes", 7, "Expected true or false, got a text", "the kind of value"),
    (", end: true", "", 5, "no state is an end", "`end: true`"),
    ("to: received,", "to: thanked,", 6, "no ticket can reach `received`", "add a row"),
    ("name: praise", "name: praise\nname: again", 2, "`name` is written twice", "rename or remove"),
    ("  thank: {label: {en: T", "  no: {label: {en: T", 14, "not text to YAML", "put it in quotes"),
    ("whom: {label", "note: {label", 9, "every event has a note already", "name it otherwise"),
    ("prefix: P", "prefix: P-1", 2, "the prefix begins each number", "letters or digits"),
    ("name: praise", "name: [praise", 2, "not YAML", "look at this line"),
    (
        "{label: {en: Whom, zh: 对象}}",
        "{label: {en: A, zh: B}, type: choice}",
        9,
        "has no choices",
        "add `choices:`",
    ),
]


def faults(text: str) -> str:
    with pytest.raises(Faulty) as caught:
        load(text, "praise.yaml")
    return "\n".join(f"{p.line}: {p.message} | {p.fix}" for p in caught.value.problems)


def test_the_good_one_is_good() -> None:
    assert load(GOOD, "praise.yaml").name == "praise"


@pytest.mark.parametrize(("old", "new", "line", "message", "fix"), MISTAKES)
def test_each_mistake_is_named(old: str, new: str, line: int, message: str, fix: str) -> None:
    assert old in GOOD
    said = [one for one in faults(GOOD.replace(old, new)).splitlines() if message in one]
    assert said, faults(GOOD.replace(old, new))
    assert said[0].startswith(f"{line}: ")
    assert fix in said[0]


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("to: thanked", "to: x1").replace("[leader]", "[x2]").replace("[fresh]", "[x3]")
    assert {"x1", "x2", "x3"} <= set(faults(text).replace("`", " ").split())


def test_an_ambiguous_pair_names_both_lines() -> None:
    row = "  - {from: any_open, event: thank, to: thanked, roles: [agent]}\n"
    said = faults(GOOD.replace("clocks:", f"{row}clocks:"))
    assert "17: `thank` in `received` is decided already by the row in line 16" in said


def test_a_first_row_with_a_when_is_no_ambiguity() -> None:
    row = "  - {from: received, event: thank, to: thanked, roles: [agent], when: [has_customer]}\n"
    assert len(load(GOOD.replace("table:\n", f"table:\n{row}"), "p.yaml").table) == 2


def test_a_state_without_a_way_out_is_named() -> None:
    text = GOOD.replace("  thanked:", "  stuck: {label: {en: Stuck, zh: 卡住}}\n  thanked:")
    row = "  - {from: received, event: receive, to: stuck, roles: [agent]}\n"
    assert "a ticket in `stuck` can never end" in faults(text.replace("clocks:", f"{row}clocks:"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "just text", "a: &a [*a]", "{" * 500, "? [1]\n: 2", "\x00", "a: !!python/object:os.system x"],
)
def test_what_is_no_definition_is_told(text: str) -> None:
    assert faults(text)


def test_aliases_that_multiply_are_cut_off() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    assert "aliases" in faults(bomb)


def test_files_are_checked_together(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD, "utf-8")
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe")
    problems = check_files(
        [tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "c.yaml", tmp_path / "d.yaml"]
    )
    assert [Path(p.file).name for p in problems] == ["c.yaml", "d.yaml", "b.yaml", "b.yaml"]


def test_the_shipped_ones_are_sound() -> None:
    assert check_files(FILES) == []
    assert set(SHIPPED) == {"complaint", "repair", "inquiry"}


@pytest.mark.parametrize("workflow", SHIPPED.values(), ids=SHIPPED)
def test_the_stored_form_is_the_same_definition(workflow: Workflow) -> None:
    assert from_canonical(canonical(workflow)) == workflow
    assert canonical(from_canonical(canonical(workflow))) == canonical(workflow)


def test_comments_do_not_make_a_new_version() -> None:
    assert canonical(load("# hello\n" + GOOD, "a")) == canonical(load(GOOD, "b"))


def test_roles_are_those_that_users_have() -> None:
    assert {role.value for role in Role} == ROLES


def test_the_schema_knows_the_keys() -> None:
    schema = workflow_schema()
    assert schema["$defs"]["Workflow"]["additionalProperties"] is False
    assert "from" in schema["$defs"]["Row"]["properties"]
    assert msgspec.json.encode(schema)


def test_the_guide_names_every_guard_and_effect() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text("utf-8")
    assert [name for name in (*GUARDS, *sorted(EFFECTS)) if f"`{name}`" not in guide] == []


def test_a_clock_names_a_calendar_that_there_is() -> None:
    text = GOOD.replace("target: 3d", "target: 3d, calendar: shop")
    assert load(text, "x", ("working", "shop")).clocks["thank"].calendar == "shop"
    with pytest.raises(Faulty) as caught:
        load(text, "x", ("working", "shops"))
    (problem,) = caught.value.problems
    assert (problem.line, problem.message, problem.fix) == (
        18,
        "there is no calendar `shop`",
        "did you mean `shops`?",
    )


def test_a_timer_cannot_answer_questions() -> None:
    text = GOOD.replace("roles: [leader]", "roles: [leader, timer]").replace(
        "zh: 致谢}, effects", "zh: 致谢}, required: [whom], effects"
    )
    text = text.replace("target: 3d", "target: 3d, escalations: [{at: 100%, event: thank}]")
    with pytest.raises(Faulty, match="`thank` asks for whom, which a timer cannot answer"):
        load(text, "x")
