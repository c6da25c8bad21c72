"""What a node does when a caller comes to it, or when it goes on to its next phase. Pure.

One function for each kind of node: it returns the state in the phase that waits for the outcome, and the effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from config.settings import PRIORITIES
from core.definition.label import Label
from ivr_flows.engine.move import fallback
from ivr_flows.engine.state import State, ended
from ivr_flows.flow import model
from ivr_flows.flow.model import Flows
from ivr_flows.flow.slots import key_name
from ivr_flows.flow.words import filled, look, pieces, resolve
from ivr_flows.messages import (
    Ask,
    Collect,
    Effect,
    Ended,
    HangUp,
    Language,
    Piece,
    Record,
    Say,
    Target,
    Transfer,
    Value,
)

Said = tuple[Piece, ...]
BETWEEN_KEYS = 3.0
"""Seconds; who has begun to type goes on faster than that."""


def spoken(state: State, part: str, label: Label | None, both: bool = False) -> Said:
    """A text of the node, in the caller's language or in both."""
    if label is None:
        return ()
    prefix = f"{state.flow}.{state.node}.{part}"
    found = pieces(prefix, label, state.language, state.vars)
    if both:
        other = next(one for one in Language if one is not state.language)
        found += pieces(prefix, label, other, state.vars)
    return found


def _menu(_: Flows, state: State, node: model.Menu, said: Said) -> tuple[State, Effect]:
    words = spoken(state, "text", node.text, node.both)
    for key, choice in node.choices.items():
        words += spoken(state, f"key_{key_name(key)}", choice.say, node.both)
    # One key, whichever: none may end the entry, for # and * can be choices.
    ask = Collect(said + words, most=1, end="", first_seconds=node.wait, next_seconds=node.wait)
    return replace(state, phase="entry"), ask


def _collect(_: Flows, state: State, node: model.Collect, said: Said) -> tuple[State, Effect]:
    if state.phase == "confirm" and node.confirm is not None:
        words = said + spoken(state, "confirm", node.confirm.text)
        return state, Collect(words, most=1, end="", first_seconds=node.wait, next_seconds=node.wait)
    words = said + spoken(state, "text", node.text)
    ask = Collect(words, most=node.max, end=node.end, first_seconds=node.wait, next_seconds=BETWEEN_KEYS)
    return replace(state, phase="entry"), ask


def _pin(_: Flows, state: State, node: model.Pin, said: Said) -> tuple[State, Effect]:
    words = said + spoken(state, "text", node.text)
    ask = Collect(words, most=node.digits, first_seconds=node.wait, next_seconds=BETWEEN_KEYS, secret=True)
    return replace(state, phase="entry"), ask


def _survey(_: Flows, state: State, node: model.Survey, said: Said) -> tuple[State, Effect]:
    if state.phase == "save":
        about: dict[str, Value] = (
            {"ticket": look(state.vars, node.ticket[1:])} if node.ticket else {"call": True}
        )
        return state, Ask("survey.save", {"score": look(state.vars, node.into), **about})
    words = said + spoken(state, "text", node.text)
    ask = Collect(words, most=1, end="", first_seconds=node.wait, next_seconds=node.wait)
    return replace(state, phase="entry"), ask


def _record(_: Flows, state: State, node: model.Record, said: Said) -> tuple[State, Effect]:
    words = said + spoken(state, "text", node.text)
    return replace(state, phase="record"), Record(words, node.most, node.silence)


def _asking(state: State, service: str, args: Mapping[str, Any]) -> tuple[State, Effect]:
    """Ask a service; arguments without a value are left out."""
    values = {name: resolve(state.vars, value) for name, value in args.items()}
    asked: dict[str, Value] = {name: value for name, value in values.items() if value not in (None, "", {})}
    return replace(state, phase="ask"), Ask(service, asked)


def _look_up(_: Flows, state: State, node: model.LookUp, __: Said) -> tuple[State, Effect]:
    return _asking(state, node.service, node.with_)


def _ticket(_: Flows, state: State, node: model.Ticket, __: Said) -> tuple[State, Effect]:
    about = {"account": node.account, "recording": node.recording}
    outage = resolve(state.vars, node.outage)
    if outage:
        return _asking(state, "ticket.attach", {"outage": outage, **about})
    subject = filled(node.subject.text(state.language.value), state.vars) if node.subject else ""
    new = {"workflow": node.workflow, "category": node.category, "fields": node.fields, **about}
    asking, effect = _asking(state, "ticket.open", new)
    # The subject is a finished text: a $ in it is no variable.
    args = {**effect.args, "subject": subject} if isinstance(effect, Ask) else {}
    return asking, Ask("ticket.open", args)


def _event(_: Flows, state: State, node: model.Event, __: Said) -> tuple[State, Effect]:
    solved = {"solved": node.solved} if node.event == "confirm" else {}
    return _asking(state, f"ticket.{node.event}", {"number": node.ticket, **solved})


def _callback(_: Flows, state: State, node: model.Callback, __: Said) -> tuple[State, Effect]:
    given = resolve(state.vars, node.priority)
    level = None if given in (None, "") else _level(given)
    return _asking(state, "callback.request", {"queue": node.queue, "number": node.number, "priority": level})


def _say(_: Flows, state: State, node: model.Say, said: Said) -> tuple[State, Effect]:
    return replace(state, phase="said"), Say(said + spoken(state, "text", node.text, node.both))


def _transfer(flows: Flows, state: State, node: model.Transfer, _: Said) -> tuple[State, Effect]:
    if state.phase == "" and node.text is not None:
        return replace(state, phase="said"), Say(spoken(state, "text", node.text))
    kind = Target.QUEUE if node.queue else Target.AGENT if node.agent else Target.NUMBER
    to = str(resolve(state.vars, node.queue or node.agent or node.number) or "")
    level = _level(resolve(state.vars, node.priority))
    return ended(state, Ended.TRANSFERRED, f"{kind.value}:{to}"), Transfer(kind, to, level)


def _level(given: Value) -> int:
    """A priority that queues take. Of infinity no whole number can be made, and what is no number at all goes last."""
    low, high = PRIORITIES
    return int(min(max(low, given), high)) if isinstance(given, int | float) else low


def _hang_up(_: Flows, state: State, node: model.HangUp, said: Said) -> tuple[State, Effect]:
    if state.phase == "" and node.text is not None:
        return replace(state, phase="said"), Say(said + spoken(state, "text", node.text))
    return ended(state, Ended.SERVED), HangUp()


def no_target(flows: Flows, state: State, node: model.AnyNode) -> State | None:
    """Where a transfer goes on whose target is an empty variable; None where it has one."""
    if not isinstance(node, model.Transfer) or resolve(state.vars, node.queue or node.agent or node.number):
        return None
    return fallback(flows, state, node.otherwise)


ENTER: Mapping[type, Callable[[Flows, State, Any, Said], tuple[State, Effect]]] = {
    model.Say: _say,
    model.Menu: _menu,
    model.Collect: _collect,
    model.Pin: _pin,
    model.Survey: _survey,
    model.Record: _record,
    model.LookUp: _look_up,
    model.Ticket: _ticket,
    model.Event: _event,
    model.Callback: _callback,
    model.Transfer: _transfer,
    model.HangUp: _hang_up,
}
