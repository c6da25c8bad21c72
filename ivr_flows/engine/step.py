"""One step: what came of the last effect, and the next effect. Pure.

`ENTER` says what a node begins with, `TAKE` what it makes of the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ivr_flows.engine.enter import ENTER, no_target, spoken
from ivr_flows.engine.move import MOST_SILENT, asks_next, last_resort, settle
from ivr_flows.engine.state import LAST_STEPS, MOST_STEPS, State, ended, given, left_in, moved, node_of
from ivr_flows.engine.take import TAKE
from ivr_flows.flow.model import Flows, Say
from ivr_flows.messages import (
    Began,
    Collect,
    Effect,
    Ended,
    HangUp,
    HungUp,
    Input,
    Language,
    Piece,
    Record,
    Value,
)

FIRST_VARS = ("caller", "dialled")
"""What the driver says at the beginning; every flow may use it."""


def begin(flows: Flows, name: str, caller_vars: Mapping[str, Value]) -> State:
    """A caller at the start of the flow `name`; the first step takes `Began`. KeyError where there is no such flow.

    `caller_vars` may say the `language`; else it is the flow's.
    """
    flow = flows.by_name[name]
    first = State(flow=name, node=flow.start, language=Language(flow.language), main=name)
    return given(first, {**dict.fromkeys(FIRST_VARS, ""), "language": flow.language, **caller_vars})


def step(flows: Flows, state: State, came: Input) -> tuple[State, Effect]:
    """The state after this outcome, and what is to be done next. After the end every step hangs up.

    An outcome that does not fit what was asked counts as none: no keys, no words, no answer.
    """
    if state.ended is not None:
        return state, HangUp()
    if isinstance(came, HungUp):
        return ended(state, left_in(flows, state.here)), HangUp()
    state = replace(state, steps=state.steps + 1)
    if state.steps > MOST_STEPS + LAST_STEPS:
        return ended(state, Ended.FAILED, "too many steps"), HangUp()
    if state.steps == MOST_STEPS:
        return _enter(flows, last_resort(flows, state))
    if isinstance(came, Began):
        return _enter(flows, state)
    node = node_of(flows, state)
    state, then = TAKE[type(node)](flows, state, node, came)
    if not isinstance(then, tuple):
        return state, then
    return _enter(flows, state) if state.phase == "" else ENTER[type(node)](flows, state, node, then)


def _enter(flows: Flows, state: State) -> tuple[State, Effect]:
    """Go on to the next node that does something; words before a question become its beginning."""
    said: tuple[Piece, ...] = ()
    lead: tuple[int, ...] = ()
    for _ in range(MOST_SILENT):
        state = settle(flows, state)
        if state.ended:
            return state, HangUp()
        node = node_of(flows, state)
        state = replace(state, path=(*state.path, state.here))
        if (other := no_target(flows, state, node)) is not None:
            state = other
        elif isinstance(node, Say) and not node.whole and asks_next(flows, moved(state, node.next)):
            words = spoken(state, "text", node.text, node.both)
            said, lead = said + words, (*lead, len(words))
            state = moved(state, node.next)
        else:
            state, effect = ENTER[type(node)](flows, state, node, said)
            return state, replace(effect, lead=lead) if isinstance(effect, Collect | Record) else effect
    return ended(state, Ended.FAILED, "a circle of nodes that say nothing"), HangUp()
