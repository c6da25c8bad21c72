"""What the server owns about an agent: which queues it serves, and whether it takes a break. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cti import control
from cti.events import Member

SIGNED_OUT = "signed out"
"""Reason of the pause by which a static member, whom nobody can remove, is kept from getting calls."""


class Duty(msgspec.Struct, frozen=True):
    """An agent's duty. The PBX's queue members are made to follow it, never the other way round.

    No queues: signed out. `since` is epoch seconds of the last change of `queues`, `paused` or `reason`.
    """

    user: str
    queues: tuple[str, ...] = ()
    paused: bool = False
    reason: str = ""
    since: float = 0.0
    last_queues: tuple[str, ...] = ()
    """Where the agent served before signing out."""

    @property
    def signed_in(self) -> bool:
        """Whether the agent serves any queue."""
        return bool(self.queues)

    def sign_in(self, queues: tuple[str, ...], at: float) -> Duty:
        """Serves these queues; a pause ends. Unchanged where it is so already."""
        if queues == self.queues and not self.paused:
            return self
        return Duty(self.user, queues, False, "", at, queues)

    def sign_out(self, at: float) -> Duty:
        if not self.signed_in:
            return self
        return Duty(self.user, (), False, "", at, self.queues)

    def pause(self, reason: str, at: float) -> Duty:
        if self.paused and reason == self.reason:
            return self
        return Duty(self.user, self.queues, True, reason, at, self.last_queues)


class Step(msgspec.Struct, frozen=True):
    """One action on the PBX, and what the membership is once it is done (None: no member)."""

    queue: str
    action: control.Action
    becomes: Member | None


def adopted(user: str, members: Mapping[str, Member], at: float) -> Duty:
    """The duty of an agent whom we see for the first time, as the PBX has it: it may be a static member."""
    queues = tuple(sorted(members))
    paused = all(member.paused for member in members.values())
    reason = next((m.paused_reason for m in members.values() if m.paused), "") if paused else ""
    return Duty(user, queues, paused, reason, at, queues)


def steps(duty: Duty, interface: str, name: str, members: Mapping[str, Member]) -> list[Step]:
    """What has to be done on the PBX for its members to follow the duty. `members`: the agent's, by queue."""
    found = [_keep(duty, queue, members[queue]) for queue in duty.queues if queue in members]
    found += [_add(duty, queue, interface, name) for queue in duty.queues if queue not in members]
    found += [_leave(queue, member) for queue, member in members.items() if queue not in duty.queues]
    return [step for step in found if step is not None]


def _add(duty: Duty, queue: str, interface: str, name: str) -> Step:
    action = control.queue_add(queue, interface, name, duty.paused, duty.reason)
    return Step(queue, action, Member(queue, interface, name, "", True, duty.paused, duty.reason))


def _keep(duty: Duty, queue: str, member: Member) -> Step | None:
    if member.paused == duty.paused and (not duty.paused or member.paused_reason == duty.reason):
        return None
    return _pause(queue, member, duty.paused, duty.reason)


def _leave(queue: str, member: Member) -> Step | None:
    """Static members stay: they are paused instead."""
    if member.dynamic:
        return Step(queue, control.queue_remove(queue, member.interface), None)
    return None if member.paused else _pause(queue, member, True, SIGNED_OUT)


def _pause(queue: str, member: Member, paused: bool, reason: str) -> Step:
    action = control.queue_pause(member.interface, paused, reason, queue)
    reason = reason if paused else ""
    return Step(queue, action, msgspec.structs.replace(member, paused=paused, paused_reason=reason))
