"""Where a caller is in a flow: all that the engine knows of a visit, frozen and writable as JSON."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from ivr_flows.flow.model import AnyNode, Flows, HangUp, Menu, Say
from ivr_flows.messages import Ended, Language, Value

MOST_STEPS = 300
"""Effects of one visit: half an hour of menus. Whoever is still there goes to the fallback, that is to a person."""
LAST_STEPS = 20
"""What the fallback may take after that before the engine hangs up."""


class Frame(msgspec.Struct, frozen=True):
    """A flow that waits for one that it called, and where it goes on."""

    flow: str
    next: str


class State(msgspec.Struct, frozen=True):
    """A caller's place. It never holds a PIN: those digits go from the keypad to the check in one step."""

    flow: str
    node: str
    language: Language
    main: str
    """The flow that it began with."""
    phase: str = ""
    """What the node waits for, where it does several things one after another."""
    tries: int = 0
    stack: tuple[Frame, ...] = ()
    vars: dict[str, Value] = {}
    path: tuple[str, ...] = ()
    """Nodes that were heard, in order, `flow/node`; those through which a caller passes at once are left out."""
    auth: str = ""
    customer_id: str = ""
    account: str = ""
    """The account that was proved, or that of the one customer to whom the number belongs."""
    recordings: tuple[str, ...] = ()
    steps: int = 0
    ended: Ended | None = None
    detail: str = ""
    failures: tuple[str, ...] = ()
    """`flow/node: code` of services that did not answer, for the integrator."""

    @property
    def here(self) -> str:
        return f"{self.flow}/{self.node}"


def node_of(flows: Flows, state: State) -> AnyNode:
    return flows.node(state.flow, state.node)


def left_in(flows: Flows, here: str) -> Ended:
    """How a visit ends whose caller hangs up in that node (`flow/node`): who has all it called for was served."""
    flow, _, name = here.partition("/")
    node = flows.node(flow, name) if name else None
    over = isinstance(node, HangUp) or (isinstance(node, Say | Menu) and node.done)
    return Ended.SERVED if over else Ended.HUNG_UP


def moved(state: State, node: str) -> State:
    """The state at the beginning of another node of the same flow."""
    return replace(state, node=node, phase="", tries=0)


def given(state: State, values: dict[str, Value]) -> State:
    """The state with these variables; `language` is the caller's language."""
    wanted = str(values.get("language") or "").lower()[:2]
    spoken = next((one for one in Language if one.value[:2] == wanted), state.language)
    if "language" in values:
        values = {**values, "language": spoken.value}
    return replace(state, vars={**state.vars, **values}, language=spoken)


def ended(state: State, how: Ended, detail: str = "") -> State:
    return replace(state, ended=how, detail=detail, phase="")
