"""Which calls of a journal somebody means. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cti.journal.replay import Replay
from cti.messages import Call


def find(replay: Replay, text: str, mask: Callable[[str], str]) -> list[Call]:
    """The calls that `text` means: a call's id, the Uniqueid of any of its channels, or a number that called or was
    called, plain or as its token."""
    exact = replay.calls.get(text)
    if exact is not None:
        return [exact]
    by_channel = [id_ for id_, channels in replay.members.items() if text in channels and id_ in replay.calls]
    if by_channel:
        return [replay.calls[id_] for id_ in by_channel]
    numbers = {text, mask(text)}
    return [call for call in replay.calls.values() if {call.caller.number, call.dialled} & numbers]


def needles(text: str, pbxs: Iterable[str], mask: Callable[[str], str]) -> frozenset[bytes]:
    """What stands in each file that knows of the call which is meant: its id without the PBX's name, or the number."""
    found = {text, mask(text), *(text.removeprefix(f"{pbx}-") for pbx in pbxs)}
    return frozenset(one.encode() for one in found if one)


def family(replay: Replay, call_id: str) -> frozenset[str]:
    """The call and those that it shares a channel with: an agent's consultation, a call that became part of it."""
    found, more = {call_id}, {call_id}
    while more:
        channels = set().union(*(replay.members[id_] for id_ in more))
        more = {id_ for id_, own in replay.members.items() if id_ and own & channels} - found
        found |= more
    return frozenset(found)
