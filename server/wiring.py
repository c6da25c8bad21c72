"""The composition root: makes every part once, hands each what it stands on, starts and stops them in order."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from config.settings import Settings
from core.clock import Clock
from core.identity.messages import SessionEnded, UserChanged
from core.ids import new_id
from cti.journal.journal import Journal
from cti.messages import Call, Seat
from ivr_flows.messages import VisitChanged, Voice
from ivr_flows.visits import READ_BACK
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
from server.callbacks import asked_for, follow, pop_callback, told_before
from server.rooms import Rooms
from server.sources import (
    OpenTickets,
)
from ticketing.messages import TicketChanged, TicketOpened

log = structlog.get_logger(__name__)
HOUSEKEEPING_SECONDS = 5.0
DRAIN_SECONDS = 2.0


class House(Rooms):
    """All rooms of one server, with windows."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        journal: Journal | None = None,
        speaker: Voice | None = None,
    ) -> None:
        super().__init__(settings, clock, journal, speaker)
        self._open_windows()
        self._subscribe()

    def _open_windows(self) -> None:
        """What browsers see."""
        desk = self.settings.desk
        self.hub = Hub(Log(new_id(self.clock.now())))
        self.live = LivePicture(self.hub, self.clock)
        self.labels = TicketLabels(self.tickets, self.people.name)
        self.renderer = Renderer(desk, self.labels, menus=IvrWords(self.flows))
        records = CallerRecords(
            self.customers, OpenTickets(self.tickets, self.joins.ids), self.regions, self.db.together
        )
        self.contexts = Contexts(self.hub, WorkStore(self.db), self._find_call, self.people.name, self.clock)
        self.contexts.recent_ids, self.contexts.all_ids = self.joins.ids, self.call_ids.of
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
                ivr_of=lambda call_id, at: told_before(self.visits, self.dialer, self.joins.ids(call_id), at),
                callback_of=lambda call_id: pop_callback(asked_for(self.dialer, self.joins.ids(call_id))),
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
        follow(self.dialer, self.bus, self.lines.key)
        self.bus.subscribe(VisitChanged, self.proofs.follow)
        self.attacher.subscribe(self.bus)
        self.not_taken.subscribe(self.bus)
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
        self.retention.start(self.tasks)
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
        await self.write_down()
        await self.tasks.close()
        await self.db.close()
        if self.journal is not None:
            self.journal.close()

    async def write_down(self) -> None:
        """Wait until all that waits to be written is, as long as an end may take."""
        await self.recorder.flush()
        await self.visits.saver.flush()
        # Nobody tells a second time which words a ticket names, or that a call is part of another.
        workers = (self.attacher.worker, self.mover.worker, self.ticket_surveys.worker, self.unplayed.worker)
        await asyncio.gather(*(worker.drain(DRAIN_SECONDS) for worker in workers))

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
