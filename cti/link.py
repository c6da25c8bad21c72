"""The link to one PBX: connects, asks for its state, passes on what happens, sends actions, and comes back.

Two connections: events on one and actions on the other, for Asterisk serves each session with one thread, which an
action may hold up. On every connect, and on every FullyBooted, the state is asked for anew while events wait in a
bounded buffer; then the picture goes to the sink, and the events on top of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import structlog

from config.settings import PbxSettings
from core.clock import Clock
from cti import control
from cti.actions import ActionLine, Originated
from cti.backoff import DEFAULT, Pace, delay, refused_delay
from cti.connection import Address, AmiConnection, connect
from cti.events import FullyBooted
from cti.frames import Fields
from cti.link_inflow import Counters, Inflow, LinkSink
from cti.link_journal import LinkJournal, noted
from cti.link_watch import Watch
from cti.messages import LinkState
from cti.parse import WANTED, parse
from cti.picture import Answers, startup, take_picture
from cti.resync import Questions
from cti.vocabulary import AmiAuthError, AmiError, AmiRefused, Message

# `reporting` would bring an RTCP report for every few seconds of every call, `dialplan` every step of the dialplan.
EVENT_CLASSES = "system,call,agent"
PICTURES = 3  # so often the state is asked for anew when the buffer runs over

FORGED = (
    "a caller sent line ends in its number, which Asterisk passes on as events of its own; they were not believed: "
    "have the trunk refuse such numbers"
)

log = structlog.get_logger(__name__)


class PbxLink:
    """One PBX. `run` is the task that owns its connections; it ends only when it is cancelled."""

    def __init__(
        self, settings: PbxSettings, sink: LinkSink, clock: Clock, rng: random.Random, pace: Pace = DEFAULT
    ) -> None:
        self.name = settings.name
        self.state = LinkState.DOWN
        self.detail = ""
        self.version = ""
        self.heard_at = 0.0
        """When the PBX was heard last before the link was lost, in epoch seconds; 0 before any link."""
        self.counters = Counters()
        self.skipped: dict[bytes, int] = {}
        """Events that no type is for, by name, since the last connect."""
        self._settings, self._clock, self._rng, self._pace = settings, clock, rng, pace
        self._inflow = Inflow(settings.name, sink, self.counters, pace.buffer)
        self._address = Address(settings.host, settings.port, settings.action_seconds)
        self._notes: dict[str, str] = {}
        self._line = ActionLine(
            self._open_actions, self._greet_actions, self._note_actions, settings.action_seconds, pace
        )
        self._booted = asyncio.Event()
        self._resync = asyncio.Event()
        self._startup = ""

    # what others call

    def keep_journal(self, journal: LinkJournal) -> None:
        """Note in it what is heard and asked from now on."""
        self._inflow.journal = journal

    async def run(self) -> None:
        """Keeps the link up, for ever."""
        attempt = 0
        try:
            while True:
                began = self._clock.monotonic()
                detail, refused = await self._try()
                if self._clock.monotonic() - began >= self._pace.steady_after:
                    attempt = 0
                self._say(LinkState.DOWN, detail)
                wait = refused_delay if refused else delay
                await asyncio.sleep(wait(attempt, self._pace, self._rng))
                attempt += 1
        finally:
            self._say(LinkState.DOWN, "stopped")

    async def action(self, fields: Fields, timeout: float | None = None) -> Message:
        """As `ActionLine.send`; by default the timeout is the settings' `action_seconds`."""
        with noted(self._inflow.journal, self.name, fields, self._clock) as note:
            answer = await self._line.send(fields, timeout)
            note(answer.text or answer.response)
        return answer

    async def collect(self, fields: Fields, timeout: float | None = None) -> list[Message]:
        """As `ActionLine.collect`."""
        return await self._line.collect(fields, timeout)

    async def look(self, *, whole: bool = True) -> Answers:
        """The state as the PBX lists it now, with no effect on the board; not `whole`: channels and queues only.

        AmiError where it cannot be had.
        """
        questions = Questions(self._line.connection, self._settings.action_seconds)
        return await (questions.answers() if whole else questions.channels_and_queues())

    async def originate(self, order: control.Order) -> Originated:
        """As `ActionLine.originate`."""
        with noted(self._inflow.journal, self.name, control.originate(order), self._clock) as note:
            done = await self._line.originate(order)
            note(f"{done.state.value} {done.detail}".strip())
        return done

    # one session, from connecting to its loss

    async def _try(self) -> tuple[str, bool]:
        """One session; why it ended, and whether a refusal ended it."""
        try:
            await self._session()
        except AmiAuthError:
            return "login refused: check username and secret", True
        except AmiRefused as refused:
            return control.lacks(refused), refused.permission_denied
        except (AmiError, OSError) as error:
            return str(error), False
        except Exception as error:  # a fault of ours must not take the link away for good
            log.exception("link failed", pbx=self.name)
            return f"internal error: {error!r}", False
        return "ended", False

    async def _session(self) -> None:
        self._begin()
        events = await self._open(EVENT_CLASSES, self._on_message)
        self.skipped = events.framer.skipped
        events.on_cleared = self._on_forged
        keeper = asyncio.create_task(self._line.keep(self._rng), name=f"actions of {self.name}")
        try:
            await self._serve(Watch(events, keeper))
        finally:
            silence = asyncio.get_running_loop().time() - events.heard_at
            self.heard_at = self._clock.now() - silence
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            events.close()

    def _begin(self) -> None:
        self.counters.connects += 1
        self._notes.clear()
        self._booted.clear()
        self._resync.clear()
        self._inflow.begin()
        self._say(LinkState.CONNECTING)

    async def _open(self, events: str, on_message: Callable[[Message], None]) -> AmiConnection:
        settings = self._settings
        wanted = WANTED if events != "off" else None
        connection = await connect(self._address, on_message, wanted)
        try:
            await connection.login(settings.username, settings.secret, events, self._address.seconds)
        except BaseException:
            connection.close()
            raise
        connection.keep_alive(settings.ping_seconds)
        return connection

    async def _serve(self, watch: Watch) -> None:
        self._say(LinkState.SYNCING)
        await watch.until(self._wait_booted())
        while True:
            self._resync.clear()
            self._say(LinkState.SYNCING)
            await watch.until(self._line.ready.wait())
            await watch.until(self._synchronise())
            self._say(LinkState.UP)
            await watch.until(self._resync.wait())

    async def _wait_booted(self) -> None:
        try:
            async with asyncio.timeout(self._pace.boot):
                await self._booted.wait()
        except TimeoutError:
            self._notes["boot"] = (
                f"no FullyBooted within {self._pace.boot:g} s: does the manager user have read=system?"
            )

    async def _synchronise(self) -> None:
        """Asks for the picture and gives it to the sink, then the events that came meanwhile."""
        for _ in range(PICTURES):
            self._inflow.overflowed = False  # what ran over before the first question is in the picture
            questions = Questions(self._line.connection, self._pace.picture)
            taken_at = self._clock.now()
            answers = await questions.answers()
            if not self._inflow.overflowed:
                break
        else:
            raise AmiError(f"more than {self._pace.buffer} events came while the state was asked for")
        picture, at = take_picture(answers, taken_at), self._clock.now()
        self.counters.resyncs += 1
        self.version, self._startup = picture.version, picture.startup
        self._notes["lists"] = "; ".join(questions.notes)
        self._inflow.picture(picture, answers, taken_at, at)

    async def _open_actions(self) -> AmiConnection:
        return await self._open("off", _ignore)

    async def _greet_actions(self, connection: AmiConnection) -> None:
        """A PBX that has restarted meanwhile is another one, though its event connection may look alive."""
        if self.state is not LinkState.UP:
            return
        status = await connection.send((("Action", "CoreStatus"),), self._settings.action_seconds)
        if startup(status) != self._startup:
            self._begin_resync()

    def _note_actions(self, note: str) -> None:
        self._notes["actions"] = note
        self._say(self.state)

    # what comes in

    def _on_message(self, message: Message) -> None:
        event = parse(message)
        if event is None:
            self.counters.malformed += 1
            return
        self.counters.events += 1
        if type(event) is FullyBooted:
            self._on_booted()
        self._inflow.event(message, event, self._clock.now())

    def _on_booted(self) -> None:
        if self._booted.is_set():
            self._begin_resync()
        self._booted.set()

    def _on_forged(self) -> None:
        """A caller has written into events; what was passed over meanwhile is in a new picture."""
        self.counters.forged += 1
        self._notes["forged"] = FORGED
        log.warning("events forged by a caller", pbx=self.name, times=self.counters.forged)
        self._begin_resync()

    def _begin_resync(self) -> None:
        self._inflow.hold()
        self._resync.set()

    def _say(self, state: LinkState, detail: str = "") -> None:
        detail = detail or "; ".join(note for note in self._notes.values() if note)
        if (state, detail) == (self.state, self.detail):
            return
        self.state, self.detail = state, detail
        log.info("link", pbx=self.name, state=state.value, detail=detail)
        self._inflow.link(state, detail, self.version, self._clock.now())


def _ignore(_: Message) -> None:
    """Events that reach the action connection (there are none, its mask is off)."""
