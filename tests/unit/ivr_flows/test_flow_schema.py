"""The JSON Schema of flows and the checks say the same of a file."""

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ivr_flows.definitions import flow_schema
from ivr_flows.flow.load import Loaded
from tests.unit.ivr_flows.shipped_flows import SHIPPED, TINY, faults


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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("do: say", "do: sy"),
        ("do: say, ", ""),
        ("{en: Hello., zh: 您好。}", "{en: Hello.}"),
        ("{en: Hello., zh: 您好。}", "Hello."),
        ("into: account, min", "min"),
        ("min: 4", "min: four"),
        ("{found.found: true}", "found"),
        ("{found.found: true}", "{any_of: {found.found: true}}"),
        ("{found.found: true}", "{at_least: 5}"),
        ("{found.found: true}", "{not: {found.found: {is: true}}}"),
        ("queue: service, priority: 5", "queue: 5"),
        ("queue: service, priority: 5", "queue: service, priority: 5.5"),
        ("    otherwise: bye", "    otherwise: [bye]"),
        ("    cases:\n      - {when: {found.found: true}, next: pin}", "    cases: {found.found: pin}"),
        ('"1": {label: {en: One, zh: 一}, next: account}', '"1": account'),
        ("start: hello\n", ""),
        ("start: hello", "start: hello\nlanguage: fr"),
        ("start: hello", "start: hello\nneeds: who"),
        ("answers:\n  account: {label: {en: Account, zh: 户号}}", "answers: [account]"),
    ],
)
def test_the_schema_refuses_what_the_check_refuses_of_a_files_shape(old: str, new: str) -> None:
    validator = Draft202012Validator(flow_schema())
    assert [*validator.iter_errors(yaml.safe_load(TINY))] == []
    assert old in TINY
    text = TINY.replace(old, new, 1)
    assert [*validator.iter_errors(yaml.safe_load(text))] != []
    assert faults(text) != []


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(flow_schema())


PUT: list[Any] = [
    *(
        None,
        True,
        0,
        1,
        5,
        6,
        31,
        100,
        101,
        400,
        -1,
        2.5,
        3.0,
        "",
        " ",
        "1",
        "#",
        "A",
        "zh",
        "a b",
        "$x",
        "x",
    ),
    *("hours.open", "pin.check", [], {}, ["a"], {"en": "x", "zh": "好"}, {"do": "return"}),
]
KEYS = ["do", "next", "text", "tries", "wait", "label", "priority", "queue", "11", "0", "when", "en", "nxt"]


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in the data except the whole."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [one for key, value in inner for one in ((*path, key), *places(value, (*path, key)))]


GOOD = [yaml.safe_load(TINY), *({**one.source.data, "name": "tiny"} for one in SHIPPED)]


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """A flow with one place changed, left out or added to."""
    data = copy.deepcopy(draw(st.sampled_from(GOOD)))
    *way, last = draw(st.sampled_from(places(data)))
    at = data
    for step in way:
        at = at[step]
    match draw(st.sampled_from(["put", "put", "drop", "add"])):
        case "put":
            at[last] = draw(st.sampled_from(PUT))
        case "drop":
            del at[last]
        case "add" if isinstance(at, dict):
            at[draw(st.sampled_from(KEYS))] = draw(st.sampled_from(PUT))
    return data


SCHEMA = Draft202012Validator(flow_schema())


@settings(max_examples=150, deadline=None)
@given(changed())
def test_the_schema_and_the_checks_agree_on_any_file(data: Any) -> None:
    """An editor underlines all that is wrong with a file's shape, and nothing that the checks take."""
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    refused = [error.message for error in SCHEMA.iter_errors(data)]
    found = faults(text)
    if refused:
        assert found, refused
    assert refused or not [one for one in found if any(sign in one.message for sign in SHAPE)], found


@pytest.mark.parametrize("where", [("everywhere", "0"), ("nodes", "main", "choices", "1")])
def test_a_variable_may_have_the_name_of_a_language_and_be_empty(where: tuple[str, ...]) -> None:
    data = copy.deepcopy(next(one.source.data for one in SHIPPED if one.flow.name == "hotline"))
    at = data
    for step in where:
        at = at[step]
    at["set"] = {"en": ""}
    at["label"] = {"en": "", "zh": "人工"}
    found = [one.message for one in faults(yaml.safe_dump(data, allow_unicode=True))]
    assert found.count("an empty text") == 1, found


SHAPE = (
    *(
        "is not known in",
        "lacks `",
        "Expected ",
        "is no text",
        "cannot be a `",
        "cannot be `",
        "is not a mapping",
        "say what it is",
    ),
    *(
        "`tries` is",
        "`wait` is",
        "`most` is",
        "`silence` is",
        "`digits` is",
        "is no priority",
        "no key of a telephone",
    ),
    *(
        "cannot end an entry",
        "without choices",
        "without cases",
        "an empty text",
        "is not a plain name (",
        "there is no service",
    ),
)
"""What the checks say of one place of a file alone."""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: tiny", "name: my tiny"),
        ("  bye: {do", "  b-ye: {do"),
        ("en: Hello.", "en: ' '"),
        ('"1": {label', '"A": {label'),
        ('  "0": {label', '  "00": {label'),
        ("min: 4, max: 8", "min: 0, max: 8"),
        ("min: 4", "min: 4, tries: 0"),
        ("min: 4", "min: 4, tries: 6"),
        ("min: 4", "min: 4, wait: 0.5"),
        ("min: 4", "min: 4, wait: 31"),
        ("min: 4", 'min: 4, end: "1"'),
        ("min: 4", 'min: 4, confirm: {text: {en: A, zh: 甲}, "yes": "12"}'),
        ("into: words,", "into: words, most: 301,"),
        ("into: words,", "into: words, silence: 0,"),
        ("account: $account, next: told", "account: $account, digits: 13, next: told"),
        ("account: $account, next: told", "account: account, next: told"),
        ("service: account.find", "service: account.fnd"),
        ("service: account.find", "service: pin.check"),
        ("priority: 5", "priority: 101"),
        ("priority: 5", "priority: high"),
        ("do: transfer, queue: service, priority: 5", "do: callback, queue: service, next: bye, priority: x"),
        ("queue: service", "queue: 'ser,vice'"),
        ("cases:\n      - {when: {found.found: true}, next: pin}", "cases: []"),
        ("answers:", "examples:\n  account.fnd: {}\nanswers:"),
        ("answers:", "examples:\n  account.find: yes\nanswers:"),
    ],
)
def test_the_schema_knows_the_limits_of_the_checks(old: str, new: str) -> None:
    assert old in TINY
    text = TINY.replace(old, new, 1)
    assert [*SCHEMA.iter_errors(yaml.safe_load(text))] != []
    assert faults(text) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("min: 4, max: 8", "min: 1, max: 30, tries: 5, wait: 30, end: ''"),
        ("min: 4", "min: 4, tries: 1, wait: 1"),
        ("into: words,", "into: words, most: 300, silence: 30,"),
        ("account: $account, next: told", "account: $account, digits: 12, next: told"),
        ("priority: 5", "priority: 100"),
        ("priority: 5", "priority: $account"),
        (
            "do: transfer, queue: service, priority: 5",
            "do: callback, queue: service, next: bye, failed: bye, priority: ''",
        ),
        ("queue: service", "queue: $account, otherwise: bye"),
    ],
)
def test_the_schema_takes_what_is_just_within_the_limits(old: str, new: str) -> None:
    assert old in TINY
    text = TINY.replace(old, new, 1)
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(text))] == []
    assert not [one for one in faults(text) if "`account` may have no value" not in one.message]
