"""How far a test call came, judged from what was heard of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cti.events import Member
from cti.findings import Finding, Level, add_permission
from cti.journal.records import Noted

_DEVICES = {1: "free", 2: "in use", 3: "busy", 4: "invalid", 5: "unavailable", 6: "ringing", 8: "on hold"}
"""Device states (Asterisk include/asterisk/devicestate.h) that say why a member is not rung."""
_RING = frozenset((0, 1, 2, 6))


class Heard(msgspec.Struct, frozen=True):
    """All that became known of one test call. Empty texts and None: not (yet)."""

    extension: str
    context: str
    seconds: float
    """How long it was followed."""
    refused: str = ""
    """Why Asterisk did not take the Originate."""
    exists: bool = False
    """Its channel is among those that Asterisk lists, whether or not an event told of it."""
    told: bool = False
    """An event told of its channel."""
    ended: bool = False
    """It is over, and not by us."""
    joined: str = ""
    """The queue that an event says it has entered."""
    listed: str = ""
    """The queue in which Asterisk lists it."""
    members: tuple[Member, ...] = ()
    """Of that queue."""
    called: Mapping[str, str] = {}
    """Interfaces that the queue has called for it, each with its user (empty: nobody's)."""
    server: str = ""
    """What is wrong with the running server and its link; empty: nothing."""
    watched: bool = True
    """The server keeps a journal, in which it notes what it shows."""
    notes: tuple[Noted, ...] = ()
    url: str = ""
    """Where agents sign in."""
    call: str = ""
    """The call's id, for `ringdesk trace`."""


def judge_call(heard: Heard) -> list[Finding]:
    """The steps that were taken, and at the first one that was not what to change."""
    where = f"{heard.extension}@{heard.context}"
    if heard.refused:
        fix = "Compare test_extension and test_context of ringdesk.toml with the dialplan."
        return [Finding(Level.PROBLEM, f"No test call to {where}: {heard.refused}", "", fix)]
    found = [Finding(Level.OK, f"A test call to {where} was placed: {heard.call}")]
    if not heard.told:
        return [*found, _untold(heard, where)]
    found.append(Finding(Level.OK, "Events tell of its channel"))
    if not heard.joined:
        return [*found, _not_joined(heard, where)]
    found.append(Finding(Level.OK, f"It waits in the queue {heard.joined}"))
    if not heard.called:
        return [*found, _nobody_called(heard)]
    return [*found, *_offers(heard)]


def _untold(heard: Heard, where: str) -> Finding:
    if not heard.exists:
        fix = f"Asterisk's console (core set verbose 3) tells what becomes of a call to {where}."
        return Finding(Level.PROBLEM, "The test call was over before it was seen", "", fix)
    why = "Asterisk lists the call, but no event told of it: the manager user may not read the class `call`."
    return Finding(
        Level.PROBLEM, "No event tells of the call", why, add_permission("read", "system,call,agent")
    )


def _not_joined(heard: Heard, where: str) -> Finding:
    if heard.listed:
        why = f"It waits in {heard.listed}, but no event said so: the manager user may not read the class `agent`."
        return Finding(
            Level.PROBLEM, "No event tells of the queue", why, add_permission("read", "system,call,agent")
        )
    how = "is over" if heard.ended else f"is in no queue after {heard.seconds:g} s"
    fix = "Set test_extension and test_context to what leads straight into a queue, such as the queue's own number."
    return Finding(Level.PROBLEM, f"The call {how}: {where} does not lead into a queue", "", fix)


def _nobody_called(heard: Heard) -> Finding:
    if not heard.members:
        why = f"Nobody serves {heard.joined}."
        fix = "Sign an agent in: at the desk, press R. `ringdesk doctor` without --call lists the queues' members."
        return Finding(Level.PROBLEM, f"The queue {heard.joined} has no members", why, fix)
    states = ", ".join(f"{member.interface} is {_state(member)}" for member in heard.members)
    if all(member.paused for member in heard.members):
        fix = "Make an agent ready: at the desk, press R."
        return Finding(Level.PROBLEM, f"All members of {heard.joined} are paused", states, fix)
    if not any(member.status in _RING and not member.paused for member in heard.members):
        fix = "Register the phones (pjsip show contacts), or look at their device states (core show hints)."
        return Finding(Level.PROBLEM, f"No phone of {heard.joined} can be reached", states, fix)
    fix = "Try again once a phone is free; a higher --wait follows the call for longer."
    what = f"No phone of {heard.joined} was rung within {heard.seconds:g} s"
    return Finding(Level.PROBLEM, what, states, fix)


def _state(member: Member) -> str:
    if member.paused:
        return f"paused ({member.paused_reason})" if member.paused_reason else "paused"
    return _DEVICES.get(member.status, "in an unknown state")


def _offers(heard: Heard) -> list[Finding]:
    found: list[Finding] = []
    for interface, user in heard.called.items():
        if not user:
            why = "Its calls pop for nobody."
            fix = f"ringdesk user phone NAME --add {interface}, or take it out of the queue."
            found.append(Finding(Level.PROBLEM, f"{interface} rings and belongs to no user", why, fix))
            continue
        found.append(Finding(Level.OK, f"{interface} rings, the phone of {user}"))
        found.append(_shown(heard, user))
    return found


def _shown(heard: Heard, user: str) -> Finding:
    pop = next((note for note in heard.notes if note.what == "pop" and note.user == user), None)
    if pop is not None and pop.more.get("browsers") != "0":
        return Finding(Level.OK, f"The card was sent to {user} (browsers: {pop.more.get('browsers')})")
    if pop is not None:
        fix = f"Sign in as {user} at {heard.url} and leave the page open."
        return Finding(
            Level.PROBLEM, f"{user} has no browser open", "The card was made and nobody saw it.", fix
        )
    if heard.server:
        return Finding(
            Level.PROBLEM, f"The card was not shown: {heard.server}", "", "Start it: ringdesk serve"
        )
    if not heard.watched:
        why = "The server keeps no journal, so it does not note whom it shows a card."
        return Finding(
            Level.NOTE, f"Whether {user} saw a card could not be seen", why, "[journal] enabled = true"
        )
    why = "The phone rang, and the server noted no card within the time."
    fix = f"Look into the server's log; `ringdesk trace {heard.call}` tells what it made of the call."
    return Finding(Level.PROBLEM, f"No card was sent to {user}", why, fix)
