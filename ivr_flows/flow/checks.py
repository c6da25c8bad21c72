"""Whether flows make sense, each and all together. Every check names the place, the mistake, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import msgspec

from config.settings import PRIORITIES
from core.definition.shape import suggest
from core.definition.source import Path, Problem
from ivr_flows.flow import model
from ivr_flows.flow.edges import edges, target
from ivr_flows.flow.key_checks import check_keys
from ivr_flows.flow.load import Loaded
from ivr_flows.flow.model import Flow
from ivr_flows.flow.name_checks import check_names
from ivr_flows.flow.path_checks import called_by, check_calls, check_paths
from ivr_flows.flow.text_checks import check_texts
from ivr_flows.flow.var_checks import check_vars
from ivr_flows.messages import PLACE

MOST_NODES = 1_000
"""Walking the ways of more takes a server long, and nobody finds through them."""
LIMITS: Mapping[str, tuple[float, float]] = {
    "tries": (1, model.MOST_TRIES),
    "wait": (1, 30),
    "most": (1, 300),
    "silence": (1, 30),
    "digits": (4, 12),
}
"""By setting of a node what is sound: a caller who hears nothing for longer has hung up."""


class Opening(msgspec.Struct, frozen=True):
    """What a workflow asks of a caller who opens a ticket: the fields it must be given, and all that it takes."""

    by_callers: bool
    required: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class Known(msgspec.Struct, frozen=True):
    """What there is besides flows; a part that is None is not looked at."""

    calendars: Collection[str] | None = None
    workflows: Mapping[str, Opening] | None = None
    queues: Collection[str] | None = None
    agents: Collection[str] | None = None
    """Users whose telephone can ring."""
    barred: Callable[[str], str] | None = None
    """Why the dial policy lets nobody be transferred to a number; empty where it does."""


def check(
    loaded: Iterable[Loaded],
    known: Known = Known(),  # noqa: B008  # frozen
    unread: Collection[str] = (),
) -> list[Problem]:
    """Everything that is wrong with flows besides their shapes. `unread` names flows that are there, but cannot be
    read."""
    files = tuple(loaded)
    flows = {one.flow.name: one.flow for one in files}
    found = [*_same(files)]
    for one in files:
        found += [problem for each in CHECKS for problem in each(one, flows, known)]
    broken = [*(problem for one in files for problem in _targets(one)), *check_calls(files, flows, unread)]
    # Ways are worth walking only where every node and flow on them is there.
    lost = {problem.file for problem in broken} | {one.source.file for one in files if one.problems}
    whole = {one.flow.name for one in files if one.source.file not in lost}
    for one in files:
        if called_by(one.flow.name, flows) <= whole and _calls(one.flow, flows) <= whole:
            found += [*check_paths(one, flows), *check_vars(one, flows)]
    return sorted({*found, *broken}, key=lambda p: (p.file, p.line, p.message))


def doubts(files: Iterable[Loaded], known: Known) -> list[Problem]:
    """What `known` says against flows in which nothing is wrong besides."""
    named = [p for one in files for each in (_transfers, _tickets) for p in each(one, {}, known)]
    return sorted(set(named), key=lambda p: (p.file, p.line, p.message))


def _calls(flow: Flow, flows: Flows) -> set[str]:
    """Every flow that is named by this one or by one that it calls, there or not."""
    near = (flows[name] for name in called_by(flow.name, flows))
    return {node.flow for one in near for node in one.nodes.values() if isinstance(node, model.Call)}


def _same(files: Iterable[Loaded]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for one in files:
        name = one.flow.name
        if name in seen:
            message = f"the name `{name}` is that of {seen[name]} too"
            yield one.source.problem(("name",), message, "give each flow a name of its own")
        seen.setdefault(name, one.source.file)


Flows = Mapping[str, Flow]


def _targets(one: Loaded) -> Iterator[Problem]:
    """What keeps a flow's ways from being walked: nodes that are not there, and too many of them."""
    flow = one.flow
    if len(flow.nodes) > MOST_NODES:
        message = f"{len(flow.nodes)} nodes are more than {MOST_NODES}"
        yield one.source.problem(("nodes",), message, "split it into flows that call each other")
    named: list[tuple[Path, str]] = [(("start",), flow.start)]
    named += [(("fallback",), flow.fallback)] if flow.fallback else []
    named += [(("everywhere", key, "next"), e.next) for key, e in flow.everywhere.items()]
    for name in flow.nodes:
        named += [(("nodes", name, *e.path), e.to) for e in edges(flow, name) if e.path]
    for path, to in named:
        if to not in flow.nodes:
            yield one.source.problem(path, f"there is no node `{to}`", suggest(to, flow.nodes))


def _limits(one: Loaded, _: Flows, __: Known) -> Iterator[Problem]:
    for name, node in one.flow.nodes.items():
        for part, (low, high) in LIMITS.items():
            value = getattr(node, part, None)
            if value is not None and not low <= value <= high:
                message = f"`{part}` is {value:g}"
                fix = f"use {low:g} to {high:g}"
                yield one.source.problem(("nodes", name, part), message, fix)


def _transfers(one: Loaded, _: Flows, known: Known) -> Iterator[Problem]:
    for name, node in one.flow.nodes.items():
        path: Path = ("nodes", name)
        if isinstance(node, model.Callback):
            yield from _queue(one, (*path, "queue"), node.queue, known)
            if node.priority != "":
                yield from _priority(one, path, node.priority)
        if isinstance(node, model.LookUp) and isinstance(asked := node.with_.get("queue"), str):
            yield from _queue(one, (*path, "with", "queue"), asked, known)
        if not isinstance(node, model.Transfer):
            continue
        given = [part for part in ("queue", "agent", "number") if getattr(node, part)]
        if len(given) != 1:
            message = f"leads to {len(given)} targets" if given else "leads nowhere"
            yield one.source.problem(path, message, "give one of queue, agent and number")
        if node.number and not node.number.startswith("$") and not _dialable(node.number):
            fix = "write it like +4930123456"
            yield one.source.problem((*path, "number"), f"`{node.number}` cannot be dialled", fix)
        elif why := _barred(node.number, known):
            message = f"nobody may be transferred to `{node.number}`: {why}"
            yield one.source.problem((*path, "number"), message, "see [dial] in ringdesk.toml")
        yield from _priority(one, path, node.priority)
        if node.queue and not node.queue.startswith("$") and not PLACE.fullmatch(node.queue):
            message, fix = (
                f"no caller gets to a queue called `{node.queue}`",
                "use letters, digits, _, + and -",
            )
            yield one.source.problem((*path, "queue"), message, fix)
        else:
            yield from _queue(one, (*path, "queue"), node.queue, known)
        yield from _agent(one, (*path, "agent"), node.agent, known)
        if node.otherwise and not target(node).startswith("$"):
            message = "`otherwise` is never taken: the target is always there"
            yield one.source.problem((*path, "otherwise"), message, "remove it")


def _priority(one: Loaded, path: Path, given: int | str) -> Iterator[Problem]:
    low, high = PRIORITIES
    if isinstance(given, int) and not low <= given <= high:
        fix = f"use {low} to {high}"
        yield one.source.problem((*path, "priority"), f"`{given}` is no priority", fix)
    if isinstance(given, str) and not given.startswith("$"):
        fix = "write a number, or $name for a variable"
        yield one.source.problem((*path, "priority"), f"`{given}` is no priority", fix)


def _queue(one: Loaded, path: Path, queue: str, known: Known) -> Iterator[Problem]:
    if known.queues is not None and queue and not queue.startswith("$") and queue not in known.queues:
        yield one.source.problem(path, f"there is no queue `{queue}`", suggest(queue, known.queues))


def _agent(one: Loaded, path: Path, user: str, known: Known) -> Iterator[Problem]:
    if known.agents is not None and user and not user.startswith("$") and user not in known.agents:
        fix = "name a user who has a phone and an extension: `ringdesk user list`"
        yield one.source.problem(path, f"there is no agent `{user}`", fix)


def _barred(number: str, known: Known) -> str:
    if not number or number.startswith("$") or known.barred is None:
        return ""
    return known.barred(number)


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
            if known.workflows is not None and node.workflow:
                yield from _opens(one, path, node, known.workflows)
        calendar = node.with_.get("calendar") if isinstance(node, model.LookUp) else None
        if known.calendars is not None and isinstance(calendar, str) and calendar not in known.calendars:
            fix = suggest(calendar, known.calendars)
            message = f"there is no calendar `{calendar}`"
            yield one.source.problem((*path, "with", "calendar"), message, fix)


def _opens(
    one: Loaded, path: Path, node: model.Ticket, workflows: Mapping[str, Opening]
) -> Iterator[Problem]:
    """Whether the ticket can be opened: what is refused there would be told by the first caller."""
    name = node.workflow
    opening = workflows.get(name)
    if opening is None:
        message = f"there is no workflow `{name}`"
        yield one.source.problem((*path, "workflow"), message, suggest(name, workflows))
        return
    if not opening.by_callers:
        fix = "add `ivr` to the roles of its `open:`"
        yield one.source.problem((*path, "workflow"), f"callers may not open a `{name}`", fix)
    for field in node.fields:
        if field not in opening.fields:
            message = f"`{name}` takes no field `{field}` when it is opened"
            yield one.source.problem((*path, "fields", field), message, suggest(field, opening.fields))
    for field in opening.required:
        if field not in node.fields:
            message = f"`{name}` asks for the field `{field}` when it is opened"
            yield one.source.problem(path, message, f"add `{field}:` under `fields:`")
    category = node.category
    if category and not category.startswith("$") and category not in opening.categories:
        fix = suggest(category, opening.categories)
        yield one.source.problem((*path, "category"), f"`{name}` has no category `{category}`", fix)


Check = Callable[[Loaded, Flows, Known], Iterator[Problem]]
CHECKS: tuple[Check, ...] = (
    _limits,
    _transfers,
    _tickets,
    lambda one, flows, _: check_keys(one, flows),
    lambda one, _, __: check_names(one),
    lambda one, _, __: check_texts(one),
)
