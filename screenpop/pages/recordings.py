"""Recordings as pages show them: those that who looks may hear, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from core.identity.roles import Permission
from core.identity.users import User
from cti.recordings.model import Recording, State, is_id
from cti.recordings.store import Wanted

FIELD = "recording"
"""The field of tickets that names a caller's words: pages show their sound in place of the id."""
MOST = 20


class RecordingRoom(Protocol):
    """What the pages need of the recordings."""

    async def find(
        self, user: User, wanted: Wanted, limit: int = 50, after: str = ""
    ) -> tuple[list[Recording], str | None]: ...
    async def state(self, recording: Recording) -> State: ...


class RecordingRow(msgspec.Struct, frozen=True):
    """A recording with whether there is anything to hear."""

    recording: Recording
    state: str


async def of_calls(room: RecordingRoom, user: User, call_ids: Sequence[str]) -> dict[str, list[RecordingRow]]:
    """The recordings of each of these calls, in the order in which they were made."""
    found: dict[str, list[RecordingRow]] = {}
    if call_ids:
        for row in await _rows(room, user, Wanted(call_ids=tuple(call_ids)), MOST * len(call_ids)):
            found.setdefault(row.recording.call_id, []).append(row)
    return found


async def of_ticket(
    room: RecordingRoom, user: User, ticket_id: str, call_id: str | None
) -> list[RecordingRow]:
    """What was left for the ticket, and what was recorded in the call in which it was opened."""
    own = await _rows(room, user, Wanted(ticket_id=ticket_id), MOST)
    of_call = await _rows(room, user, Wanted(call_ids=(call_id,)), MOST) if call_id else []
    known = {row.recording.id: row for row in (*own, *of_call)}
    return sorted(known.values(), key=lambda row: row.recording.started_at)


def without_ids(data: Mapping[str, Any]) -> dict[str, Any]:
    """A ticket's values without the id of a recording, which says nothing to people."""
    return {name: value for name, value in data.items() if name != FIELD or not is_id(str(value))}


async def _rows(room: RecordingRoom, user: User, wanted: Wanted, limit: int) -> list[RecordingRow]:
    if not user.can(Permission.RECORDINGS_LISTEN):
        return []
    found, _ = await room.find(user, wanted, limit)
    rows = [RecordingRow(one, (await room.state(one)).value) for one in found]
    return sorted(rows, key=lambda row: row.recording.started_at)
