"""The live log, pure: what was said, in which order, to whom; and how a browser's picture follows from it.

One log serves all browsers. Every entry has the next `seq`, so for one browser the numbers rise with gaps where an
entry was not for it. The property that holds it together: a stale snapshot plus the entries since equals a fresh
snapshot (`reduce`, mirrored by static/js/store.js).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from core.identity.roles import Permission

SNAPSHOT_PARTS: Mapping[str, tuple[str, str]] = {
    "call": ("calls", "id"),
    "agent": ("agents", "user"),
    "queue": ("queues", "key"),
    "pbx": ("pbxs", "name"),
    "ticket": ("tickets", "id"),
    "pop": ("pops", "pop_id"),
    "pop.updated": ("pops", "pop_id"),
    "pop.withdrawn": ("pops", "pop_id"),
    "context": ("contexts", "call_id"),
}
"""Event type to the part of the snapshot that it changes and the key within it. Other types change nothing."""


class Viewer(msgspec.Struct, frozen=True):
    """Who looks: what decides which entries are for them."""

    user: str
    permissions: frozenset[Permission] = frozenset()


class Audience(msgspec.Struct, frozen=True):
    """Whom an entry is for: the named users, and all who hold the permission."""

    users: frozenset[str] = frozenset()
    permission: Permission | None = None

    def admits(self, viewer: Viewer) -> bool:
        return viewer.user in self.users or (
            self.permission is not None and self.permission in viewer.permissions
        )


class Entry(msgspec.Struct, frozen=True):
    """One said thing. `frame` is the whole message as text, encoded once for all who get it."""

    seq: int
    kind: str
    audience: Audience
    frame: str


class Log:
    """The last `size` entries of one `epoch` (one life of the server)."""

    def __init__(self, epoch: str, size: int = 20_000) -> None:
        self.epoch = epoch
        self.seq = 0
        self._entries: deque[Entry] = deque(maxlen=size)

    def append(self, kind: str, body: Mapping[str, Any], audience: Audience, at: str) -> Entry:
        """Number and encode one entry; `body` holds `data` and, where the browser shows it at once, `html`."""
        self.seq += 1
        message = {"type": kind, "epoch": self.epoch, "seq": self.seq, "at": at, **body}
        entry = Entry(self.seq, kind, audience, _ENCODER.encode(message).decode())
        self._entries.append(entry)
        return entry

    def since(self, epoch: str, seq: int, viewer: Viewer) -> list[Entry] | None:
        """What `viewer` missed after `seq`, in order; None where that cannot be told and a new hello is due."""
        if epoch != self.epoch or seq > self.seq or seq < 0:
            return None
        missed = self.seq - seq
        if missed > len(self._entries):
            return None
        tail: Iterable[Entry] = (
            self._entries[i] for i in range(len(self._entries) - missed, len(self._entries))
        )
        return [entry for entry in tail if entry.audience.admits(viewer)]


_ENCODER = msgspec.json.Encoder()


def reduce(snapshot: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """The snapshot after one message. Lists are kept by key in order of arrival; what has ended leaves."""
    after = dict(snapshot)
    place = SNAPSHOT_PARTS.get(message["type"])
    if place is None:
        return after
    part, key = place
    data = message["data"]
    others = [item for item in snapshot.get(part, ()) if item[key] != data[key]]
    stays = not _is_gone(message["type"], data)
    known = len(others) < len(snapshot.get(part, ()))
    if stays and known:
        after[part] = [_item(message) if item[key] == data[key] else item for item in snapshot[part]]
    else:
        after[part] = [*others, _item(message)] if stays else others
    return after


def _is_gone(kind: str, data: Mapping[str, Any]) -> bool:
    return (
        kind == "pop.withdrawn"
        or bool(data.get("removed"))
        or data.get("state") == "ended"
        or bool(data.get("closed"))
    )


def _item(message: Mapping[str, Any]) -> dict[str, Any]:
    """What the snapshot keeps of a message: its data, and the html where there is one."""
    return {**message["data"], "html": message["html"]} if "html" in message else dict(message["data"])
