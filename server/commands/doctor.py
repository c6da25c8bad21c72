"""`ringdesk doctor`: what each PBX lacks, and what to change."""

from __future__ import annotations

import typer

from config.settings import Settings
from core.clock import SystemClock
from core.identity.service import Identity
from cti.doctor import examine
from cti.findings import Finding, Level
from cti.messages import Seat
from server.commands.common import Config, database, fail, run, say, settings_of

SIGNS = {Level.OK: "ok  ", Level.NOTE: "note", Level.WARNING: "warn", Level.PROBLEM: "BAD "}


def doctor(config: Config = None) -> None:
    """Check each PBX: reachability, login, permissions, dialplan, clocks; exit 1 where calls would not pop."""
    settings = settings_of(config)
    if not settings.pbx:
        fail("the settings name no PBX: add a [[pbx]] section")
    bad = False
    for name, findings in run(_examine(settings)).items():
        say(f"PBX {name}")
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


async def _examine(settings: Settings) -> dict[str, list[Finding]]:
    first = settings.pbx[0].name
    async with database(settings) as db:
        found = await Identity(db, settings.security).seats()
    seats = [Seat(seat.user, seat.name, seat.pbx or first, seat.interface, seat.extension) for seat in found]
    clock = SystemClock()
    return {
        pbx.name: await examine(pbx, [seat for seat in seats if seat.pbx == pbx.name], clock)
        for pbx in settings.pbx
    }
