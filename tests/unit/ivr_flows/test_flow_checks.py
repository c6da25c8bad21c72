"""Each mistake in a flow is named with its line and what to do about it."""

import pytest
from jsonschema import Draft202012Validator

from ivr_flows.definitions import Known
from ivr_flows.flow.load import Loaded, flow_schema
from ivr_flows.flow.words import prompts
from ivr_flows.messages import Language, Said
from tests.unit.ivr_flows.shipped_flows import FLOWS, SHIPPED, TINY, faults

MISTAKES = [
    # Shape
    ("do: say", "do: sy", 10, "cannot be a `sy`", "did you mean `say`?"),
    ("do: say, ", "", 10, "does not say what it is", "add `do:`"),
    ("next: menu}\n  menu", "nxt: menu}\n  menu", 10, "`nxt` is not known", "did you mean `next`?"),
    ("{en: Hello., zh: 您好。}", "{en: Hello.}", 10, "lacks `zh`", "add `zh:`"),
    ("into: account, min", "min", 17, "lacks `into`", "add `into:`"),
    ("min: 4", "min: four", 17, "Expected `int`", "the kind of value"),
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
    ("en: Hello.", f"en: {'x' * 601}", 10, "601 characters are too long", "split it"),
    ('en: "It is {found.account|digits}."', 'en: "It is {found.account}."', 25, "how", "digits, number"),
    ('en: "It is {found.account|digits}."', 'en: "It is {found.account|digit}."', 25, "how", "`digits`?"),
    ('en: "It is {found.account|digits}."', 'en: "It is {found.account|digits."', 25, "brace", "{name|kind}"),
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
    # Secrets
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
    # Targets of transfers
    ("queue: service, priority: 5", "priority: 5", 28, "leads nowhere", "queue, agent and number"),
    ("queue: service, ", "queue: service, agent: anna, ", 28, "leads to 2 targets", "one of"),
    ("queue: service, ", "number: call me, ", 28, "cannot be dialled", "+4930123456"),
    ("priority: 5", "priority: soon", 28, "`soon` is no priority", "a number, or $name"),
    ("priority: 5", "priority: 500", 28, "`500` is no priority", "0 to 100"),
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
    ("fallback: person\n", "", 8, "no way out where a caller does nothing", "add `fallback:`"),
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
        "`who` may have no value",
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
        ("workflow: repair", "workflow: repare", "there is no workflow `repare`"),
        ("    workflow: repair\n", "", "says not which ticket to open"),
    ],
)
def test_tickets_are_of_workflows_that_there_are(old: str, new: str, message: str) -> None:
    node = """\
  person:
    do: ticket
    workflow: repair
    subject: {en: A, zh: 甲}
    next: bye
    failed: bye
"""
    text = TINY[: TINY.index("  person: {do")] + node
    assert faults(text, Known(workflows=["repair"])) == []
    (problem,) = faults(text.replace(old, new), Known(workflows=["repair"]))
    assert message in problem.message


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


def test_the_schema_knows_every_node() -> None:
    text = str(flow_schema())
    for kind in (
        "say",
        "menu",
        "collect",
        "pin",
        "look_up",
        "branch",
        "set",
        "record",
        "ticket",
        "event",
        "callback",
        "survey",
        "transfer",
        "hangup",
        "call",
        "return",
    ):
        assert f"'{kind}'" in text


@pytest.mark.parametrize("loaded", SHIPPED, ids=lambda one: one.flow.name)
def test_the_schema_takes_the_shipped_flows_and_no_misspelt_one(loaded: Loaded) -> None:
    validator = Draft202012Validator(flow_schema())
    assert [error.message for error in validator.iter_errors(loaded.source.data)] == []
    assert [*validator.iter_errors({**loaded.source.data, "strat": "x"})] != []
    node = next(iter(loaded.source.data["nodes"]))
    wrong = {**loaded.source.data, "nodes": {node: {**loaded.source.data["nodes"][node], "nxt": "x"}}}
    assert [*validator.iter_errors(wrong)] != []
