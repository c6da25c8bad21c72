"""What is believed of a PBX against what it lists, from time to time. Pure.

A list takes a moment and events are in flight meanwhile: only that counts as drift which was believed both before and
after the PBX was asked, and which a second look some seconds later finds again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cti.events import Member
from cti.seen import Picture

MemberKey = tuple[str, str]
"""Queue and interface."""
Entry = tuple[str, str]
"""Queue and the Uniqueid that waits in it."""


class Belief(msgspec.Struct, frozen=True):
    """Channels by Uniqueid, queue members with their pause and its reason, and who waits where."""

    channels: frozenset[str] = frozenset()
    members: Mapping[MemberKey, tuple[bool, str]] = {}
    waiting: frozenset[Entry] = frozenset()
    queues: frozenset[str] = frozenset()


class Drift(msgspec.Struct, frozen=True):
    """What does not agree. `members` has what the PBX says: None where it has no such member."""

    ghosts: frozenset[str] = frozenset()
    """Channels that are believed in and that the PBX does not have."""
    unseen: frozenset[str] = frozenset()
    """Channels of the PBX that nobody told of."""
    members: Mapping[MemberKey, tuple[bool, str] | None] = {}
    waiting: frozenset[Entry] = frozenset()
    """Who waits here only, or there only."""

    def __bool__(self) -> bool:
        return bool(self.ghosts or self.unseen or self.members or self.waiting)

    def again(self, other: Drift) -> Drift:
        """What both looks found alike."""
        members = {
            key: says
            for key, says in self.members.items()
            if key in other.members and other.members[key] == says
        }
        return Drift(
            self.ghosts & other.ghosts,
            self.unseen & other.unseen,
            members,
            self.waiting & other.waiting,
        )


def listed(picture: Picture) -> Belief:
    """What the PBX lists, in the same form."""
    return Belief(
        frozenset(seen.chan.uniqueid for seen in picture.channels),
        {(m.queue, m.interface): pause_of(m) for m in picture.members},
        frozenset((entry.queue, entry.uniqueid) for entry in picture.entries),
        frozenset(queue.name for queue in picture.queues),
    )


def pause_of(member: Member) -> tuple[bool, str]:
    """Whether and why the member is paused; the reason of a pause that is over does not count."""
    return member.paused, member.paused_reason if member.paused else ""


def compare(before: Belief, seen: Belief, after: Belief) -> Drift:
    """What was believed all the while and is not so. Queues count that all three know: a list may have been refused."""
    queues = before.queues & seen.queues & after.queues
    members: dict[MemberKey, tuple[bool, str] | None] = {}
    for key in {*before.members, *seen.members, *after.members}:
        believed, says = before.members.get(key), seen.members.get(key)
        if key[0] in queues and believed == after.members.get(key) and believed != says:
            members[key] = says
    here = {entry for entry in before.waiting & after.waiting if entry[0] in queues}
    there = {entry for entry in seen.waiting if entry[0] in queues}
    return Drift(
        (before.channels & after.channels) - seen.channels,
        seen.channels - before.channels - after.channels,
        members,
        frozenset((here - there) | (there - before.waiting - after.waiting)),
    )
