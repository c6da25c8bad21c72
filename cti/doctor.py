"""Examines one PBX with its own connection: logs in, asks harmless questions, leaves nothing changed."""

from __future__ import annotations

import asyncio

import msgspec

from config.settings import PbxSettings
from core.clock import Clock
from cti import findings as f
from cti.connection import Address, AmiConnection, connect
from cti.dialplan_findings import LAST_QUEUE, FlowPort, judge_queue_names
from cti.dialplan_questions import DialplanQuestions
from cti.findings import Finding, Level
from cti.messages import Seat
from cti.probe import Ears, provoke, within
from cti.resync import Questions
from cti.vocabulary import AmiAuthError, AmiError, AmiRefused, AmiSocketError

PAUSE = 1.0
"""Seconds without reading: ten times the `writetimeout` that Asterisk has by default, a fifth of the advised one."""
_FLOOD = 4000  # answers of some 5 kB: more than the buffers of both sides hold


class Asked(msgspec.Struct, frozen=True):
    """What an installation has, to be found on its PBX again. `probe` is a Uniqueid for a call to nowhere."""

    probe: str
    seats: tuple[Seat, ...] = ()
    flows: FlowPort | None = None
    """Where flows are served; None: it is not looked at."""
    seconds: float = 3.0
    """How long an event that has to come is waited for."""


class Examined(msgspec.Struct, frozen=True):
    """The findings, and the names of the PBX's queues; None where they could not be had."""

    findings: tuple[Finding, ...]
    queues: frozenset[str] | None = None


async def examine(settings: PbxSettings, asked: Asked, clock: Clock) -> Examined:
    """All that can be seen of a PBX with the permissions of its manager user. Takes some seconds, raises nothing."""
    ears = Ears(asked.probe)
    where = Address(settings.host, settings.port, settings.action_seconds)
    try:
        connection = await connect(where, ears.on_message)
    except AmiError as error:
        fix = f"Is Asterisk running, and manager.conf enabled = yes, port = {settings.port}, bindaddr right?"
        what = f"PBX {settings.name}: {error}"
        return Examined((Finding(Level.PROBLEM, what, "Nothing works without it.", fix),))
    examination = _Examination(connection, settings, clock, asked, ears)
    try:
        found = await examination.all()
    finally:
        connection.close()
    return Examined(tuple(found), examination.queues)


class _Examination:
    def __init__(
        self, connection: AmiConnection, settings: PbxSettings, clock: Clock, asked: Asked, ears: Ears
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._clock = clock
        self._asked, self._ears = asked, ears
        self._seats = [seat for seat in asked.seats if seat.pbx == settings.name]
        self._seconds = settings.action_seconds
        self.queues: frozenset[str] | None = None

    async def all(self) -> list[Finding]:
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
            found.append(f.judge_booted(await within(self._ears.booted, self._asked.seconds)))
            found += await self._questions()
            found += await self._hears()
            found.append(await self._bears_a_pause())
        except AmiError as error:
            found.append(Finding(Level.PROBLEM, f"The PBX stopped answering: {error}"))
        return found

    async def _questions(self) -> list[Finding]:
        commands = await self._connection.send((("Action", "ListCommands"),), self._seconds)
        dialplan = DialplanQuestions(self._connection, self._settings, self._seconds)
        found = [*f.judge_permissions(commands.headers), await self._clocks()]
        found += await dialplan.ask(self._seats, self._asked.flows)
        try:
            picture = await Questions(self._connection, self._seconds).ask(self._clock.now())
            channels = await self._connection.collect((("Action", "Status"),), self._seconds)
        except AmiRefused:
            return found  # the permission that lacks is among the findings
        self.queues = frozenset(queue.name for queue in picture.queues)
        found += [f.judge_version(picture.version), f.judge_channelvars(channels)]
        for setting in ("queue_extensions", "wrapup"):
            found += judge_queue_names(setting, getattr(self._settings, setting), self.queues)
        last = [dialplan.last_queue] if dialplan.last_queue else []
        found += judge_queue_names(LAST_QUEUE, last, self.queues, "extensions.conf")
        return [*found, *f.judge_seats(picture, self._seats)]

    async def _hears(self) -> list[Finding]:
        queue = min(self.queues or (), default="")
        asked = self._asked
        heard = await provoke(self._connection, self._ears, queue, self._seconds, asked.seconds)
        return [f.judge_heard("call", heard.call), f.judge_heard("agent", heard.agent)]

    async def _clocks(self) -> Finding:
        pong = await self._connection.send((("Action", "Ping"),), self._seconds)
        try:
            stamp = float(pong.get_header("Timestamp"))
        except ValueError:
            stamp = None
        return f.judge_clock(stamp, self._clock.now())

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
