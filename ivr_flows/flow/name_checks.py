"""Names in a flow: of nodes, variables and examples; and that no variable is to hold a secret. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.definition.shape import suggest
from core.definition.source import Path, Problem
from ivr_flows.flow import model
from ivr_flows.flow.load import Loaded
from ivr_flows.flow.services import NO, SERVICES
from ivr_flows.flow.slots import COMMON
from ivr_flows.messages import Language

MAX_NAME = 40
SECRETS = frozenset(
    {"pin", "pincode", "password", "passcode", "passwd", "pwd", "secret", "otp", "cvv", "mima", "passwort"}
)
OF_THE_LINE = frozenset({"caller", "dialled"})
"""What the telephone says; a flow that overwrote it would ask about somebody else."""
POINTERS = ("account", "ticket", "recording", "outage")
"""What a node takes from a variable; written as it stands it would be one number for every caller."""


def check_names(one: Loaded) -> Iterator[Problem]:
    """Names of flow, nodes and variables; variables that are meant but not named; examples of no service."""
    flow, source = one.flow, one.source
    named: list[tuple[Path, str]] = [
        (("name",), flow.name),
        *((("nodes", name), name) for name in flow.nodes),
    ]
    for path, name in named:
        if not _plain(name):
            fix = f"use up to {MAX_NAME} letters, digits and _; the labels may say anything"
            yield source.problem(path, f"`{name}` is not a plain name", fix)
    if flow.name == COMMON:
        yield source.problem(("name",), f"`{COMMON}` has a meaning of its own", "name the flow otherwise")
    for where, var, value in _variables(one):
        yield from _variable(one, where, var, value)
    for name, node in flow.nodes.items():
        yield from _pointers(one, name, node)
        if isinstance(node, model.Branch) and not node.cases:
            fix = "add `cases:`, or lead here from where it goes"
            yield source.problem(("nodes", name, "cases"), "a branch without cases", fix)
    yield from _examples(one)


def _plain(name: str) -> bool:
    return name.isidentifier() and name.isascii() and len(name) <= MAX_NAME


GIVEN = object()
"""The value of a variable that comes from a caller or from a service."""
NEEDED = object()
"""The value of a variable that whoever calls the flow has set."""


def _variables(one: Loaded) -> Iterator[tuple[Path, str, Any]]:
    """Every variable that the flow gives a value, with where and which."""
    for name in one.flow.needs:
        yield ("needs",), name, NEEDED
    for name, node in one.flow.nodes.items():
        if into := getattr(node, "into", ""):
            yield ("nodes", name, "into"), into, GIVEN
        elif isinstance(node, model.Collect | model.Record):
            yield ("nodes", name, "into"), "", GIVEN
        if isinstance(node, model.Set):
            for var, value in node.values.items():
                yield ("nodes", name, "values", var), var, value
        for key, choice in node.choices.items() if isinstance(node, model.Menu) else ():
            for var, value in choice.set.items():
                yield ("nodes", name, "choices", key, "set", var), var, value


def _variable(one: Loaded, path: Path, name: str, value: Any) -> Iterator[Problem]:
    if not _plain(name):
        fix = f"use up to {MAX_NAME} letters, digits and _"
        yield one.source.problem(path, f"`{name}` is not a plain name for a variable", fix)
    elif SECRETS & set(name.lower().split("_")):
        message = f"`{name}` looks like a secret, which a variable must never hold"
        fix = "use `do: pin`, which hands the digits to the check and to nobody else"
        yield one.source.problem(path, message, fix)
    elif value is NEEDED:
        return
    elif name in OF_THE_LINE:
        message = f"`{name}` is what the telephone says, and stays"
        yield one.source.problem(path, message, "use a name of your own")
    elif name == "language" and not _is_language(value):
        languages = ", ".join(language.value for language in Language)
        message = f"`{value}` is no language" if value is not GIVEN else "`language` is set by `set:` only"
        yield one.source.problem(path, message, f"use one of: {languages}, or $name for a variable")


def _is_language(value: Any) -> bool:
    """`en`, `zh`, `zh_CN`, or a variable."""
    return isinstance(value, str) and (value.startswith("$") or value in {"en", "zh", "zh_CN"})


def _pointers(one: Loaded, name: str, node: model.AnyNode) -> Iterator[Problem]:
    for part in POINTERS:
        value = getattr(node, part, "")
        if value and not value.startswith("$"):
            message = f"`{value}` is no variable, and would be the same for every caller"
            yield one.source.problem(("nodes", name, part), message, f"write ${value} for a variable")


def _examples(one: Loaded) -> Iterator[Problem]:
    for name, answer in one.flow.examples.items():
        path: Path = ("examples", name)
        if name not in SERVICES:
            fix = suggest(name, SERVICES)
            yield one.source.problem(path, f"there is no service `{name}`", fix)
        elif not isinstance(answer, dict):
            yield one.source.problem(path, "an answer is a mapping", f"write {name}: {{…: …}}")
        else:
            gives = (*SERVICES[name].gives, *NO)
            for part in answer:
                if part not in gives:
                    message = f"`{name}` does not answer `{part}`"
                    yield one.source.problem((*path, part), message, suggest(part, gives))
