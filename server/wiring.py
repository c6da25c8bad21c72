"""The composition root: makes every part once, hands each what it stands on, starts and stops them in order."""

from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from config.files import calendars_dir, flows_dir, workflows_dir
from config.settings import Settings
from core.bus import Bus
from core.clock import Clock, SystemClock
from core.database import Database
from core.identity.messages import SessionEnded, UserChanged
from core.identity.service import Identity
from core.ids import new_id
from core.outbox import Relay
from core.tasks import Tasks
from cti.commands import PhoneCommands
from cti.joins import Joins
from cti.journal.journal import Journal
from cti.messages import Call, Seat
from cti.recorder import Recorder
from cti.store import CallStore
from cti.switchboard import Switchboard
from customers.accounts.service import Accounts
from customers.pins.service import Pins
from customers.service import Customers
from ivr_flows.driver import Around as FlowsAround
from ivr_flows.driver import Driver
from ivr_flows.messages import VisitChanged
from ivr_flows.proofs import Proofs
from ivr_flows.speech.unplayed import UnplayedSounds
from ivr_flows.speech.voice import SpokenVoice
from ivr_flows.surveys.store import Surveys
from ivr_flows.visit_store import VisitStore
from ivr_flows.visits import READ_BACK, Visits
from screenpop.around import Around
from screenpop.commands import commands
from screenpop.contexts import Contexts
from screenpop.hub import Hub
from screenpop.ivr import IvrWords
from screenpop.labels import TicketLabels
from screenpop.live import LivePicture
from screenpop.notices import Notices
from screenpop.pages import Pages
from screenpop.popper import Popper
from screenpop.records import CallerRecords
from screenpop.render import Renderer
from screenpop.session import Log, Viewer
from screenpop.socket import LiveSocket, viewer_of
from screenpop.ticket_notices import TicketNotices
from screenpop.tickets_live import TicketsLive
from screenpop.witness import Witness
from screenpop.work_store import WorkStore
from server.callbacks import callbacks_of, follow, gate_of, pop_callback, told_before
from server.definitions import Definitions
from server.ivr import FlowsInForce, Ivr, PhoneLines
from server.ivr_lines import Lines
from server.ivr_parts import caller_services
from server.ivr_services import ANSWER_SECONDS
from server.people import People
from server.recordings import CallerWords, recordings_of
from server.sources import (
    CallTimeline,
    Existing,
    NumberKeys,
    OpenTickets,
    SurveyTimeline,
    TicketTimeline,
    VisitTimeline,
)
from server.surveys import TicketSurveys
from ticketing.messages import TicketChanged, TicketOpened
from ticketing.notices import NOTICE_TOPIC, notice_handler
from ticketing.outages.service import Outages
from ticketing.service import Tickets
from ticketing.timer import Timer
from ticketing.webhooks import Courier, Ledger, Webhook

log = structlog.get_logger(__name__)
HOUSEKEEPING_SECONDS = 5.0
ASK_SECONDS = ANSWER_SECONDS + 2
"""The services have their own deadline; this one is for what hangs all the same."""


class House:
    """All rooms of one server."""

    def __init__(
        self, settings: Settings, clock: Clock | None = None, journal: Journal | None = None
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.clock = clock or SystemClock()
        self.bus = Bus()
        self.tasks = Tasks()
        self.db = Database(settings.database.url)
        self.identity = Identity(self.db, settings.security, bus=self.bus)
        self.people = People()
        self._lay_rooms()
        self._open_windows()
        self._subscribe()

    def _lay_rooms(self) -> None:
        """The four rooms in the middle, and what they ask of each other."""
        regions = {pbx.name: pbx.region for pbx in self.settings.pbx}
        first_region = self.settings.pbx[0].region if self.settings.pbx else "CN"
        self.calls = CallStore(self.db, NumberKeys(regions).key)
        self.recorder = Recorder(self.calls)
        self.joins = Joins()
        self.switchboard = Switchboard(self.settings.pbx, self.bus, self.calls, self.clock)
        if self.journal is not None:
            self.switchboard.keep_journal(self.journal)
        self.phones = PhoneCommands(self.switchboard, policy=self.settings.dial)
        self.customers = Customers(self.db, self.bus, first_region)
        self.accounts = Accounts(self.db)
        existing = Existing(self.customers, self.calls, self.switchboard.has_call)
        self.tickets = Tickets(self.db, self.bus, existing, ZoneInfo(self.settings.desk.time_zone))
        folder, calendars = workflows_dir(self.settings.paths), calendars_dir(self.settings.paths)
        self.outages = Outages(self.db, self.tickets)
        self.surveys = Surveys(self.db)
        self.definitions = Definitions(self.tickets, folder, self.bus, self.clock, calendars)
        self.timer = Timer(self.db, self.bus, self.tickets, self.clock)
        self.customers.add_source(CallTimeline(self.calls, self.people.name))
        self.customers.add_source(TicketTimeline(self.tickets, self.clock))
        self.customers.add_source(SurveyTimeline(self.surveys))
        notices = notice_handler(self.bus, self.tickets.directory, self.clock)
        self.relay = Relay(self.db, {NOTICE_TOPIC: notices}, self.clock)
        hooks = tuple(Webhook(one.key, one.url, one.secret, one.events) for one in self.settings.webhook)
        self.tickets.listeners.append(Ledger(hooks))
        self.couriers = tuple(Courier(self.db, hook, self.clock) for hook in hooks)
        self.regions = regions
        self.proofs, self.pins = Proofs(), Pins(self.db, self.settings.ivr.pin)
        self.lines = Lines(self.customers, self.accounts, self.proofs, NumberKeys(regions).key, regions)
        self.gate = gate_of(self, self.settings)
        self.callbacks, self.dialer = callbacks_of(self, self.settings)
        self.ticket_surveys = TicketSurveys(
            self.settings.survey,
            self.settings.pbx,
            self.tickets,
            self.customers,
            self.callbacks,
            NumberKeys(regions).key,
            self.clock,
        )
        self.services = caller_services(self, existing)
        zone = ZoneInfo(self.settings.desk.time_zone)
        self.unplayed = UnplayedSounds(self.db, self.clock)
        speech = self.settings.ivr.speech
        self.voice = SpokenVoice(speech, zone, self.clock, self.tasks, self.unplayed.refused)
        self._lay_flows()

    def _lay_flows(self) -> None:
        """Callers serving themselves."""
        settings = self.settings
        self.flows = FlowsInForce(flows_dir(settings.paths), self.bus, self.definitions)
        self.visits = Visits(self.bus, VisitStore(self.db), self.clock, self.joins.now)
        self.recordings, self.attacher, self.mover, self.keeper = recordings_of(self)
        self.joins.told += [self.visits.joined, self.mover.joined]
        self.customers.add_source(VisitTimeline(self.visits.store))
        phone_lines = PhoneLines(settings.pbx, self.switchboard, self.gate.through)
        driver = Driver(
            FlowsAround(
                flows=self.flows,
                services=self.services,
                voice=self.voice,
                recordings=CallerWords(self.recordings) if self.recordings.on else None,
                visits=self.visits,
                lines=phone_lines,
                clock=self.clock,
                ask_seconds=ASK_SECONDS,
            )
        )
        self.ivr = Ivr(settings.ivr, settings.pbx, phone_lines, driver.serve, self.tasks)

    def _open_windows(self) -> None:
        """What browsers see."""
        desk = self.settings.desk
        self.hub = Hub(Log(new_id(self.clock.now())))
        self.live = LivePicture(self.hub, self.clock)
        self.labels = TicketLabels(self.tickets, self.people.name)
        self.renderer = Renderer(desk, self.labels, menus=IvrWords(self.flows))
        records = CallerRecords(self.customers, OpenTickets(self.tickets), self.regions, self.db.together)
        self.contexts = Contexts(self.hub, WorkStore(self.db), self._find_call, self.people.name, self.clock)
        self.popper = Popper(
            Around(
                hub=self.hub,
                records=records,
                works=self.contexts,
                person=self.people.name,
                render=self.renderer.render_pop,
                state_label=self.labels.of,
                clock=self.clock,
                tasks=self.tasks,
                deadline=desk.pop_deadline_seconds,
                default_language=desk.language,
                ivr_of=lambda call_id, at: told_before(self.visits, self.dialer, call_id, at),
                callback_of=lambda call_id: pop_callback(self.dialer.current.get(call_id)),
            )
        )
        self.contexts.changed, self.contexts.chosen = self.popper.work_changed, self.popper.customer_chosen
        self.pages = Pages(
            self.renderer,
            self.identity,
            self.customers,
            self.tickets,
            self.calls,
            self.popper,
            self.accounts,
            self.callbacks,
            self.outages,
            self.surveys,
            self.contexts,
            self.pins,
        )
        self.tickets_live = TicketsLive(self.hub, self.popper, self.tickets, self.labels, self.clock)
        self.notices = Notices(self.hub, self.renderer, self.clock)
        self.ticket_notices = TicketNotices(self.hub, self.renderer, self.labels, self.clock)
        table = commands(self.phones, self.popper, self.contexts, self.clock)
        self.socket = LiveSocket(self.hub, self._snapshot, self.tickets_live.open_of, table, self.clock)

    def _subscribe(self) -> None:
        """Who hears of what, in this order: the record first, then the browsers."""
        self.joins.subscribe(self.bus)
        self.recorder.subscribe(self.bus)
        self.live.subscribe(self.bus)
        self.popper.subscribe(self.bus)
        if self.journal is not None:
            Witness(self.hub, self.journal, self.clock).subscribe(self.bus)
        self.contexts.subscribe(self.bus, self.tasks)
        self.tickets_live.subscribe(self.bus)
        self.notices.subscribe(self.bus)
        self.ticket_notices.subscribe(self.bus)
        follow(self.dialer, self.bus)
        self.bus.subscribe(VisitChanged, self.proofs.follow)
        self.attacher.subscribe(self.bus)
        self.bus.subscribe(VisitChanged, lambda event: self.popper.work_changed(event.visit.call_id))
        self.bus.subscribe(TicketOpened, self._nudge)
        self.bus.subscribe(TicketChanged, self._nudge)
        self.timer.told = self.relay.nudge
        self.bus.subscribe(UserChanged, lambda event: self.people.learn([event.user]))
        self.bus.subscribe(SessionEnded, lambda event: self.hub.end_sessions(event.user, event.session_id))

    def _nudge(self, _: object) -> None:
        """Something was committed that others may have to be told of."""
        self.relay.nudge()
        for courier in self.couriers:
            courier.nudge()

    async def load_definitions(self) -> None:
        """Put the installation's workflows and flows in force. Raises `Faulty` for a broken workflow where there is
        none from before."""
        await self.definitions.load()
        await self.flows.load()

    async def reload(self) -> bool:
        """Read definitions and recorded prompts again (SIGHUP); False where some definitions cannot be used: those in
        force go on."""
        await self.voice.follow(at_once=True)
        workflows = await self.definitions.reload()
        return await self.flows.load() and workflows

    async def start(self) -> None:
        """Load definitions and people, then connect to the PBXs. Raises `Faulty` as `load_definitions` does."""
        await self.load_definitions()
        if self.journal is not None:
            self._start(self.journal)
        await self.refresh_seats()
        await self.contexts.start()
        self.renderer.warm()
        self.recorder.start(self.tasks)
        self.tasks.spawn(self.relay.run(), "outbox")
        for courier in self.couriers:
            self.tasks.spawn(courier.run(), f"webhook {courier.hook.name}")
        self.tasks.spawn(self.timer.run(), "timer")
        self.attacher.worker.start(self.tasks)
        self.unplayed.worker.start(self.tasks)
        self.mover.worker.start(self.tasks)
        self.tasks.spawn(self.dialer.run(), "call-backs")
        self.tasks.spawn(self.voice.run(), "recorded prompts")
        self.ticket_surveys.start(self.bus, self.tasks)
        self.tasks.spawn(self._housekeeping(), "housekeeping")
        await self.visits.start(self.tasks)
        self.joins.read_back(await self.calls.joined_since(self.clock.now() - READ_BACK))
        self.keeper.start(self.tasks)
        await self.switchboard.start(self.tasks)
        await self.ivr.start()

    def _start(self, journal: Journal) -> None:
        loop = asyncio.get_running_loop()

        def begun() -> None:
            if not self.tasks.closed:
                self.tasks.spawn(self.switchboard.picture_for_journal(), "picture for the journal")

        journal.on_new_file = lambda: loop.call_soon_threadsafe(begun)
        journal.start()

    async def stop(self) -> None:
        """Cut the links, write what is still to be written, close the database."""
        await self.ivr.stop()
        await self.switchboard.stop()
        self.live.close()
        await self.recorder.flush()
        await self.visits.saver.flush()
        await self.tasks.close()
        await self.db.close()
        if self.journal is not None:
            self.journal.close()

    async def refresh_seats(self) -> None:
        """Take over the users' names and phones, which another process (`ringdesk user add`) may have changed."""
        self.people.learn(await self.identity.users())
        found = await self.identity.seats()
        self.switchboard.set_seats(
            tuple(Seat(seat.user, seat.name, seat.pbx, seat.interface, seat.extension) for seat in found),
            self.clock.now(),
        )

    async def check_windows(self) -> None:
        """Close the live sockets of sessions that have run out, and of users who are shut out or have another role."""
        self.hub.check_users({user.name: viewer_of(user) for user in await self.identity.users()})
        open_ = (
            self.hub.sessions()
        )  # before the question: a session that begins meanwhile is not in the answer
        if open_:
            self.hub.end_lost(open_ - await self.identity.living_sessions(self.clock.now()))

    def _snapshot(self, viewer: Viewer, language: str) -> dict[str, Any]:
        pops = self.popper.pops_of(viewer.user, language)
        return {**self.live.snapshot(viewer), "pops": pops, "contexts": self.contexts.snapshot(viewer.user)}

    async def _find_call(self, call_id: str) -> Call | None:
        """The call, live or ended."""
        shown = self.switchboard.call(call_id) or self.popper.call(call_id)
        return shown or await self.calls.get(call_id)

    async def _housekeeping(self) -> None:
        """What nobody tells us of is looked at from time to time; a round that fails is tried again."""
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            try:
                await self.refresh_seats()
                await self.definitions.follow()
                self.popper.expire(self.clock.now())
                await self.contexts.keep_house(self.switchboard.has_call)
                await self.check_windows()
            except Exception:
                log.exception("housekeeping.failed")
