"""Each mistake in a flow is named with its line and what to do about it."""

import os
from pathlib import Path

import pytest
from msgspec import structs

from config.settings import PbxSettings, Settings
from core.definition.source import Faulty
from ivr_flows.definitions import Known, flow_files, read_flows
from ivr_flows.flow.checks import Opening
from ivr_flows.flow.words import prompts
from ivr_flows.messages import Language, Said
from server.commands.check import numbers_barred
from tests.unit.ivr_flows.shipped_flows import FLOWS, TINY, faults

METER = Opening(True, required=("kind",), fields=("kind", "photo"), categories=("east",))
MISTAKES = [
    # Shape
    ("do: say", "do: sy", 10, "cannot be a `sy`", "did you mean `say`?"),
    ("do: say, ", "", 10, "does not say what it is", "add `do:`"),
    ("next: menu}\n  menu", "nxt: menu}\n  menu", 10, "`nxt` is not known", "did you mean `next`?"),
    ("{en: Hello., zh: 您好。}", "{en: Hello.}", 10, "lacks `zh`", "add `zh:`"),
    ("into: account, min", "min", 17, "lacks `into`", "add `into:`"),
    ("min: 4", "min: four", 17, "Expected a whole number, got a text", "the kind of value"),
    # Names and targets
    ("name: tiny", "name: my tiny", 1, "is not a plain name", "letters, digits and _"),
    ("name: tiny", "name: common", 1, "has a meaning of its own", "otherwise"),
    ("name: tiny", "name: hotline", 1, "is that of hotline.yaml too", "a name of its own"),
    ("start: hello", "start: helo", 3, "there is no node `helo`", "did you mean `hello`?"),
    ("fallback: person", "fallback: persn", 4, "there is no node `persn`", "did you mean `person`?"),
    (
        '"0": {label: {en: A person, zh: 人工}, next: person}',
        '"0": {label: {en: A person, zh: 人工}, next: x}',
        6,
        "there is no node `x`",
        "known here",
    ),
    ("next: account}", "next: acount}", 15, "there is no node `acount`", "did you mean `account`?"),
    ("otherwise: bye", "otherwise: by", 23, "there is no node `by`", "did you mean `bye`?"),
    # Texts
    ("en: Hello.", "en: ''", 10, "an empty text", "write what people are to hear"),
    ("en: Hello.", "en: '...'", 10, "nothing to say", "write words"),
    ("en: Hello.", "en: 您好", 10, "Chinese in the English text", "put it in `zh`"),
    ("zh: 您好。", "zh: Hello.", 10, "no Chinese in the Chinese text", "translate it"),
    ("en: Hello.", f"en: {'x' * 601}", 10, "601 characters are too long", "split it"),
    ('en: "It is {found.account|digits}."', 'en: "It is {found.account}."', 25, "how", "digits, number"),
    ('en: "It is {found.account|digits}."', 'en: "It is {found.account|digit}."', 25, "how", "`digits`?"),
    ('en: "It is {found.account|digits}."', 'en: "It is {found.account|digits."', 25, "brace", "{name|kind}"),
    (
        'zh: "是{found.account|digits}。"',
        "zh: 没有。",
        25,
        "`en` says {found.account|…}, `zh` does not",
        "both",
    ),
    ("en: Hello.", "en: Hello $account.", 10, "`$account` would be read out", "{account|KIND}"),
    ("zh: 您好。", "zh: no", 10, "is no text: YAML reads `false` here", "in quotes"),
    ("label: {en: Tiny", "label：{en: Tiny", 2, "not YAML", "none of full width"),
    ("  hello: {", "\thello: {", 10, "not YAML", "a tab"),
    ("en: Hello.", "en: Hello: you.", 10, "not YAML", "belongs in quotes"),
    # Keys and limits
    ('"1": {label', '"A": {label', 15, "`A` is no key of a telephone", "0 to 9"),
    ('"1": {label', '"0": {label', 15, "leads to `person` everywhere, but here to `account`", "another key"),
    ("min: 4, max: 8", "min: 4, max: 2", 17, "from 4 to 2 digits", "`min` at most `max`"),
    ("min: 4", "tries: 9, min: 4", 17, "`tries` is 9", "use 1 to 5"),
    ("min: 4", "wait: 300, min: 4", 17, "`wait` is 300", "use 1 to 30"),
    ("min: 4", 'end: "1", min: 4', 17, "`1` cannot end an entry", "use # or *"),
    ("into: words,", "into: words, most: 1000,", 26, "`most` is 1000", "use 1 to 300"),
    (
        "account: $account, next: told",
        "account: $account, digits: 2, next: told",
        24,
        "`digits` is 2",
        "4 to 12",
    ),
    (
        "min: 4",
        'confirm: {text: {en: A, zh: 甲}, "yes": "0"}, min: 4',
        17,
        "the key 0 says yes here",
        "another key",
    ),
    (
        '  "0": {label: {en: A person, zh: 人工}, next: person}',
        '  "#": {label: {en: A person, zh: 人工}, next: person}',
        17,
        "the key # ends the entry here, but leads elsewhere everywhere in `tiny`",
        "the other one",
    ),
    (
        "do: record, text: {en: Speak., zh: 请讲。}, into: words, next: bye",
        "do: menu, choices: {}",
        26,
        "without choices",
        "add",
    ),
    ('text: {en: "Press 1 or 2.", zh: 请按1或2。}', "wait: 5", 11, "a menu that says nothing", "add `text:`"),
    ("queue: service", 'queue: "ser,vice"', 28, "no caller gets to a queue called `ser,vice`", "letters"),
    ("It is {found.account", "It is {account.x", 25, "`account` has no part `x`", "write `account`"),
    # Names
    (
        "into: account, min",
        'into: "my account", min',
        17,
        "`my account` is not a plain name for a variable",
        "_",
    ),
    ("into: account, min", "into: 户号, min", 17, "`户号` is not a plain name for a variable", "letters"),
    ("into: account, min", "into: caller, min", 17, "`caller` is what the telephone says", "of your own"),
    ("into: account, min", "into: language, min", 17, "`language` is set by `set:` only", "zh_CN"),
    (
        "set: {language: en}",
        "set: {language: french}",
        16,
        "`french` is no language",
        "use one of: en, zh_CN",
    ),
    ("set: {language: en}", "set: {dialled: x}", 16, "`dialled` is what the telephone says", "of your own"),
    (
        "account: $account, next: told",
        "account: account, next: told",
        24,
        "`account` is no variable",
        "$account",
    ),
    (
        "cases:\n      - {when: {found.found: true}, next: pin}",
        "cases: []",
        21,
        "without cases",
        "add `cases:`",
    ),
    # Secrets
    ("set: {language: en}", "set: {user_pin: en}", 16, "looks like a secret", "use `do: pin`"),
    ("start: hello", "needs: [otp]\nstart: hello", 3, "looks like a secret", "use `do: pin`"),
    ("{found.account|digits}。", "{pin|digits}。", 25, "no node sets `pin`", "known here"),
    # Examples
    ("nodes:", "examples: {hours.opn: {open: true}}\nnodes:", 9, "no service `hours.opn`", "`hours.open`?"),
    ("nodes:", "examples: {hours.open: {opne: true}}\nnodes:", 9, "does not answer `opne`", "`open`?"),
    ("nodes:", "examples: {hours.open: true}\nnodes:", 9, "an answer is a mapping", "hours.open:"),
    ("into: account, min", "into: pin, min", 17, "looks like a secret", "use `do: pin`"),
    ("service: account.find", "service: pin.check", 18, "must not be in a variable", "use `do: pin`"),
    # Services and variables
    ("service: account.find", "service: account.fnd", 18, "no service `account.fnd`", "`account.find`?"),
    ("with: {account: $account}", "with: {acount: $account}", 18, "does not take `acount`", "`account`?"),
    ("with: {account: $account}, ", "", 18, "`account.find` needs `account`", "under `with:`"),
    ("with: {account: $account}", "with: {account: $acount}", 18, "no node sets `acount`", "`account`?"),
    ("{found.found: true}", "{found.fund: true}", 22, "`found` has no part `fund`", "`found`?"),
    ("{found.found: true}", "{fond.found: true}", 22, "no node sets `fond`", "did you mean"),
    ("{found.found: true}", "{at_least: 5}", 22, "`at_least` takes variables and numbers", "queue.waiting"),
    ("{found.found: true}", "found", 22, "a test is a mapping", "write variables"),
    ("answers:\n  account:", "answers:\n  acount:", 8, "no node sets `acount`", "`account`?"),
    (
        "{en: Hello., zh: 您好。}",
        '{en: "Hello {account|digits}.", zh: 您好。}',
        10,
        "`account` may have no value here",
        "known",
    ),
    # Branches
    ("{found.found: true}", "[found.found]", 22, "a test is a mapping", "write variables"),
    (
        "{found.found: true}",
        "{found.found: {is: true}}",
        22,
        "`found.found` cannot be a mapping",
        "a list of values",
    ),
    (
        "{found.found: true}",
        "{any_of: {found.found: true}}",
        22,
        "`any_of` takes a list of tests",
        "write any_of",
    ),
    ("{found.found: true}", "{known: 5}", 22, "`known` takes a variable", "write known"),
    ("{found.found: true}", "{not: {}}", 22, "a test is a mapping", "write variables"),
    (
        "{found.found: true}",
        "{at_most: {found.found: yes}}",
        22,
        "`at_most` takes variables and numbers",
        "write",
    ),
    (
        "{found.found: true}, next: pin",
        "{found.found: true}, next: 5",
        22,
        "is no text: YAML reads `5` here",
        "in quotes",
    ),
    ("    otherwise: bye", "    otherwise: [bye]", 23, "Expected a text, got a list", "kind of value"),
    # Targets of transfers
    ("queue: service, priority: 5", "priority: 5", 28, "leads nowhere", "queue, agent and number"),
    ("queue: service, ", "queue: service, agent: anna, ", 28, "leads to 2 targets", "one of"),
    ("queue: service, ", "number: call me, ", 28, "cannot be dialled", "+4930123456"),
    ("priority: 5", "priority: soon", 28, "`soon` is no priority", "a number, or $name"),
    ("priority: 5", "priority: 500", 28, "`500` is no priority", "0 to 100"),
    (
        "do: transfer, queue: service, priority: 5",
        "do: callback, queue: service, priority: 101, next: bye",
        28,
        "`101` is no priority",
        "0 to 100",
    ),
    ("priority: 5", "otherwise: bye", 28, "never taken", "remove it"),
    ("queue: service, priority", "queue: servce, priority", 28, "no queue `servce`", "`service`?"),
    # Ways
    ("next: find}", "next: bye}", 18, "no caller can reach `find`", "lead another node to it"),
    (
        "do: hangup, text: {en: Bye., zh: 再见。}",
        "do: say, text: {en: Bye., zh: 再见。}, next: bye",
        27,
        "a caller in `bye` never gets out",
        "a transfer, a hangup",
    ),
    (
        "set: {language: en}, next: menu}",
        "set: {language: en}, next: menu}\n    otherwise: hello",
        10,
        "hello → menu → hello goes round without the caller doing anything",
        "put a question in between",
    ),
    (
        "into: found, next: which",
        "into: found, next: which, failed: find",
        18,
        "find → find goes round",
        "out of the circle",
    ),
    (
        "fallback: person\n",
        "",
        10,
        "no way out of `menu`, `account`, `find` and others where a caller does nothing",
        "add `fallback:`",
    ),
    # Sub-flows
    (
        "do: transfer, queue: service, priority: 5",
        "do: call, flow: hotlin, next: bye",
        28,
        "no flow `hotlin`",
        "`hotline`?",
    ),
    (
        "do: transfer, queue: service, priority: 5",
        "do: call, flow: tiny, next: bye",
        28,
        "comes back to `tiny`",
        "let it return",
    ),
    (
        "do: transfer, queue: service, priority: 5",
        "do: call, flow: bill, next: bye",
        28,
        "`bill` needs `who`, and not every way to `person` sets it",
        "set it",
    ),
]


def test_the_small_flow_is_good() -> None:
    assert faults(TINY, Known(queues=["service", "emergency"])) == []


@pytest.mark.parametrize(("old", "new", "line", "message", "fix"), MISTAKES)
def test_each_mistake_is_named_with_its_line(old: str, new: str, line: int, message: str, fix: str) -> None:
    assert old in TINY
    found = faults(TINY.replace(old, new, 1), Known(queues=["service", "emergency"]))
    mine = [p for p in found if p.file == "tiny.yaml" and message in p.message]
    assert mine, "\n".join(f"{p.line}: {p.message}" for p in found)
    assert mine[0].line == line
    assert fix in mine[0].fix


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # The caller presses a key in this circle each time.
        ("next: account}", 'next: hello}\n      "3": {label: {en: Three, zh: 三}, next: account}'),
        # Known by the case, not by the way.
        ("{found.found: true}", "{found.found: true, known: found.account}"),
        # What is there anyway may be needed.
        ("start: hello", "needs: [caller, language]\nstart: hello"),
        # A way out in silence that ends.
        ("min: 4", "otherwise: bye, min: 4"),
    ],
)
def test_what_only_looks_wrong_is_good(old: str, new: str) -> None:
    assert old in TINY
    assert faults(TINY.replace(old, new, 1)) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("workflow: meter", "workflow: metre", "there is no workflow `metre`"),
        ("workflow: meter", "workflow: closed", "callers may not open a `closed`"),
        ("kind: a", "kind: a, phot: b", "`meter` takes no field `phot`"),
        ("{kind: a}", "{}", "`meter` asks for the field `kind`"),
        ("category: east", "category: easts", "`meter` has no category `easts`"),
        ("    workflow: meter\n", "", "says not which ticket to open"),
    ],
)
def test_tickets_are_of_workflows_that_there_are(old: str, new: str, message: str) -> None:
    node = """\
  person:
    do: ticket
    workflow: meter
    subject: {en: A, zh: 甲}
    category: east
    fields: {kind: a}
    next: bye
    failed: bye
"""
    text = TINY[: TINY.index("  person: {do")] + node
    known = Known(
        workflows={
            "meter": METER,
            "closed": structs.replace(METER, by_callers=False),
            "repair": Opening(True),
        }
    )
    assert faults(text, known) == []
    (problem,) = faults(text.replace(old, new), known)
    assert message in problem.message


@pytest.mark.parametrize("key", ["1", "5"])
def test_a_score_is_no_key_that_leads_elsewhere(key: str) -> None:
    text = TINY.replace('"0": {label: {en: A person', f'"{key}": {{label: {{en: A person', 1).replace(
        "do: record, text: {en: Speak., zh: 请讲。}, into: words",
        "do: survey, text: {en: Score., zh: 评分。}",
    )
    assert f"the key {key} is a score here" in " ".join(p.message for p in faults(text))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("+861061234567", ""),
        ("+4930123456", "abroad"),
        ("110", "an emergency number"),
        ("1", "cannot be dialled"),
    ],
)
def test_numbers_are_those_that_the_dial_policy_lets_through(number: str, message: str) -> None:
    settings = Settings(pbx=(PbxSettings("main", host="h", username="u", secret="s", region="CN"),))
    known = Known(barred=numbers_barred(settings))
    found = faults(TINY.replace("queue: service, priority: 5", f'number: "{number}"'), known)
    assert [message in problem.message for problem in found] == ([True] if message else [])


def test_mistakes_of_several_files_and_kinds_are_named_at_once(tmp_path: Path) -> None:
    """A file that cannot be read, one with a wrong name, and one whose ways are wrong: none hides another."""
    texts = {
        "tab": "name: tab\n\tlabel: x\n",
        "shape": TINY.replace("name: tiny", "name: shape").replace("do: say", "do: sy"),
        "target": TINY.replace("name: tiny", "name: target").replace("next: find", "next: fnd"),
        "loop": TINY.replace("name: tiny", "name: loop")
        .replace("failed: find", "")
        .replace("into: found, next: which", "into: found, next: which, failed: find"),
        "unset": TINY.replace("name: tiny", "name: unset").replace(
            "{en: Hello.", '{en: "Hello {account|digits}."'
        ),
        # Calls one that is there but broken, and one that is not there.
        "calls": TINY.replace("name: tiny", "name: calls").replace(
            "person: {do: transfer, queue: service, priority: 5}",
            "person: {do: call, flow: shape, next: other}\n  other: {do: call, flow: nowhere, next: bye}",
        ),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(Faulty) as faulty:
        read_flows(flow_files(tmp_path))
    said = [(Path(p.file).stem, p.message) for p in faulty.value.problems]
    for name, message in (
        ("tab", "not YAML"),
        ("shape", "cannot be a `sy`"),
        ("target", "there is no node `fnd`"),
        ("loop", "find → find goes round"),
        ("unset", "`account` may have no value here"),
        ("calls", "there is no flow `nowhere`"),
        ("folder", "is no file"),
        ("pipe", "is no file"),
    ):
        assert [one for one in said if one[0] == name and message in one[1]], (name, said)
    assert all(problem.fix and problem.line >= 1 for problem in faulty.value.problems)
    assert "there is no flow `shape`" not in str(said)


SLIPS = (
    ("label: {en: Tiny, zh: 小流程}", "lable: {en: Tiny, zh: 小流程}", 2, "`lable` is not known"),
    ("{en: Account, zh: 户号}", "{zh: 户号}", 8, "lacks `en`"),
    ("hello: {do: say, text: {en: Hello.,", "hello: {do: sai, text: {en: '...',", 10, "cannot be a `sai`"),
    ("{en: One, zh: 一}, next: account", "{en: One}, nxt: acount", 15, "`nxt` is not known"),
    ("min: 4, max: 8", "min: 4, max: 2, tires: 9", 17, "`tires` is not known"),
    ("into: found, next", "into: found, colour: red, next", 18, "`colour` is not known"),
)


def test_a_slip_in_one_place_of_a_flow_does_not_hide_those_in_others(tmp_path: Path) -> None:
    """What was probably meant is looked at; nothing is said that is only wrong because of another mistake."""
    text = TINY
    for old, new, _, _ in SLIPS:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "tiny.yaml").write_text(text)
    whole = TINY.replace("name: tiny", "name: whole").replace(
        "person: {do: transfer, queue: service, priority: 5}",
        "person: {do: call, flow: tiny, next: bye}",
    )
    (tmp_path / "whole.yaml").write_text(whole)
    with pytest.raises(Faulty) as faulty:
        read_flows(flow_files(tmp_path))
    expected = [
        *((line, message) for _, _, line, message in SLIPS),
        (1, "lacks `label`"),
        (10, "nothing to say"),
        (15, "lacks `zh`"),
        (15, "lacks `next`"),
        (15, "there is no node `acount`"),
        (17, "`tries` is 9"),
        (17, "from 4 to 2 digits"),
    ]
    found = [(p.line, p.message) for p in faulty.value.problems]
    for line, part in expected:
        assert [one for one in found if one[0] == line and part in one[1]], (line, part, found)
    assert len(found) == len(expected), found
    assert [line for line, _ in found] == sorted(line for line, _ in found)
    assert {Path(p.file).name for p in faulty.value.problems} == {"tiny.yaml"}


def test_a_flow_that_nobody_finds_through_is_refused_at_once() -> None:
    say = "{do: say, text: {en: Hello., zh: 您好。}, next: hello}"
    text = TINY.replace("nodes:\n", "nodes:\n" + "".join(f"  n{n}: {say}\n" for n in range(1_500)))
    (problem,) = faults(text)
    assert (problem.line, problem.message) == (9, "1510 nodes are more than 1000")


def bomb() -> str:
    return "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"", 1, "lacks `name`"),
        (b"# only words\n", 1, "lacks `name`"),
        (b"hello\n", 1, "is not a mapping"),
        (b"- a\n- b\n", 1, "is not a mapping"),
        (TINY.encode().replace("您好".encode(), "您好".encode("gb18030")), 10, "is not UTF-8"),
        (TINY.encode("utf-16"), 1, "is not UTF-8"),
        (TINY.encode() + b"\0", 29, "a character U+0000"),
        (TINY.replace("Hello", "Hel\x07lo").encode(), 10, "a character U+0007"),
        (bomb().encode(), 1, "aliases that multiply"),
        (b"a: &a [*a]\n", 1, "too deep inside each other"),
        (b"a: " + b"[" * 1_500, 1, "too deep inside each other"),
        (TINY.encode() + b"#" * 2_000_000, 1, "longer than"),
        (TINY.replace("min: 4", "min: " + "9" * 5000).encode(), 17, "cannot be read: "),
        (TINY.replace("queue: service", "queue: 2026-02-30").encode(), 28, "cannot be read: "),
        (
            TINY.replace("name: tiny", "name: !!python/object/apply:os.system [id]").encode(),
            1,
            "the tag `!!python/object/apply:os.system` is not taken",
        ),
        (TINY.encode() + b"  bye: {do: hangup}\n", 29, "`bye` is written twice"),
        (TINY.encode() + b"  x: &x {do: hangup}\n  y: {<<: *x}\n", 30, "`<<` does not take over"),
        (TINY.replace('"1": {label', "1: {label").encode(), 15, "not text to YAML"),
        (TINY.encode() + b"---\nname: two\n", 29, "another document"),
    ],
)
def test_a_file_that_is_no_flow_at_all_is_named_too(
    data: bytes, line: int, message: str, tmp_path: Path
) -> None:
    (tmp_path / "tiny.yaml").write_bytes(data)
    with pytest.raises(Faulty) as faulty:
        read_flows(flow_files(tmp_path))
    first = faulty.value.problems[0]
    assert message in first.message
    assert (first.line, bool(first.fix), "\n" in first.message) == (line, True, False)


def test_hours_are_of_calendars_that_there_are() -> None:
    assert "no calendar `defalt`" in " ".join(
        p.message
        for p in faults(
            TINY.replace(
                "service: account.find, with: {account: $account}",
                "service: hours.open, with: {calendar: defalt}",
            ),
            Known(calendars=["default"]),
        )
    )


def test_every_shipped_prompt_has_a_name_of_its_own_in_both_languages() -> None:
    found = prompts(FLOWS)
    assert all(piece.said is Said.PROMPT and piece.name for piece in found)
    by_name = {(piece.name, piece.language) for piece in found}
    assert len(by_name) == len(found)
    for language in Language:
        assert {name for name, spoken in by_name if spoken is language} >= {
            "hotline.main.key_1",
            "danger.advice.text",
            "common.silent.text",
            "bill.owed_due.text-2",
        }
