"""`ringdesk doctor`: what each PBX lacks, and what to change; with --call how far a test call comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from config.settings import PbxSettings, Settings
from core.clock import SystemClock
from core.identity.service import Identity
from core.ids import new_id
from cti.dialplan_findings import FlowPort
from cti.doctor import Asked, Examined, examine
from cti.findings import Finding, Level
from cti.journal.files import Tail
from cti.journal.records import Noted
from cti.messages import LinkState, Seat
from cti.selftest import Trial, call_test
from ivr_flows.speech.unplayed import unplayed
from server.commands.common import Config, database, fail, run, say, settings_of
from server.commands.flow_queues import agent_name_findings, queue_name_findings
from server.commands.hearing import hearing_findings
from server.commands.reach import reach_findings
from server.commands.reading import person

SIGNS = {Level.OK: "ok  ", Level.NOTE: "note", Level.WARNING: "warn", Level.PROBLEM: "BAD "}
SECONDS = 5.0


def doctor(
    call: Annotated[
        bool, typer.Option("--call", help="Place a test call into a queue and follow it: it rings phones.")
    ] = False,
    wait: Annotated[float, typer.Option(min=1, max=120, help="Follow it for so many seconds.")] = 15.0,
    pbx: Annotated[str, typer.Option(help="That PBX only.")] = "",
    config: Config = None,
) -> None:
    """Check each PBX: reachability, login, permissions, dialplan, clocks; exit 1 where calls would not pop."""
    settings = settings_of(config)
    if not settings.pbx:
        fail("the settings name no PBX: add a [[pbx]] section")
    if pbx and pbx not in {one.name for one in settings.pbx}:
        fail(f"the settings name no PBX {pbx!r}")
    bad = False
    examined = run(_examine(settings, pbx, wait if call else 0.0))
    told: dict[str, Sequence[Finding]] = {f"PBX {name}": one.findings for name, one in examined.items()}
    if not call and not pbx:
        queues = queue_name_findings(settings, [one.queues for one in examined.values()])
        told["What callers hear and say"] = [*queues, *run(_hearing(settings))]
    for name, findings in told.items():
        say(name)
        for finding in findings:
            bad = bad or finding.level is Level.PROBLEM
            _tell(finding)
    if bad:
        raise typer.Exit(1)


def _tell(finding: Finding) -> None:
    say(f"  {SIGNS[finding.level]}  {finding.what}")
    if finding.why:
        say(f"        why: {finding.why}")
    if finding.fix:
        say(f"        do:  {finding.fix}")


async def _examine(settings: Settings, only: str, seconds: float) -> dict[str, Examined]:
    """The findings by PBX; of a test call that is followed for so many seconds, or else of the PBX."""
    first = settings.pbx[0].name
    async with database(settings) as db:
        found = await Identity(db, settings.security).seats()
    seats = [Seat(seat.user, seat.name, seat.pbx or first, seat.interface, seat.extension) for seat in found]
    told = {}
    for pbx in settings.pbx:
        if only in ("", pbx.name):
            own = [seat for seat in seats if seat.pbx == pbx.name]
            told[pbx.name] = await _one(settings, pbx, own, seconds)
    return told


async def _one(settings: Settings, pbx: PbxSettings, seats: Sequence[Seat], seconds: float) -> Examined:
    clock, ivr = SystemClock(), settings.ivr
    if seconds:
        trial = Trial(f"rd-test-{new_id(clock.now())}", seconds)
        return Examined(tuple(await call_test(pbx, seats, RunningServer(settings), clock, trial)))
    flows = FlowPort(ivr.host, ivr.port, ivr.token)
    return await examine(pbx, Asked(f"rd-doctor-{new_id(clock.now())}", tuple(seats), flows), clock)


async def _hearing(settings: Settings) -> list[Finding]:
    async with database(settings) as db:
        refused = await unplayed(db)
        seats = await Identity(db, settings.security).seats()
    named = agent_name_findings(settings, {seat.user for seat in seats if seat.extension})
    reached = await reach_findings(settings)
    return [
        *named,
        *reached,
        *await asyncio.to_thread(hearing_findings, settings, refused, person("asterisk")),
    ]


class RunningServer:
    """The server of these settings, seen from another process: its readiness over HTTP, its notes in the journal."""

    def __init__(self, settings: Settings) -> None:
        host = settings.server.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
        self._address = f"http://{shown}:{settings.server.port}"
        self._tail = Tail(Path(settings.journal.directory))
        self._noted: list[Noted] = []
        self.url = settings.server.public_url or self._address
        self.watched = settings.journal.enabled

    async def trouble(self, pbx: str) -> str:
        """Whether it runs, and its own link to that PBX is up."""
        timeout = aiohttp.ClientTimeout(SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.get(f"{self._address}/readyz") as answer,
            ):
                ready = await answer.json()
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return f"no Ringdesk server answers at {self._address}"
        state = ready.get("pbx", {}).get(pbx)
        if state is None:
            return f"the running server knows no PBX {pbx}; start it anew after a change of the settings"
        if state != LinkState.UP.value:
            return f"the server's own link to the PBX is {state}: {ready.get('problems', {}).get(pbx, '')}"
        return ""

    def notes(self, call_id: str) -> Sequence[Noted]:
        """What it has noted of the call by now."""
        self._noted += [record for record in self._tail.more() if isinstance(record, Noted)]
        return [note for note in self._noted if note.call == call_id]
