"""What a state tells of a visit, for the agent, the store and the pages. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from ivr_flows.engine.state import State
from ivr_flows.flow.model import Flows, Shown
from ivr_flows.flow.told import flows_on
from ivr_flows.flow.words import look
from ivr_flows.messages import Value, Visit


def marked(flows: Flows, state: State) -> dict[str, Shown]:
    """The variables that the flows on the caller's way mark as to be shown, in the order of the way."""
    found: dict[str, Shown] = {}
    for name in flows_on((state.main, *state.path)):
        for var, shown in flows.by_name[name].answers.items():
            found.setdefault(var, shown)
    return found


def answers(flows: Flows, state: State) -> dict[str, Value]:
    """What goes to the agent: every marked variable that has a value."""
    values = {name: look(state.vars, name) for name in marked(flows, state)}
    return {name: value for name, value in values.items() if value not in (None, "")}


def visit_of(flows: Flows, state: State, base: Visit) -> Visit:
    """The visit as it stands now; `base` says who and when."""
    return replace(
        base,
        flow=state.main,
        language=state.language,
        node=state.here,
        path=state.path,
        answers=answers(flows, state),
        auth=state.auth,
        customer_id=state.customer_id,
        account=state.account,
        recordings=state.recordings,
        ended=state.ended,
        detail=state.detail,
    )
