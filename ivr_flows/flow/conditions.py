"""The tests of a flow's branches, in one table of pure functions.

A test is a mapping from variables to what they are to be: `{who.vip: true}`, `{who.grade: [A, B]}`; all of it has to
hold. `any_of`, `all_of` and `not` put tests together, `known` asks whether a variable has a value, and `at_least` and
`at_most` compare numbers: `{at_least: {queue.waiting: 5}}`. Nothing is ever evaluated as code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ivr_flows.flow.words import look
from ivr_flows.messages import Value

Values = Mapping[str, Value]
DEEPEST = 10


def _number(value: Any) -> float | None:
    """A number, or a text that is one; the digits of an entry are a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _compared(values: Values, given: Mapping[str, Any], holds_: Callable[[float, float], bool]) -> bool:
    pairs = ((_number(look(values, name)), _number(bound)) for name, bound in given.items())
    return all(a is not None and b is not None and holds_(a, b) for a, b in pairs)


def _is(values: Values, name: str, wanted: Any) -> bool:
    value = look(values, name)
    options = wanted if isinstance(wanted, list | tuple) else (wanted,)
    # True == 1 in Python, but a yes is not the number one.
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in options)


def _known(values: Values, given: Any) -> bool:
    names = given if isinstance(given, list | tuple) else (given,)
    return all(look(values, name) not in (None, "") for name in names)


WORDS: Mapping[str, Callable[[Values, Any], bool]] = {
    "any_of": lambda values, given: any(holds(one, values) for one in given),
    "all_of": lambda values, given: all(holds(one, values) for one in given),
    "not": lambda values, given: not holds(given, values),
    "known": _known,
    "at_least": lambda values, given: _compared(values, given, lambda a, b: a >= b),
    "at_most": lambda values, given: _compared(values, given, lambda a, b: a <= b),
}


def holds(test: Any, values: Values) -> bool:
    """Whether a test holds. The flow has been checked at load, so its shape is sound."""
    return all(
        WORDS[name](values, given) if name in WORDS else _is(values, name, given)
        for name, given in test.items()
    )


def mistakes(test: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """What is wrong with a test's shape, as pairs of message and fix."""
    if not isinstance(test, dict) or not test:
        yield "a test is a mapping such as {who.vip: true}", "write variables and what they are to be"
        return
    if depth > DEEPEST:
        yield f"tests inside tests, more than {DEEPEST} deep", "use a branch of its own"
        return
    for name, given in test.items():
        yield from _mistakes(name, given, depth)


def _mistakes(name: str, given: Any, depth: int) -> Iterator[tuple[str, str]]:
    if name in ("any_of", "all_of"):
        if not isinstance(given, list) or not given:
            yield f"`{name}` takes a list of tests", f"write {name}: [{{one: true}}, {{other: true}}]"
            return
        for one in given:
            yield from mistakes(one, depth + 1)
    elif name == "not":
        yield from mistakes(given, depth + 1)
    elif name == "known":
        if not all(isinstance(one, str) for one in (given if isinstance(given, list) else [given])):
            yield "`known` takes a variable or a list of them", "write known: account"
    elif name in ("at_least", "at_most"):
        sound = isinstance(given, dict) and given and all(_number(one) is not None for one in given.values())
        if not sound:
            yield f"`{name}` takes variables and numbers", f"write {name}: {{queue.waiting: 5}}"
    elif isinstance(given, dict):
        yield f"`{name}` cannot be a mapping", "write a value, or a list of values"


def names(test: Any) -> Iterator[str]:
    """Every variable that a test looks at."""
    if not isinstance(test, dict):
        return
    for name, given in test.items():
        if name in ("any_of", "all_of"):
            for one in given if isinstance(given, list) else ():
                yield from names(one)
        elif name == "not":
            yield from names(given)
        elif name == "known":
            yield from given if isinstance(given, list) else (given,)
        elif name in ("at_least", "at_most"):
            yield from given if isinstance(given, dict) else ()
        else:
            yield name
