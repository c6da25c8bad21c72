"""The rooms of one server and what they ask of each other; `server.wiring` gives them windows, and starts them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from config.files import calendars_dir, flows_dir, workflows_dir
from config.settings import Settings
from core.bus import Bus
from core.clock import Clock, SystemClock
from core.database import Database
from core.identity.service import Identity
from core.outbox import Relay
from core.tasks import Tasks
from cti.commands import PhoneCommands
from cti.joins import Joins
from cti.journal.journal import Journal
from cti.recorder import Recorder
from cti.store import CallStore
from cti.switchboard import Switchboard
from customers.accounts.service import Accounts
from customers.pins.service import Pins
from customers.service import Customers
from ivr_flows.driver import Around as FlowsAround
from ivr_flows.driver import Driver
from ivr_flows.messages import Voice
from ivr_flows.proofs import Proofs
from ivr_flows.speech.unplayed import UnplayedSounds
from ivr_flows.speech.voice import SpokenVoice
from ivr_flows.surveys.store import Surveys
from ivr_flows.visit_store import VisitStore, last_ended
from ivr_flows.visits import Visits
from server.barred import numbers_barred
from server.call_ids import CallIds
from server.callbacks import callbacks_of, gate_of
from server.definitions import Definitions
from server.ivr import FlowsInForce, Ivr, PhoneLines, phones_of
from server.ivr_callbacks import CustomerRanks
from server.ivr_lines import Lines
from server.ivr_parts import caller_services
from server.ivr_services import ANSWER_SECONDS
from server.not_taken import NotTaken
from server.people import People
from server.recordings import CallerWords, recordings_of
from server.retention import retention_of
from server.sources import (
    CallTimeline,
    Existing,
    NumberKeys,
    SurveyTimeline,
    TicketTimeline,
    VisitTimeline,
)
from server.surveys import TicketSurveys
from server.unseen import Gaps, Unserved
from ticketing.notices import NOTICE_TOPIC, notice_handler
from ticketing.outages.service import Outages
from ticketing.service import Tickets
from ticketing.timer import Timer
from ticketing.webhooks import Courier, Ledger, Webhook

ASK_SECONDS = ANSWER_SECONDS + 2
"""The services have their own deadline; this one is for what hangs all the same."""


class Rooms:
    """Everything that works without a browser. Nothing runs yet."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        journal: Journal | None = None,
        speaker: Voice | None = None,
    ) -> None:
        """`speaker` says flows' prompts instead of the sounds that speech makes."""
        self.settings = settings
        self._speaker = speaker
        self.journal = journal
        self.clock = clock or SystemClock()
        self.bus = Bus()
        self.tasks = Tasks()
        self.db = Database(settings.database.url)
        self.identity = Identity(self.db, settings.security, bus=self.bus)
        self.people = People()
        self._lay_rooms()
        self._lay_flows()

    def _lay_rooms(self) -> None:
        """The four rooms in the middle, and what they ask of each other."""
        regions = {pbx.name: pbx.region for pbx in self.settings.pbx}
        first_region = self.settings.pbx[0].region if self.settings.pbx else "CN"
        self.calls = CallStore(self.db, NumberKeys(regions).key, last_ended)
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
        self.call_ids = CallIds(self.calls, self.joins)
        self.tickets.ids_of_call = self.call_ids.of
        folder, calendars = workflows_dir(self.settings.paths), calendars_dir(self.settings.paths)
        self.outages = Outages(self.db, self.tickets)
        self.surveys = Surveys(self.db, self.call_ids.parts_of)
        self.definitions = Definitions(self.tickets, folder, self.bus, self.clock, calendars)
        self.timer = Timer(self.db, self.bus, self.tickets, self.clock)
        self.customers.add_source(TicketTimeline(self.tickets, self.clock))
        self.customers.add_source(SurveyTimeline(self.surveys))
        notices = notice_handler(self.bus, self.tickets.directory, self.clock)
        self.relay = Relay(self.db, {NOTICE_TOPIC: notices}, self.clock)
        hooks = tuple(Webhook(one.key, one.url, one.secret, one.events) for one in self.settings.webhook)
        self.tickets.listeners.append(Ledger(hooks))
        self.couriers = tuple(Courier(self.db, hook, self.clock) for hook in hooks)
        self.regions = regions
        self.proofs, self.pins = Proofs(), Pins(self.db, self.settings.ivr.pin, bus=self.bus)
        self.lines = Lines(self.customers, self.accounts, self.proofs, NumberKeys(regions).key, regions)
        self.gate = gate_of(self, self.settings)
        self.ranks = CustomerRanks(self.customers, self.settings.callback.priorities, regions)
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

    def _lay_flows(self) -> None:
        """Callers serving themselves."""
        settings = self.settings
        barred = numbers_barred(settings)
        folder = flows_dir(settings.paths)
        phones = phones_of(self.switchboard)
        self.flows = FlowsInForce(folder, self.bus, self.definitions, barred, phones)
        pbxs = [pbx.name for pbx in settings.pbx]
        self.visits = Visits(self.bus, VisitStore(self.db), self.clock, self.joins.now, pbxs)
        self.recordings, self.attacher, self.mover, self.keeper = recordings_of(self)
        self.retention = retention_of(self)
        self.not_taken = NotTaken(self.visits)
        self.joins.told += [self.visits.joined, self.mover.joined]
        self.customers.add_source(CallTimeline(self.calls, self.people.name, self.visits.store.of_calls))
        self.customers.add_source(VisitTimeline(self.visits.store, self.calls))
        phone_lines = PhoneLines(settings.pbx, self.switchboard, self.gate.through)
        driver = Driver(
            FlowsAround(
                flows=self.flows,
                services=self.services,
                voice=self._speaker or self.voice,
                recordings=CallerWords(self.recordings) if self.recordings.on else None,
                visits=self.visits,
                lines=phone_lines,
                clock=self.clock,
                ask_seconds=ASK_SECONDS,
            )
        )
        self.ivr = Ivr(settings.ivr, settings.pbx, phone_lines, driver.serve, self.tasks)
        unserved = Unserved(self.switchboard.gaps.add, self.clock)
        self.ivr.unserved = unserved.told
        self.gaps = Gaps(self.switchboard, unserved.current)

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
