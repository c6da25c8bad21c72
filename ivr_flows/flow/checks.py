"""Whether flows make sense, each and all together. Every check names the place, the mistake, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import msgspec

from core.definition.shape import suggest
from core.definition.source import Path, Problem
from ivr_flows.flow import model
from ivr_flows.flow.edges import edges, target
from ivr_flows.flow.load import Loaded
from ivr_flows.flow.model import Flow
from ivr_flows.flow.path_checks import check_calls, check_paths
from ivr_flows.flow.slots import COMMON
from ivr_flows.flow.text_checks import check_texts
from ivr_flows.flow.var_checks import check_vars

MAX_NAME = 40
MENU_KEYS = frozenset("0123456789*#")
SECRETS = ("pin", "password", "passcode", "secret")
LIMITS: Mapping[str, tuple[float, float]] = {
    "tries": (1, model.MOST_TRIES),
    "wait": (1, 30),
    "most": (1, 300),
    "silence": (1, 30),
    "digits": (4, 12),
}
"""By setting of a node what is sound: a caller who hears nothing for longer has hung up."""


class Known(msgspec.Struct, frozen=True):
    """What there is besides flows; a part that is None is not looked at."""

    calendars: Collection[str] | None = None
    workflows: Collection[str] | None = None
    queues: Collection[str] | None = None


def check(loaded: Iterable[Loaded], known: Known = Known()) -> list[Problem]:  # noqa: B008  # frozen
    """Everything that is wrong with flows whose shapes are right."""
    files = tuple(loaded)
    flows = {one.flow.name: one.flow for one in files}
    found = [*_same(files)]
    for one in files:
        found += [problem for each in CHECKS for problem in each(one, flows, known)]
    found += check_calls(files, flows)
    # Ways are worth walking only where every node that is named is there.
    if not found:
        found = [problem for one in files for problem in check_paths(one, flows)]
        found += [problem for one in files for problem in check_vars(one, flows)]
    return sorted(found, key=lambda p: (p.file, p.line))


def _same(files: Iterable[Loaded]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for one in files:
        name = one.flow.name
        if name in seen:
            message = f"the name `{name}` is that of {seen[name]} too"
            yield one.source.problem(("name",), message, "give each flow a name of its own")
        seen.setdefault(name, one.source.file)


Flows = Mapping[str, Flow]


def _names(one: Loaded, _: Flows, __: Known) -> Iterator[Problem]:
    flow, source = one.flow, one.source
    for path, name in ((("name",), flow.name), *((("nodes", name), name) for name in flow.nodes)):
        if not name.isidentifier() or not name.isascii() or len(name) > MAX_NAME:
            fix = f"use up to {MAX_NAME} letters, digits and _; the labels may say anything"
            yield source.problem(path, f"`{name}` is not a plain name", fix)
    if flow.name == COMMON:
        yield source.problem(("name",), f"`{COMMON}` has a meaning of its own", "name the flow otherwise")


def _targets(one: Loaded, _: Flows, __: Known) -> Iterator[Problem]:
    flow = one.flow
    named: list[tuple[Path, str]] = [(("start",), flow.start)]
    named += [(("fallback",), flow.fallback)] if flow.fallback else []
    named += [(("everywhere", key, "next"), e.next) for key, e in flow.everywhere.items()]
    for name in flow.nodes:
        named += [(("nodes", name, *e.path), e.to) for e in edges(flow, name) if e.path]
    for path, to in named:
        if to not in flow.nodes:
            yield one.source.problem(path, f"there is no node `{to}`", suggest(to, flow.nodes))


def _keys(one: Loaded, _: Flows, __: Known) -> Iterator[Problem]:
    flow, source = one.flow, one.source
    fix = "use 0 to 9, * or #, in quotes"
    for key in flow.everywhere:
        if key not in MENU_KEYS:
            yield source.problem(("everywhere", key), f"`{key}` is no key of a telephone", fix)
    for name, node in flow.nodes.items():
        if not isinstance(node, model.Menu):
            continue
        path: Path = ("nodes", name, "choices")
        if not node.choices:
            yield source.problem(path, "a menu without choices", "add `choices:`")
        for key, choice in node.choices.items():
            if key not in MENU_KEYS:
                yield source.problem((*path, key), f"`{key}` is no key of a telephone", fix)
            always = flow.everywhere.get(key)
            if always is not None and always.next != choice.next:
                message = f"the key {key} leads to `{always.next}` everywhere, but here to `{choice.next}`"
                yield source.problem((*path, key), message, "use another key here: callers learn one meaning")


def _limits(one: Loaded, _: Flows, __: Known) -> Iterator[Problem]:
    for name, node in one.flow.nodes.items():
        for part, (low, high) in LIMITS.items():
            value = getattr(node, part, None)
            if value is not None and not low <= value <= high:
                message = f"`{part}` is {value:g}"
                fix = f"use {low:g} to {high:g}"
                yield one.source.problem(("nodes", name, part), message, fix)
        if isinstance(node, model.Collect):
            yield from _entry(one, name, node)


def _entry(one: Loaded, name: str, node: model.Collect) -> Iterator[Problem]:
    path: Path = ("nodes", name)
    if not 1 <= node.min <= node.max <= 30:
        message = f"from {node.min} to {node.max} digits is no length"
        yield one.source.problem((*path, "min"), message, "use 1 to 30, `min` at most `max`")
    if node.end not in ("#", "*", ""):
        yield one.source.problem((*path, "end"), f"`{node.end}` cannot end an entry", "use # or *, in quotes")
    if node.confirm is not None and node.confirm.yes not in MENU_KEYS:
        yield one.source.problem((*path, "confirm", "yes"), "is no key of a telephone", 'write yes: "1"')
    if any(word in node.into.lower().split("_") for word in SECRETS):
        message = f"`{node.into}` looks like a secret, which a variable must never hold"
        fix = "use `do: pin`, which hands the digits to the check and to nobody else"
        yield one.source.problem((*path, "into"), message, fix)


def _transfers(one: Loaded, _: Flows, known: Known) -> Iterator[Problem]:
    for name, node in one.flow.nodes.items():
        path: Path = ("nodes", name)
        if isinstance(node, model.Callback):
            yield from _queue(one, (*path, "queue"), node.queue, known)
        if isinstance(node, model.LookUp) and isinstance(asked := node.with_.get("queue"), str):
            yield from _queue(one, (*path, "with", "queue"), asked, known)
        if not isinstance(node, model.Transfer):
            continue
        given = [part for part in ("queue", "agent", "number") if getattr(node, part)]
        if len(given) != 1:
            message = f"leads to {len(given)} targets" if given else "leads nowhere"
            yield one.source.problem(path, message, "give one of queue, agent and number")
        if node.number and not node.number.startswith("$") and not _dialable(node.number):
            fix = "write it like +4930123456 or 110"
            yield one.source.problem((*path, "number"), f"`{node.number}` cannot be dialled", fix)
        if isinstance(node.priority, int) and not 0 <= node.priority <= 100:
            yield one.source.problem((*path, "priority"), f"`{node.priority}` is no priority", "use 0 to 100")
        if isinstance(node.priority, str) and not node.priority.startswith("$"):
            fix = "write a number, or $name for a variable"
            yield one.source.problem((*path, "priority"), f"`{node.priority}` is no priority", fix)
        yield from _queue(one, (*path, "queue"), node.queue, known)
        if node.otherwise and not target(node).startswith("$"):
            message = "`otherwise` is never taken: the target is always there"
            yield one.source.problem((*path, "otherwise"), message, "remove it")


def _queue(one: Loaded, path: Path, queue: str, known: Known) -> Iterator[Problem]:
    if known.queues is not None and queue and not queue.startswith("$") and queue not in known.queues:
        yield one.source.problem(path, f"there is no queue `{queue}`", suggest(queue, known.queues))


def _dialable(number: str) -> bool:
    digits = number.removeprefix("+")
    return digits.isascii() and digits.isdigit() and 2 <= len(digits) <= 20


def _tickets(one: Loaded, _: Flows, known: Known) -> Iterator[Problem]:
    for name, node in one.flow.nodes.items():
        path: Path = ("nodes", name)
        if isinstance(node, model.Ticket):
            if not (node.workflow and node.subject):
                fix = "add `workflow:` and `subject:`; `outage:` alone is not enough where there is none"
                yield one.source.problem(path, "says not which ticket to open", fix)
            if known.workflows is not None and node.workflow and node.workflow not in known.workflows:
                fix = suggest(node.workflow, known.workflows)
                message = f"there is no workflow `{node.workflow}`"
                yield one.source.problem((*path, "workflow"), message, fix)
        calendar = node.with_.get("calendar") if isinstance(node, model.LookUp) else None
        if known.calendars is not None and isinstance(calendar, str) and calendar not in known.calendars:
            fix = suggest(calendar, known.calendars)
            message = f"there is no calendar `{calendar}`"
            yield one.source.problem((*path, "with", "calendar"), message, fix)


Check = Callable[[Loaded, Flows, Known], Iterator[Problem]]
CHECKS: tuple[Check, ...] = (
    _names,
    _targets,
    _keys,
    _limits,
    _transfers,
    _tickets,
    lambda one, _, __: check_texts(one),
)
