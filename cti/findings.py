"""What is right and wrong with a PBX, judged from what it answered. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

import msgspec

from cti.board.desks import Desks
from cti.control import PERMISSIONS
from cti.messages import Seat
from cti.parse import CALL_VARIABLE, clean_text
from cti.seen import Picture
from cti.vocabulary import Message

OLDEST = 16  # the major version of Asterisk that the events are known from
CLOCK_SECONDS = 2.0
_BUILT_IN = frozenset({"CoreSettings", "CoreStatus", "CoreShowChannels", "Hangup", "Originate"})
"""Actions of Asterisk's own core: no module brings them, so only a permission can lack."""


class Level(Enum):
    OK = "ok"
    NOTE = "note"
    """Could not be seen, or is worth a look; nothing is broken."""
    WARNING = "warning"
    """Works, but not as it should."""
    PROBLEM = "problem"
    """Something will not work until it is changed."""


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's report: what was looked at and seen, why it matters, what to change."""

    level: Level
    what: str
    why: str = ""
    fix: str = ""


def judge_version(version: str) -> Finding:
    """Whether this Asterisk is one whose events are known."""
    found = re.match(r"(?:certified/)?(\d+)", version)
    if not found:
        return Finding(Level.NOTE, f"Asterisk version not understood: {clean_text(version) or 'none'}")
    if int(found[1]) < OLDEST:
        why = f"Ringdesk is written for Asterisk 22 and tested down to {OLDEST}."
        return Finding(Level.PROBLEM, f"Asterisk {version} is too old", why, "Upgrade Asterisk.")
    return Finding(Level.OK, f"Asterisk {version}")


def judge_permissions(commands: Mapping[str, str]) -> list[Finding]:
    """What of our actions ListCommands does not list: for want of a permission, or of a module."""
    lacking = sorted(set(PERMISSIONS) - set(commands) - {"Login", "Challenge", "Logoff"})
    permissions = sorted({PERMISSIONS[name] for name in lacking} - {""})
    findings = []
    for permission in permissions:
        wanted = sorted(name for name, needed in PERMISSIONS.items() if needed == permission)
        missing = [name for name in wanted if name in lacking]
        # Status, Getvar and DeviceStateList are allowed by write=call too, so that reporting may lack without them.
        if missing == wanted or _BUILT_IN.intersection(missing):
            findings.append(_no_permission(permission, missing))
            lacking = [name for name in lacking if name not in missing]
    if lacking:
        why = "The Asterisk modules that bring them are not loaded; what they are for will not work."
        findings.append(Finding(Level.WARNING, f"Unknown to this Asterisk: {', '.join(lacking)}", why))
    return findings or [Finding(Level.OK, "The manager user may send every action that Ringdesk needs")]


def judge_booted(booted: bool) -> Finding:
    """Whether FullyBooted came upon login, which is an event of the class `system`."""
    if booted:
        return Finding(Level.OK, "Events of the class system arrive")
    why = "No FullyBooted came upon login: Asterisk is still starting, or the manager user may not read it."
    return Finding(
        Level.PROBLEM,
        "Events of the class system do not arrive",
        why,
        add_permission("read", "system,call,agent"),
    )


def judge_heard(kind: str, heard: bool | None) -> Finding:
    """Whether what we did to be told of it was told; `kind` is the class of its events, None: it could not be done."""
    if heard is None:
        what = f"Whether events of the class {kind} arrive could not be seen"
        return Finding(Level.NOTE, what, "What would bring one forth was refused, or there is no queue.")
    if heard:
        return Finding(Level.OK, f"Events of the class {kind} arrive")
    why = "The manager user may not read them: nothing pops, and all else looks well."
    fix = add_permission("read", kind)
    return Finding(Level.PROBLEM, f"Events of the class {kind} do not arrive", why, fix)


def judge_clock(pbx: float | None, ours: float) -> Finding:
    """Whether the PBX's clock (epoch seconds, from its Pong) agrees with ours."""
    if pbx is None:
        return Finding(Level.NOTE, "The PBX's clock could not be read")
    if abs(pbx - ours) <= CLOCK_SECONDS:
        return Finding(Level.OK, f"Clocks agree within {CLOCK_SECONDS:g} s")
    ahead = "ahead of" if pbx > ours else "behind"
    why = "Recordings and Asterisk's own logs would not match the times of calls."
    fix = "Run an NTP client (chrony, systemd-timesyncd) on both machines."
    return Finding(Level.WARNING, f"The PBX's clock is {abs(pbx - ours):.0f} s {ahead} ours", why, fix)


def judge_channelvars(channels: Sequence[Message]) -> Finding:
    """Whether channels carry our variable; it is on each of them, empty or not, where `channelvars` names it."""
    if not channels:
        why = f"There is no call just now. `channelvars` must name {CALL_VARIABLE}."
        return Finding(
            Level.NOTE, "channelvars could not be seen", why, "Run the doctor again during a call."
        )
    if any(
        value.startswith(f"{CALL_VARIABLE}=") for line in channels for value in line.values("ChanVariable")
    ):
        return Finding(Level.OK, f"Channels carry {CALL_VARIABLE}")
    why = "Without it, calls that Asterisk splits and joins (transfers, Local channels) may be told apart wrongly."
    fix = f"manager.conf, [general]: channelvars = {CALL_VARIABLE}; then: asterisk -rx 'manager reload'"
    return Finding(Level.WARNING, f"Channels do not carry {CALL_VARIABLE}", why, fix)


def judge_write_timeout(cut: bool, seconds: float) -> Finding:
    """Whether Asterisk cut off a client that did not read for so many seconds."""
    if not cut:
        return Finding(Level.OK, f"A pause of {seconds:g} s in reading is borne")
    why = f"Asterisk cut off a client that read nothing for {seconds:g} s; a busy machine pauses as long at times."
    fix = "manager.conf, the manager user's section: writetimeout = 5000; then: asterisk -rx 'manager reload'"
    return Finding(Level.WARNING, "writetimeout is too short", why, fix)


def judge_seats(picture: Picture, seats: Iterable[Seat]) -> list[Finding]:
    """Members without a user, users without a phone or a queue. Unknown members get calls that pop for nobody.

    Whose a member is, is decided as the board decides it: FreePBX has Local/1001@from-queue/n in front of a phone.
    """
    desks = Desks()
    desks.seat(seats)
    strangers: dict[str, list[str]] = {}
    at_work: set[str] = set()
    for member in picture.members:
        desk = desks.of_member(member)
        if desk is None:
            strangers.setdefault(member.interface, []).append(member.queue)
        else:
            at_work.add(desk.seat.user)
    findings = [_stranger(interface, sorted(queues)) for interface, queues in sorted(strangers.items())]
    for interface, user in sorted((desk.seat.interface, user) for user, desk in desks.by_user.items()):
        if picture.devices and picture.devices.get(interface, "INVALID") == "INVALID":
            why = "Asterisk knows no device of that name: no queue can ring it."
            fix = f"Make the endpoint in pjsip.conf, or correct the interface of the user {user}."
            findings.append(Finding(Level.PROBLEM, f"{user}'s phone {interface} does not exist", why, fix))
        elif user not in at_work:
            why = "Normal for who is signed out; Ringdesk adds the phone to queues at sign-in."
            findings.append(Finding(Level.NOTE, f"{user}'s phone {interface} is in no queue", why))
    members = {member.interface for member in picture.members}
    return findings or [Finding(Level.OK, f"{len(members)} queue members, all of them users")]


def _stranger(interface: str, queues: list[str]) -> Finding:
    """A queue member that is no user's; behind Local/1001@… stands the phone 1001."""
    phone = interface
    if interface.startswith("Local/"):
        phone = f"PJSIP/{interface.removeprefix('Local/').partition('@')[0]}"
    return Finding(
        Level.WARNING,
        f"{interface} is a member of {', '.join(queues)} and matches no user",
        "Its calls pop for nobody, and no agent is shown for them.",
        f"ringdesk user add NAME --role agent --interface {phone}, or take it out of the queue.",
    )


def _no_permission(permission: str, actions: list[str]) -> Finding:
    what = f"The manager user lacks write={permission}"
    return Finding(
        Level.PROBLEM, what, f"Needed for {', '.join(actions)}.", add_permission("write", permission)
    )


def add_permission(kind: str, names: str) -> str:
    """How to give the manager user a permission."""
    return f"manager.conf, the manager user's section: add {names} to {kind}; then: asterisk -rx 'manager reload'"
