"""The installation's definitions: read from their folder, put in force, and taken over when they change.

A change that cannot be used leaves the old definitions in force, and says so in the log and to supervisors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import structlog

from config.files import shipped_calendars
from core.bus import Bus
from core.clock import Clock
from core.definition.source import Problem
from ticketing.calendar_files import CalendarFile, calendar_files, calendars_of, read_calendars, unknown_years
from ticketing.clocks import Reckoners
from ticketing.definitions import Faulty, read_files, workflow_files
from ticketing.messages import DefinitionsRefused
from ticketing.service import Tickets
from ticketing.takeover import Unmapped
from ticketing.workflow.model import Workflow

log = structlog.get_logger(__name__)


class Definitions:
    """Keeps the definitions of one server up to date. `folder` and `calendars` (the shipped ones where it is None) are
    where the installation's files are."""

    def __init__(
        self, tickets: Tickets, folder: Path, bus: Bus, clock: Clock, calendars: Path | None = None
    ) -> None:
        self._tickets = tickets
        self._folder = folder
        self._calendars = calendars or shipped_calendars()
        self._bus = bus
        self._clock = clock
        self._turn = asyncio.Lock()

    @property
    def calendars(self) -> Collection[str]:
        """The calendars in force, by name."""
        return tuple(self._tickets.reckoners)

    @property
    def workflows(self) -> Mapping[str, Workflow]:
        """The workflows in force, by name."""
        return {one.workflow.name: one.workflow for one in self._tickets.workflows()}

    async def load(self) -> None:
        """Put the files in force, at the start. Where they are broken those of the last time go on; raises `Faulty`
        or `Unmapped` where there are none, and always for a broken calendar."""
        self._tickets.reckoners = calendars_of(read_calendars(calendar_files(self._calendars)))
        try:
            await self._adopt()
        except (Faulty, Unmapped) as error:
            await self._tickets.follow()
            if not self._tickets.workflows():
                raise
            self._refused(error)

    async def reload(self) -> bool:
        """Read the files again (SIGHUP); False where they cannot be used and nothing was changed."""
        try:
            await self._adopt()
        except (Faulty, Unmapped) as error:
            self._refused(error)
            return False
        return True

    async def follow(self) -> None:
        """Take over what another server or `ringdesk workflow load` has put in force."""
        for definition in await self._tickets.follow():
            log.info("definition.followed", workflow=definition.workflow.name, version=definition.version)

    async def _adopt(self) -> None:
        async with self._turn:  # or an older look that ends later would win
            files, reckoners, workflows = await asyncio.to_thread(self._read)
            await self._tickets.adopt(workflows, self._clock.now())
            self._tickets.reckoners = reckoners
        year = datetime.fromtimestamp(self._clock.now(), UTC).year
        for name, file in files.items():
            for unknown in unknown_years(file, (year, year + 1)):
                log.warning("calendar.year_unknown", calendar=name, year=unknown)
        versions = {one.workflow.name: one.version for one in self._tickets.workflows()}
        log.info("definitions.in_force", **versions)

    def _read(self) -> tuple[Mapping[str, CalendarFile], Reckoners, Mapping[str, Workflow]]:
        """Calendars and workflows from their files. Off the loop: it takes a third of a second."""
        files = read_calendars(calendar_files(self._calendars))
        reckoners = calendars_of(files)
        return files, reckoners, read_files(workflow_files(self._folder), reckoners)

    def _refused(self, error: Faulty | Unmapped) -> None:
        problems = lines_of(error)
        for problem in problems:
            log.error("definition.refused", problem=problem)
        self._bus.publish(DefinitionsRefused(problems))


def lines_of(error: Faulty | Unmapped) -> tuple[str, ...]:
    """Every problem as one line of text."""
    if isinstance(error, Unmapped):
        return (error.message,)
    return lines_told(error.problems)


def lines_told(problems: Iterable[Problem]) -> tuple[str, ...]:
    """Each as one line of text, with its place in front."""
    return tuple(f"{p.file}:{p.line}: {p.message} ({p.fix})" for p in problems)
