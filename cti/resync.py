"""The questions of a resync, in their order, and what to make of a refusal."""

from __future__ import annotations

from cti.connection import AmiConnection
from cti.control import lacks
from cti.picture import Answers, take_picture
from cti.seen import Picture
from cti.vocabulary import AmiRefused, Message


class Questions:
    """Asks one PBX for all that a board has to know. `notes` says in sentences what could not be had."""

    def __init__(self, connection: AmiConnection, seconds: float) -> None:
        self.notes: list[str] = []
        self._connection = connection
        self._seconds = seconds

    async def ask(self, taken_at: float) -> Picture:
        """The picture in the `answers`."""
        return take_picture(await self.answers(), taken_at)

    async def answers(self) -> Answers:
        """All of them. AmiRefused where the channels cannot be had, without which there is no picture; AmiTimeout and
        AmiSocketError as in `AmiConnection`."""
        # Sequential, and in this order: each list is asked after what it refers to, so that it is never older.
        return Answers(
            settings=await self._one("CoreSettings"),
            status=await self._one("CoreStatus"),
            channels=await self._list("CoreShowChannels"),
            bridges=await self._optional("BridgeList"),
            queues=await self._optional("QueueStatus"),
            statuses=await self._list("Status"),
            devices=await self._optional("DeviceStateList"),
        )

    async def channels_and_queues(self) -> Answers:
        """What a look from time to time is about."""
        return Answers(
            channels=await self._list("CoreShowChannels"), queues=await self._optional("QueueStatus")
        )

    async def _one(self, action: str) -> Message:
        return await self._connection.send((("Action", action),), self._seconds)

    async def _list(self, action: str) -> list[Message]:
        return await self._connection.collect((("Action", action),), self._seconds)

    async def _optional(self, action: str) -> list[Message]:
        """A list that a small Asterisk may not know: its module is not loaded."""
        try:
            return await self._list(action)
        except AmiRefused as refused:
            self.notes.append(lacks(refused))
            return []
