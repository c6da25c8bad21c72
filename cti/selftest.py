"""Places a test call into a queue over AMI, and follows it until it is shown to an agent or goes no further."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from config.settings import PbxSettings
from core.clock import Clock
from cti import control
from cti import events as e
from cti.board.desks import Desks
from cti.call_findings import Heard, judge_call
from cti.connection import Address, AmiConnection, connect
from cti.findings import Finding, Level
from cti.journal.records import Noted
from cti.messages import Seat
from cti.parse import WANTED, parse
from cti.picture import Answers, take_picture
from cti.seen import Picture
from cti.vocabulary import AmiAuthError, AmiError, AmiRefused, Message

POLL = 0.1
"""Seconds between two looks at what the server has noted: it is another process."""
NOTED_SECONDS = 4.0
"""How long a card is waited for once a phone rings: longer than a record is waited for."""


class Server(Protocol):
    """The running server, as far as the doctor sees it."""

    url: str
    watched: bool

    async def trouble(self, pbx: str) -> str:
        """What is wrong with it or its link to the PBX; empty where nothing is."""
        ...

    def notes(self, call_id: str) -> Sequence[Noted]:
        """What it has noted of the call."""
        ...


class Trial(msgspec.Struct, frozen=True):
    """What is tried: the Uniqueid that its channel gets, and how long it is followed."""

    channel_id: str
    seconds: float


async def call_test(
    settings: PbxSettings, seats: Iterable[Seat], server: Server, clock: Clock, trial: Trial
) -> list[Finding]:
    """Follows a test call until it is shown or its time is over, and hangs up. Rings real phones; raises nothing."""
    if not settings.test_extension or not settings.test_context:
        why = "Ringdesk does not guess what it may dial."
        fix = 'ringdesk.toml, [[pbx]]: test_extension = "4001", test_context = "from-trunk" (FreePBX: "from-internal")'
        return [Finding(Level.PROBLEM, "test_extension and test_context are not set", why, fix)]
    where = Address(settings.host, settings.port, settings.action_seconds)
    call = _TestCall(settings, seats, server, clock, trial.channel_id)
    try:
        connection = await connect(where, call.on_message, WANTED)
        listing = await connect(where, lambda _: None)
    except AmiError as error:
        return [Finding(Level.PROBLEM, f"PBX {settings.name}: {error}", "", "Run `ringdesk doctor` first.")]
    try:
        await connection.login(
            settings.username, settings.secret, "system,call,agent", settings.action_seconds
        )
        await listing.login(settings.username, settings.secret, "off", settings.action_seconds)
        return judge_call(await call.follow(connection, listing, trial.seconds))
    except AmiAuthError:
        return [
            Finding(
                Level.PROBLEM, f"Login of {settings.username} refused", "", "Run `ringdesk doctor` first."
            )
        ]
    except AmiError as error:
        return [Finding(Level.PROBLEM, f"The PBX stopped answering: {error}")]
    finally:
        connection.close()
        listing.close()


class _TestCall:
    def __init__(
        self, settings: PbxSettings, seats: Iterable[Seat], server: Server, clock: Clock, channel_id: str
    ) -> None:
        self._settings, self._server, self._clock, self._id = settings, server, clock, channel_id
        self._desks = Desks()
        self._desks.seat(seats)
        self._family = {channel_id}
        self._alive: set[str] = set()
        self._told = self._ended = False
        self._joined = ""
        self._called: dict[str, str] = {}
        self._refused = ""
        self._news = asyncio.Event()

    def on_message(self, message: Message) -> None:
        event = parse(message)
        if event is not None:
            self._hear(event)
            self._news.set()

    def _hear(self, event: e.AmiEvent) -> None:
        match event:
            case e.Newchannel(chan) if self._id in (chan.linkedid, chan.uniqueid):
                self._told = True
                self._family.add(chan.uniqueid)
                self._alive.add(chan.uniqueid)
            case e.Hangup(chan, _) if chan.uniqueid in self._family:
                self._alive.discard(chan.uniqueid)
                self._ended = self._told and not self._alive
            case e.QueueCallerJoin() if (
                event.chan.uniqueid in self._family or event.chan.linkedid == self._id
            ):
                self._joined = self._joined or event.queue
            case e.AgentCalled() if event.chan.linkedid == self._id or event.chan.uniqueid in self._family:
                member = e.Member(event.queue, event.interface)
                desk = self._desks.of_member(member)
                self._called[event.interface] = "" if desk is None else desk.seat.user
            case e.OriginateResponse() if event.uniqueid == self._id and not event.success:
                self._ended = True
            case _:
                pass

    async def follow(self, connection: AmiConnection, listing: AmiConnection, seconds: float) -> Heard:
        """Places the call, waits for it to come as far as it does, and ends it."""
        settings = self._settings
        order = control.test_call(settings.test_extension, settings.test_context, self._id, seconds + 10)
        try:
            await listing.send(order, settings.action_seconds)
        except AmiRefused as refused:
            self._refused = control.lacks(refused)
            return await self._heard(Picture(""), seconds)
        await self._until(lambda: bool(self._called) or self._ended, seconds)
        if any(self._called.values()):
            await self._noted(NOTED_SECONDS)
        picture = await self._picture(listing)
        heard = await self._heard(picture, seconds)
        await self._hang_up(listing, picture)
        return heard

    async def _until(self, met: Callable[[], bool], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not met():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass

    async def _noted(self, seconds: float) -> None:
        """Until every user whose phone rings has a note, for so long at most."""
        try:
            async with asyncio.timeout(seconds):
                while {u for u in self._called.values() if u} - {n.user for n in self._notes()}:  # noqa: ASYNC110
                    await asyncio.sleep(POLL)  # another process writes them
        except TimeoutError:
            pass

    def _notes(self) -> Sequence[Noted]:
        return self._server.notes(f"{self._settings.name}-{self._id}")

    async def _picture(self, listing: AmiConnection) -> Picture:
        lists: dict[str, list[Message]] = {}
        for name, action in (("channels", "CoreShowChannels"), ("queues", "QueueStatus")):
            try:
                lists[name] = await listing.collect((("Action", action),), self._settings.action_seconds)
            except AmiRefused:
                lists[name] = []
        return take_picture(Answers(channels=lists["channels"], queues=lists["queues"]), self._clock.now())

    async def _heard(self, picture: Picture, seconds: float) -> Heard:
        settings = self._settings
        own = {s.chan.uniqueid for s in picture.channels if s.chan.linkedid == self._id} | self._family
        listed = next((entry.queue for entry in picture.entries if entry.uniqueid in own), "")
        queue = self._joined or listed
        return Heard(
            settings.test_extension,
            settings.test_context,
            seconds,
            self._refused,
            any(s.chan.uniqueid == self._id for s in picture.channels),
            self._told,
            self._ended,
            self._joined,
            listed,
            tuple(member for member in picture.members if member.queue == queue),
            dict(self._called),
            await self._server.trouble(settings.name) if self._called else "",
            self._server.watched,
            tuple(self._notes()),
            self._server.url,
            f"{settings.name}-{self._id}",
        )

    async def _hang_up(self, listing: AmiConnection, picture: Picture) -> None:
        for seen in picture.channels:
            if seen.chan.uniqueid == self._id:
                with suppress(AmiRefused):  # it has gone by itself
                    await listing.send(control.hangup(seen.chan.name), self._settings.action_seconds)
