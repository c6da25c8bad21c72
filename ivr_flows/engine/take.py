"""What a node makes of the outcome of its effect. Pure.

Each function returns the state, and either what is said before the next effect or the next effect itself. A state
without a phase has left its node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from ivr_flows.engine.move import everywhere, fallback
from ivr_flows.engine.state import State, given, moved
from ivr_flows.flow import model
from ivr_flows.flow.model import Flows
from ivr_flows.flow.slots import slot
from ivr_flows.flow.words import pieces, resolve
from ivr_flows.messages import Answer, Ask, Effect, Failed, Input, Keys, Piece, Recorded, Value

Taken = tuple[State, "tuple[Piece, ...] | Effect"]
KEYS = frozenset("0123456789*#ABCD")


def _keys(came: Input) -> str:
    """The keys that were pressed; whatever is no key of a telephone is dropped."""
    return "".join(c for c in came.digits if c in KEYS) if isinstance(came, Keys) else ""


def _again(flows: Flows, state: State, node: Any, part: str, own: Any) -> Taken:
    """Once more with the reason before it, or the way out after the last try."""
    if state.tries + 1 >= node.tries:
        return fallback(flows, state, node.otherwise), ()
    words = slot(state.flow, state.node, part, own)
    said = pieces(words.prefix, words.label, state.language, state.vars)
    return replace(state, phase="entry", tries=state.tries + 1), said


def _menu(flows: Flows, state: State, node: model.Menu, came: Input) -> Taken:
    key = _keys(came)[:1]
    choice = node.choices.get(key)
    if choice is not None:
        values = {name: resolve(state.vars, value) for name, value in choice.set.items()}
        return moved(given(state, values), choice.next), ()
    if key and (onward := everywhere(flows, state, key)):
        return onward, ()
    return _again(flows, state, node, *(("invalid", node.invalid) if key else ("silent", node.silent)))


def _collect(flows: Flows, state: State, node: model.Collect, came: Input) -> Taken:
    keys = _keys(came)
    if state.phase == "confirm" and node.confirm is not None:
        if keys == node.confirm.yes:
            return moved(state, node.next), ()
        return _out(flows, state, keys) or _denied(flows, state, node, keys)
    if node.min > 1 and (out := _out(flows, state, keys)):
        return out
    if not keys:
        return _again(flows, state, node, "silent", node.silent)
    if not node.min <= len(keys) <= node.max or not keys.isdigit():
        return _again(flows, state, node, "invalid", node.invalid)
    kept = given(state, {node.into: keys})
    return (replace(kept, phase="confirm"), ()) if node.confirm else (moved(kept, node.next), ())


def _denied(flows: Flows, state: State, node: model.Collect, keys: str) -> Taken:
    """An entry to which the caller did not say yes. By a no it was mistyped: nobody is shown it, and the question comes
    again without a word before it."""
    if not keys:
        return _again(flows, state, node, "silent", node.silent)
    left = {name: value for name, value in state.vars.items() if name != node.into}
    return _again(flows, replace(state, vars=left), node, "silent", node.silent)[0], ()


def _out(flows: Flows, state: State, keys: str) -> Taken | None:
    """Where a single key that works everywhere leads to from an entry of several digits."""
    onward = everywhere(flows, state, keys) if len(keys) == 1 else None
    return (onward, ()) if onward is not None else None


def _pin(flows: Flows, state: State, node: model.Pin, came: Input) -> Taken:
    if state.phase == "check":
        return _checked(flows, state, node, came)
    keys = _keys(came)
    if out := _out(flows, state, keys):
        return out
    # A mistyped entry costs none of the account's tries; the visit's own are limited all the same.
    if len(keys) != node.digits:
        return _again(flows, state, node, "wrong" if keys else "silent", node.wrong if keys else None)
    account = resolve(state.vars, node.account)
    return replace(state, phase="check"), Ask("pin.check", {"account": account, "pin": keys})


def _checked(flows: Flows, state: State, node: model.Pin, came: Input) -> Taken:
    if not isinstance(came, Answer):
        return _failed(flows, state, came, {}, node.otherwise), ()
    if came.data.get("ok") is True:
        account = str(resolve(state.vars, node.account) or "")
        return moved(replace(state, auth="pin", account=account), node.next), ()
    if came.data.get("reason") == "locked" or came.data.get("tries_left") == 0:
        return fallback(flows, state, node.locked or node.otherwise), ()
    return _again(flows, state, node, "wrong", node.wrong)


def _survey(flows: Flows, state: State, node: model.Survey, came: Input) -> Taken:
    if state.phase == "save":
        return _answered(flows, state, node, came, "")
    keys = _keys(came)[:1]
    if keys in tuple("12345"):
        return given(replace(state, phase="save"), {node.into: int(keys)}), ()
    if out := _out(flows, state, keys):
        return out
    return _again(flows, state, node, "invalid" if keys else "silent", None)


def _record(flows: Flows, state: State, node: model.Record, came: Input) -> Taken:
    if not isinstance(came, Recorded) or not came.recording:
        return _again(flows, state, node, "unheard", None)
    kept = replace(state, recordings=(*state.recordings, came.recording))
    return moved(given(kept, {node.into: came.recording}), node.next), ()


def _service(flows: Flows, state: State, node: Any, came: Input) -> Taken:
    return _answered(flows, state, node, came, node.into)


def _answered(flows: Flows, state: State, node: Any, came: Input, into: str) -> Taken:
    """Keep the answer and go on; a no is an answer whose `ok` is false, or a refusal."""
    if not isinstance(came, Answer):
        onward = _failed(flows, state, came, node.refused, node.failed)
        return (_kept(onward, into, {"ok": False, "reason": _code(came)}), ())
    state = _learned(_kept(state, into, came.data), node, came.data)
    if came.data.get("ok") is False:
        code = str(came.data.get("reason") or came.data.get("code") or "")
        return fallback(flows, state, node.refused.get(code, node.failed)), ()
    return moved(state, node.next), ()


def _kept(state: State, into: str, data: dict[str, Value]) -> State:
    return given(state, {into: data}) if into else state


def _code(came: Input) -> str:
    return came.code if isinstance(came, Failed) else "unexpected"


def _failed(flows: Flows, state: State, came: Input, refused: Mapping[str, str], failed: str) -> State:
    """Go on after a refusal. One that the flow has no way for is a failure, kept for the integrator."""
    code = _code(came)
    if code not in refused:
        state = replace(state, failures=(*state.failures, f"{state.here}: {code}"))
    return fallback(flows, state, refused.get(code, failed))


def _learned(state: State, node: Any, data: dict[str, Value]) -> State:
    """Who the caller seems to be. It opens no door: only a PIN proves anything."""
    if not isinstance(node, model.LookUp) or node.service != "customer.find" or data.get("match") != "one":
        return state
    customer, account = data.get("customer_id"), data.get("account")
    return replace(state, customer_id=str(customer or ""), account=state.account or str(account or ""))


def _onward(_: Flows, state: State, node: model.Say, __: Input) -> Taken:
    return moved(state, node.next), ()


def _stay(_: Flows, state: State, __: Any, ___: Input) -> Taken:
    """Its words are said; the node itself goes on."""
    return state, ()


TAKE: Mapping[type, Callable[[Flows, State, Any, Input], Taken]] = {
    model.Say: _onward,
    model.Menu: _menu,
    model.Collect: _collect,
    model.Pin: _pin,
    model.Survey: _survey,
    model.Record: _record,
    model.LookUp: _service,
    model.Ticket: _service,
    model.Event: _service,
    model.Callback: _service,
    model.Transfer: _stay,
    model.HangUp: _stay,
}
