"""The connection on which a link sends its actions. It comes and goes without the events' one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from enum import Enum

import msgspec

from cti import control
from cti.backoff import Pace, delay
from cti.connection import AmiConnection
from cti.frames import Fields
from cti.vocabulary import AmiAuthError, AmiError, AmiRefused, AmiSocketError, AmiTimeout, Message


class Dialled(Enum):
    """What has become of an Originate."""

    QUEUED = "queued"
    """Asterisk has taken it, or its channel was seen."""
    REFUSED = "refused"
    ABSENT = "absent"
    """It was never answered, and its channel is not there: it was not done, or is over already."""
    UNKNOWN = "unknown"
    """It was never answered, and nobody could be asked about its channel."""


class Originated(msgspec.Struct, frozen=True):
    state: Dialled
    channel_id: str
    detail: str = ""


class ActionLine:
    """Keeps an action connection open, and sends each action once.

    `opener` opens and logs in; `greet` is called with each new connection before it is offered; `on_note` gets what
    is wrong in a sentence, or an empty text.
    """

    def __init__(
        self,
        opener: Callable[[], Awaitable[AmiConnection]],
        greet: Callable[[AmiConnection], Awaitable[None]],
        on_note: Callable[[str], None],
        seconds: float,
        pace: Pace,
    ) -> None:
        self.ready = asyncio.Event()
        self._opener, self._greet, self._on_note = opener, greet, on_note
        self._seconds, self._pace = seconds, pace
        self._connection: AmiConnection | None = None
        self._trouble = "not connected"

    @property
    def connection(self) -> AmiConnection:
        """The open connection; AmiSocketError where there is none."""
        if self._connection is None:
            raise AmiSocketError(f"no action connection: {self._trouble}")
        return self._connection

    async def send(self, fields: Fields, timeout: float | None = None) -> Message:
        """The answer to an action; errors as `AmiConnection.send`. Only the actions of `cti.control` are sent."""
        return await self._for(fields).send(fields, timeout or self._seconds)

    async def collect(self, fields: Fields, timeout: float | None = None) -> list[Message]:
        """The same for an action that is answered by a list."""
        return await self._for(fields).collect(fields, timeout or self._seconds)

    async def originate(self, order: control.Order) -> Originated:
        """Has a call made, once: where the answer is missing the channel is looked for, the action never repeated.

        AmiSocketError where there is no connection: nothing was sent. Whether the phone was picked up comes later,
        as an event.
        """
        fields = control.originate(order)
        connection = self._for(fields)
        try:
            await connection.send(fields, self._seconds)
        except AmiRefused as refused:
            return Originated(Dialled.REFUSED, order.channel_id, control.lacks(refused))
        except (AmiTimeout, AmiSocketError) as error:
            return Originated(await self._settle(order.channel_id), order.channel_id, str(error))
        return Originated(Dialled.QUEUED, order.channel_id)

    async def keep(self, rng: random.Random) -> None:
        """Opens the connection again whenever it ends, until cancelled."""
        attempt = 0
        while True:
            try:
                connection = await self._opener()
            except AmiAuthError:
                self._trouble = "login refused"
            except (AmiError, OSError) as error:
                self._trouble = str(error)
            else:
                attempt = 0
                self._trouble = await self._offer(connection)
            self._on_note(f"no action connection: {self._trouble}")
            await asyncio.sleep(delay(attempt, self._pace, rng))
            attempt += 1

    async def _offer(self, connection: AmiConnection) -> str:
        """Offers the connection until it ends; why it ended."""
        try:
            await self._greet(connection)
            # Before anyone who waits for an answer learns of the loss, so that nobody tries the dead one again.
            connection.closed.add_done_callback(self._withdraw)
            self._connection = connection
            self.ready.set()
            self._on_note("")
            return await asyncio.shield(connection.closed)
        except AmiRefused as refused:
            return control.lacks(refused)
        except AmiError as error:
            return str(error)
        finally:
            self._withdraw()
            connection.close()

    def _withdraw(self, _: object = None) -> None:
        self.ready.clear()
        self._connection = None

    def _for(self, fields: Fields) -> AmiConnection:
        if dict(fields).get("Action") not in control.PERMISSIONS:
            raise AmiError("not an action that a link sends")
        return self.connection

    async def _settle(self, channel_id: str) -> Dialled:
        """Whether a channel with this Uniqueid is there."""
        try:
            async with asyncio.timeout(self._pace.settle):
                channels = await self._channels()
        except (TimeoutError, AmiError):
            return Dialled.UNKNOWN
        found = any(channel.get_header("Uniqueid") == channel_id for channel in channels)
        return Dialled.QUEUED if found else Dialled.ABSENT

    async def _channels(self) -> list[Message]:
        """All channels, as soon as there is a connection to ask on; asking again changes nothing on the PBX."""
        while True:
            await self.ready.wait()
            try:
                return await self.collect((("Action", "CoreShowChannels"),))
            except AmiSocketError:
                await asyncio.sleep(0)
