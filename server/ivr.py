"""Callers serving themselves: the flows in force, the FastAGI server, and what the telephone side tells a flow."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path

import structlog
from msgspec.structs import replace

from config.files import shipped_flows
from config.settings import IvrSettings, PbxSettings
from core.bus import Bus
from core.clock import iso, iso_or_none
from core.definition.source import Faulty
from core.tasks import Tasks
from cti.api import Menus
from cti.switchboard import Switchboard
from cti.views import IvrView
from ivr_flows.agi.server import FastAgiServer, Gate, Handler, Limits
from ivr_flows.definitions import Doubting, Known, flow_files, read_flows_doubting
from ivr_flows.flow.model import Flows
from ivr_flows.messages import Caller, NotFree, Target, Transfer, Visit
from ivr_flows.visits import Visits
from server.definitions import Definitions, lines_of, lines_told
from server.flow_tickets import openings
from server.ivr_telephone import is_free
from ticketing.messages import DefinitionsRefused

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 5.0
"""Between tries for a port that another program has."""
LOOK_SECONDS = 60.0
"""Between looks at the addresses of PBXs that are named by a name."""
RESOLVE_SECONDS = 5.0
"""How long a name server may take; the look is for all PBXs, and the start waits for the first one."""


class FlowsInForce:
    """The installation's flows. Broken files leave in force what there was, at the start nothing: callers then go on to
    their queue, which is better than a desk that does not start."""

    def __init__(
        self,
        folder: Path,
        bus: Bus,
        definitions: Definitions,
        barred: Callable[[str], str] | None = None,
        agents: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`barred` says why nobody may be transferred to a number, `agents` whose telephones can ring."""
        self.folder = folder
        self._barred, self._agents = barred, agents
        self._doubting: Doubting = lambda _: []
        self._doubted = Known()
        self._definitions = definitions
        self._bus = bus
        self._flows = Flows({})
        self._turn = asyncio.Lock()
        self.problems: tuple[str, ...] = ()
        """Why the files as they are now are not in force; empty where they are."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """What of those in force cannot be done, with the agents that there are now: callers go to their queue."""
        return lines_told(self._doubting(replace(self._doubted, agents=self._agents())))

    def __call__(self) -> Flows:
        """Those in force now."""
        return self._flows

    async def load(self) -> bool:
        """Read the files; False where they cannot be used, which supervisors are told. Off the loop: it takes as long
        as many calls' events."""
        async with self._turn:  # or an older look that ends later would win
            return await self._load()

    async def _load(self) -> bool:
        # Those that are shipped name workflows that an installation need not have; a ticket is refused then.
        own = self.folder != shipped_flows()
        workflows = openings(self._definitions.workflows)
        known = Known(self._definitions.calendars, workflows if own else None)
        doubted = Known(workflows=None if own else workflows, barred=self._barred)
        try:
            flows, doubting = await asyncio.to_thread(
                lambda: read_flows_doubting(flow_files(self.folder), known)
            )
        except Faulty as faulty:
            self.problems = lines_of(faulty)
            for problem in self.problems:
                log.error("flow.refused", problem=problem)
            self._bus.publish(DefinitionsRefused(self.problems))
            return False
        self.problems, self._doubting, self._doubted = (), doubting, doubted
        for doubt in lines_told(doubting(doubted)):  # not yet by agents: at a start they are read later
            log.warning("flow.cannot_be_done", problem=doubt)
        if flows != self._flows:
            self._flows = flows
            log.info("flows.in_force", flows=sorted(flows.by_name))
        return True


def phones_of(switchboard: Switchboard) -> Callable[[], Collection[str]]:
    """Tells the users whose telephones can ring, as they are when it is asked."""
    return lambda: {seat.user for seat in switchboard.seats.values() if seat.extension}


class PhoneLines:
    """What a flow's driver asks of the telephone side."""

    def __init__(
        self,
        pbxs: Sequence[PbxSettings],
        switchboard: Switchboard,
        outside: Callable[[str, str], Awaitable[str]],
    ) -> None:
        self._outside = outside
        self._pbxs = {pbx.name: pbx for pbx in pbxs}
        self._board = switchboard
        self.addresses: Mapping[str, frozenset[str]] = {}
        """By PBX, the addresses that its host has."""

    def call_of(self, pbx: str, uniqueid: str, tag: str) -> str:
        """The id of the channel's call: the board's, or what it will be once the board has heard of the channel."""
        line = self._board.lines.get(pbx)
        found = line.board.call_with(uniqueid) if line is not None else None
        return found or f"{pbx}-{tag or uniqueid}"

    def pbx_of(self, peer: str, named: str) -> str:
        """The PBX that the dialplan names, else the one at this address, else the first. What is at the address of a
        PBX names no other one: it would write into that one's calls."""
        there = [name for name, addresses in self.addresses.items() if peer in addresses]
        if named in (there or self._pbxs):
            return named
        return next(iter(there or self._pbxs), "")

    async def place(self, transfer: Transfer, caller: Caller) -> str:
        """What the dialplan goes to: the queue, or an extension of the PBX's dial context; a number outside as far as
        the dial policy lets the server call it. The board learns with which priority the caller will wait."""
        line = self._board.lines.get(caller.pbx)
        if line is not None:  # whatever the target: whom nobody else takes ends in a queue, too
            line.board.prefer(caller.uniqueid, transfer.priority)
        if transfer.kind is Target.QUEUE:
            return transfer.to
        if transfer.kind is Target.AGENT:
            return self._phone_of(transfer.to, caller.pbx)
        return await self._outside(transfer.to, caller.pbx)

    def _phone_of(self, user: str, pbx: str) -> str:
        """The extension of an agent of that PBX who is free. Others would be rung in vain, or in their pause."""
        seat = self._board.seats.get(user)
        if seat is None or seat.pbx != pbx:
            return ""
        if not is_free(self._board.agent(user), pbx):
            raise NotFree
        return seat.extension


class Ivr:
    """Listens for PBXs as long as the house runs."""

    def __init__(
        self,
        settings: IvrSettings,
        pbxs: Sequence[PbxSettings],
        lines: PhoneLines,
        handler: Handler,
        tasks: Tasks,
    ) -> None:
        self._settings = settings
        self._hosts = {pbx.name: pbx.host for pbx in pbxs}
        self._lines = lines
        self._tasks = tasks
        self.server = FastAgiServer(
            Gate((), settings.token), handler, tasks, Limits(sessions=settings.sessions)
        )
        self.port = 0
        """Where it listens; 0 while it does not."""
        self.unserved: Callable[[bool], object] = bool
        """Hears whether callers are left to their dialplan because another program has the port."""

    async def start(self) -> None:
        """Listen; where the port is taken, as soon as it is free."""
        await self._look()
        if not await self._listen():
            self.unserved(True)
            self._tasks.spawn(self._listen_later(), "agi port")
        self._tasks.spawn(self._keep_looking(), "addresses of PBXs")

    async def stop(self) -> None:
        """Let the callers in flows go on to what their dialplan has next."""
        await self.server.stop()

    async def _listen(self) -> bool:
        settings = self._settings
        try:
            self.port = await self.server.start(settings.host, settings.port)
        except OSError as error:
            log.error("agi.no_port", host=settings.host, port=settings.port, error=str(error))
            return False
        log.info("agi.listening", host=settings.host, port=self.port)
        return True

    async def _listen_later(self) -> None:
        while not self.port:
            await asyncio.sleep(AGAIN_SECONDS)
            await self._listen()
        self.unserved(False)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        """Let in the PBXs where they are now, and who else is allowed. Of which nobody can say it at the moment is
        where it was: a name server that hiccups must not send every caller past their flow."""
        before = self._lines.addresses
        answers = await asyncio.gather(*map(_addresses, self._hosts.values()))
        found = {
            name: now or before.get(name, frozenset()) for name, now in zip(self._hosts, answers, strict=True)
        }
        if found != before or not self.server.gate.open:
            self._lines.addresses = found
            allowed = [*self._settings.allow, *(one for some in found.values() for one in some)]
            self.server.gate = Gate(allowed, self._settings.token)


async def _addresses(host: str) -> frozenset[str]:
    """Every address of a host; none where the name is unknown, or nobody answers in time."""
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError) as error:
        log.warning("agi.unknown_host", host=host, error=str(error) or "no answer in time")
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)


def ivr_view(visit: Visit) -> IvrView:
    """A visit as the API shows it on its call."""
    return IvrView(
        id=visit.id,
        flow=visit.flow,
        language=visit.language.value,
        started_at=iso(visit.started_at),
        ended_at=iso_or_none(visit.ended_at),
        ended=visit.ended.value if visit.ended else None,
        detail=visit.detail,
        path=visit.path,
        answers=visit.answers,
        auth=visit.auth,
        account=visit.account,
        recordings=visit.recordings,
    )


def menus_of(visits: Visits) -> Menus:
    """What the API of calls asks of the phone menu."""

    async def menus(call_ids: list[str]) -> dict[str, tuple[IvrView, ...]]:
        found = await visits.of_calls(call_ids)
        return {call_id: tuple(ivr_view(visit) for visit in some) for call_id, some in found.items()}

    return menus
