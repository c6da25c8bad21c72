"""Whether a caller's keys are clear: none means two things where it can be pressed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.definition.source import Path, Problem
from ivr_flows.flow import model
from ivr_flows.flow.load import Loaded
from ivr_flows.flow.model import Flow
from ivr_flows.flow.path_checks import called_by

MENU_KEYS = frozenset("0123456789*#")
SCORES = frozenset("12345")
ENDS = ("#", "*", "")
LENGTHS = (1, 30)
"""Digits of an entry."""
Flows = Mapping[str, Flow]


def check_keys(one: Loaded, flows: Flows) -> Iterator[Problem]:
    """Keys that no telephone has, and keys that clash."""
    flow, source = one.flow, one.source
    fix = "use 0 to 9, * or #, in quotes"
    for key in flow.everywhere:
        if key not in MENU_KEYS:
            yield source.problem(("everywhere", key), f"`{key}` is no key of a telephone", fix)
    for name, node in flow.nodes.items():
        if isinstance(node, model.Menu):
            yield from _menu(one, name, node)
        elif isinstance(node, model.Collect):
            yield from _entry(one, name, node, flows)
        elif isinstance(node, model.Survey):
            yield from _survey(one, name)


def _menu(one: Loaded, name: str, node: model.Menu) -> Iterator[Problem]:
    path: Path = ("nodes", name, "choices")
    if not node.choices:
        yield one.source.problem(path, "a menu without choices", "add `choices:`")
    elif node.text is None and not any(choice.say for choice in node.choices.values()):
        # Words of a node before it are not said again where a key was wrong.
        fix = "add `text:`, or `say:` to its choices"
        yield one.source.problem(("nodes", name), "a menu that says nothing", fix)
    for key, choice in node.choices.items():
        if key not in MENU_KEYS:
            message, fix = f"`{key}` is no key of a telephone", "use 0 to 9, * or #, in quotes"
            yield one.source.problem((*path, key), message, fix)
        always = one.flow.everywhere.get(key)
        if always is not None and always.next != choice.next:
            message = f"the key {key} leads to `{always.next}` everywhere, but here to `{choice.next}`"
            yield one.source.problem((*path, key), message, "use another key here: callers learn one meaning")


def _entry(one: Loaded, name: str, node: model.Collect, flows: Flows) -> Iterator[Problem]:
    path: Path = ("nodes", name)
    least, most = LENGTHS
    if not least <= node.min <= node.max <= most:
        message = f"from {node.min} to {node.max} digits is no length"
        yield one.source.problem((*path, "min"), message, f"use {least} to {most}, `min` at most `max`")
    if node.end not in ENDS:
        yield one.source.problem((*path, "end"), f"`{node.end}` cannot end an entry", "use # or *, in quotes")
    elif by := _always(one.flow, flows, node.end):
        message = f"the key {node.end} ends the entry here, but leads elsewhere everywhere in `{by}`"
        yield one.source.problem((*path, "end"), message, "end the entry with the other one of # and *")
    if node.confirm is None:
        return
    if node.confirm.yes not in MENU_KEYS:
        yield one.source.problem((*path, "confirm", "yes"), "is no key of a telephone", 'write "yes": "1"')
    elif by := _always(one.flow, flows, node.confirm.yes):
        message = f"the key {node.confirm.yes} says yes here, but leads elsewhere everywhere in `{by}`"
        yield one.source.problem((*path, "confirm", "yes"), message, "use another key for yes")


def _survey(one: Loaded, name: str) -> Iterator[Problem]:
    for key in sorted(SCORES & set(one.flow.everywhere)):
        message = f"the key {key} is a score here, but leads elsewhere everywhere in `{one.flow.name}`"
        yield one.source.problem(("nodes", name), message, "use 0, 6 to 9, * or # under `everywhere:`")


def _always(flow: Flow, flows: Flows, key: str) -> str:
    """The flow, this one or one that calls it, in which a key works everywhere; empty for none."""
    if not key:
        return ""
    around = (one for one in flows.values() if key in one.everywhere)
    return next((one.name for one in around if flow.name in called_by(one.name, flows)), "")
