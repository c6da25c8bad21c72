"""The hub: hands every entry of the log to the browsers that it is for, and cuts off those that do not read.

A connection has a bounded queue of ready frames. Who falls behind by more than `PENDING_FRAMES` or `PENDING_CHARS`
is cut off with close code 4008 and comes back to resume from the log, so that one frozen tab costs a fixed amount of
memory and never delays another.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from core.identity.roles import Permission
from screenpop.session import Audience, Entry, Log, Viewer

PENDING_FRAMES = 256
PENDING_CHARS = 1 << 20
SLOW = 4008
SIGNED_OUT = 4001
GOING_AWAY = 1001


class Connection:
    """One browser (or program) on the live socket: a queue of frames that `next_frames` empties."""

    def __init__(self, viewer: Viewer, language: str, session_id: str | None) -> None:
        self.viewer = viewer
        self.language = language
        self.session_id = session_id
        self.close_code: int | None = None
        self.on_cut: Callable[[], object] = lambda: None
        """Called once when the connection is cut, so that a writer that waits for a client is not waited for."""
        self._frames: deque[str] = deque()
        self._chars = 0
        self._ready = asyncio.Event()

    def put(self, frame: str) -> None:
        """Queue a frame; past the limits the connection is marked to be closed as slow."""
        if self.close_code is not None:
            return
        self._frames.append(frame)
        self._chars += len(frame)
        if len(self._frames) > PENDING_FRAMES or self._chars > PENDING_CHARS:
            self.cut(SLOW)
        self._ready.set()

    def cut(self, code: int) -> None:
        """Have the socket closed with `code`; what is queued is dropped (it is in the log)."""
        if self.close_code is None:
            self.close_code = code
            self._frames.clear()
            self._chars = 0
            self._ready.set()
            self.on_cut()

    async def next_frames(self) -> list[str]:
        """Wait for frames; an empty list says that the connection was cut."""
        await self._ready.wait()
        self._ready.clear()
        frames = list(self._frames)
        self._frames.clear()
        self._chars = 0
        return frames


class Hub:
    """All open connections, by user and by permission, over one log."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.cut_off = 0
        self.on_published: Callable[[str, Mapping[str, Any], Audience, int], object] = lambda *_: None
        """Told of each entry and of how many connections it was queued for."""
        self.on_presence: Callable[[str, int], object] = lambda *_: None
        """Told of a user's number of connections whenever it changes."""
        self._by_user: dict[str, set[Connection]] = defaultdict(set)
        self._by_permission: dict[Permission, set[Connection]] = defaultdict(set)

    def __len__(self) -> int:
        return sum(len(connections) for connections in self._by_user.values())

    def add(self, connection: Connection) -> None:
        self._by_user[connection.viewer.user].add(connection)
        for permission in connection.viewer.permissions:
            self._by_permission[permission].add(connection)
        self._present(connection.viewer.user)

    def remove(self, connection: Connection) -> None:
        if connection.close_code == SLOW:
            self.cut_off += 1
        own = self._by_user[connection.viewer.user]
        own.discard(connection)
        if not own:
            del self._by_user[connection.viewer.user]
        for permission in connection.viewer.permissions:
            self._by_permission[permission].discard(connection)
        self._present(connection.viewer.user)

    def _present(self, user: str) -> None:
        self.on_presence(user, len(self._by_user.get(user, ())))

    def language_of(self, user: str, default: str) -> str:
        """The language of the user's open pages, which all have the same."""
        return next((connection.language for connection in self._by_user.get(user, ())), default)

    def publish(self, kind: str, body: Mapping[str, Any], audience: Audience, at: str) -> Entry:
        """Append to the log and queue it for everyone whom it is for."""
        entry = self.log.append(kind, body, audience, at)
        recipients = self._recipients(audience)
        for connection in recipients:
            connection.put(entry.frame)
        self.on_published(kind, body, audience, len(recipients))
        return entry

    def _recipients(self, audience: Audience) -> set[Connection]:
        found = set(self._by_permission.get(audience.permission, ())) if audience.permission else set()
        for user in audience.users:
            found |= self._by_user.get(user, set())
        return found

    def connections(self) -> list[Connection]:
        return [connection for own in self._by_user.values() for connection in own]

    def end_sessions(self, user: str, session_id: str | None) -> None:
        """Cut the user's connections of that session, or (None) all of them: it has ended."""
        for connection in list(self._by_user.get(user, ())):
            if session_id in (None, connection.session_id):
                connection.cut(SIGNED_OUT)

    def sessions(self) -> frozenset[str]:
        """What all open connections are known by: their sessions, or their API tokens' `live_id`."""
        return frozenset(c.session_id for c in self.connections() if c.session_id is not None)

    def end_lost(self, sessions: frozenset[str]) -> None:
        """Cut the connections of these sessions: they have run out, or were ended by another process."""
        for connection in self.connections():
            if connection.session_id in sessions:
                connection.cut(SIGNED_OUT)

    def check_users(self, viewers: Mapping[str, Viewer]) -> None:
        """Cut the connections of users who are shut out, or whose role is another one since they connected."""
        for connection in self.connections():
            if viewers.get(connection.viewer.user) != connection.viewer:
                connection.cut(SIGNED_OUT)

    def close_all(self, code: int = GOING_AWAY) -> None:
        """Cut all, at shutdown: browsers come back by themselves."""
        for connection in self.connections():
            connection.cut(code)
