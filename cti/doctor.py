"""Examines one PBX with its own connection: logs in, asks harmless questions, changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from config.settings import PbxSettings
from core.clock import Clock
from cti import findings as f
from cti.connection import Address, AmiConnection, connect
from cti.events import FullyBooted
from cti.findings import Finding, Level
from cti.messages import Seat
from cti.parse import parse
from cti.resync import Questions
from cti.vocabulary import AmiAuthError, AmiError, AmiRefused, AmiSocketError, Message

PAUSE = 1.0
"""Seconds without reading: ten times the `writetimeout` that Asterisk has by default, a fifth of the advised one."""
_FLOOD = 4000  # answers of some 5 kB: more than the buffers of both sides hold


async def examine(
    settings: PbxSettings, seats: Iterable[Seat], clock: Clock, booted_seconds: float = 2.0
) -> list[Finding]:
    """All that can be seen of a PBX with the permissions of its manager user. Takes some seconds, raises nothing."""
    booted = asyncio.Event()

    def on_message(message: Message) -> None:
        if type(parse(message)) is FullyBooted:
            booted.set()

    where = Address(settings.host, settings.port, settings.action_seconds)
    try:
        connection = await connect(where, on_message)
    except AmiError as error:
        fix = f"Is Asterisk running, and manager.conf enabled = yes, port = {settings.port}, bindaddr right?"
        return [Finding(Level.PROBLEM, f"PBX {settings.name}: {error}", "Nothing works without it.", fix)]
    try:
        return await _Examination(connection, settings, clock).all(seats, booted, booted_seconds)
    finally:
        connection.close()


class _Examination:
    def __init__(self, connection: AmiConnection, settings: PbxSettings, clock: Clock) -> None:
        self._connection = connection
        self._settings = settings
        self._clock = clock
        self._seconds = settings.action_seconds

    async def all(self, seats: Iterable[Seat], booted: asyncio.Event, booted_seconds: float) -> list[Finding]:
        settings = self._settings
        found = [Finding(Level.OK, f"PBX {settings.name} answers at {settings.host}:{settings.port}")]
        try:
            await self._connection.login(settings.username, settings.secret, "system", self._seconds)
        except AmiAuthError:
            fix = "Compare username and secret with manager.conf, and its permit lines with this machine's address."
            return [*found, Finding(Level.PROBLEM, f"Login of {settings.username} refused", "", fix)]
        except AmiError as error:
            return [*found, Finding(Level.PROBLEM, f"Login failed: {error}")]
        found.append(Finding(Level.OK, f"Login of {settings.username} accepted"))
        try:
            found.append(f.judge_booted(await _within(booted, booted_seconds)))
            found += await self._questions([seat for seat in seats if seat.pbx == settings.name])
            found.append(await self._bears_a_pause())
        except AmiError as error:
            found.append(Finding(Level.PROBLEM, f"The PBX stopped answering: {error}"))
        return found

    async def _questions(self, seats: list[Seat]) -> list[Finding]:
        commands = await self._connection.send((("Action", "ListCommands"),), self._seconds)
        found = [*f.judge_permissions(commands.headers), await self._clocks(), *await self._contexts()]
        try:
            picture = await Questions(self._connection, self._seconds).ask(self._clock.now())
            channels = await self._connection.collect((("Action", "Status"),), self._seconds)
        except AmiRefused:
            return found  # the permission that lacks is among the findings
        found += [f.judge_version(picture.version), f.judge_channelvars(channels)]
        return [*found, *f.judge_seats(picture, seats)]

    async def _clocks(self) -> Finding:
        pong = await self._connection.send((("Action", "Ping"),), self._seconds)
        try:
            stamp = float(pong.get_header("Timestamp"))
        except ValueError:
            stamp = None
        return f.judge_clock(stamp, self._clock.now())

    async def _contexts(self) -> list[Finding]:
        settings = self._settings
        found = [f.judge_context(settings.dial_context, await self._has(settings.dial_context))]
        if context := settings.flow_context:
            found.append(f.judge_flow_context(context, await self._has(context)))
        return found

    async def _has(self, context: str) -> bool | None:
        """Whether the dialplan has it; None where we may not ask."""
        try:
            await self._connection.collect((("Action", "ShowDialPlan"), ("Context", context)), self._seconds)
        except AmiRefused as refused:
            return False if "Did not find" in refused.response.text else None
        return True

    async def _bears_a_pause(self) -> Finding:
        """Reads nothing for a second while Asterisk has much to say, and sees whether it cuts us off."""
        connection = self._connection
        with connection.deaf():
            connection.repeat((("Action", "ListCommands"),), _FLOOD)
            await asyncio.sleep(PAUSE)
        try:
            await connection.send((("Action", "Ping"),), max(self._seconds, 10.0))
        except AmiSocketError:
            return f.judge_write_timeout(True, PAUSE)
        return f.judge_write_timeout(False, PAUSE)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
