"""`ringdesk check`: all that is wrong with settings and definitions, at once."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import typer

from config.files import flows_dir, workflows_dir
from config.load import SettingsError
from config.settings import PathSettings, Settings
from core.definition.scenario_files import strays
from ivr_flows.definitions import Known, flow_files, read_flows
from ivr_flows.scenarios import Checked as CheckedFlows
from ivr_flows.scenarios import check_scenarios as check_flow_scenarios
from server.barred import numbers_barred
from server.commands.calendars import calendars_in_use
from server.commands.common import Config, read_settings, say, tell_settings
from server.commands.live import open_tickets
from server.commands.reach import from_elsewhere
from server.flow_tickets import openings
from ticketing.clocks import Reckoners
from ticketing.definitions import Faulty, Problem, read_files, strangers, workflow_files
from ticketing.sandbox import clocks_by
from ticketing.scenarios import Checked, check_scenarios
from ticketing.workflow.model import Workflow


def check(config: Config = None) -> None:
    """Read settings, workflows and flows, replay the scenarios, and say all that is wrong; exit 1 if anything is."""
    settings, sound = _settings(config)
    problems: list[Problem] = []
    folder, reckoners, doubts = _calendars(settings.paths, problems)
    workflows = _workflows(settings.paths, reckoners, problems)
    checked = _scenarios(settings.paths, workflows, reckoners, problems)
    known = Known(
        reckoners, None if workflows is None else openings(workflows), barred=numbers_barred(settings)
    )
    flows, flow_doubts = _flows(settings.paths, known, problems)
    remarks: list[str] = []
    if workflows is not None:
        lost, remarks = open_tickets(settings.database.url, workflows, workflows_dir(settings.paths))
        problems += lost
    tell(problems)
    if not sound or problems or reckoners is None or workflows is None or flows is None:
        raise typer.Exit(1)
    pbxs = ", ".join(pbx.name for pbx in settings.pbx) or "none"
    say(f"settings: good (PBX: {pbxs})")
    say(f"calendars: {len(reckoners) - 2} good ({folder})")
    _warn(doubts)
    _tell_workflows(workflows_dir(settings.paths), workflows.values(), checked)
    _warn(strangers(workflow_files(workflows_dir(settings.paths)), workflows))
    _tell_flows(flows_dir(settings.paths), flows)
    _warn(flow_doubts)
    for finding in from_elsewhere(settings):
        say(f"  warning: {finding.what} ({finding.fix})")
    for remark in remarks:
        say(remark)


def _settings(config: Path | None) -> tuple[Settings, bool]:
    """The settings and whether they are sound. Unsound ones are told, and what they point to is looked at all the
    same."""
    try:
        return read_settings(config), True
    except SettingsError as error:
        tell_settings(error)
        return error.settings or Settings(), False


def _calendars(
    paths: PathSettings, problems: list[Problem]
) -> tuple[Path | None, Reckoners | None, list[Problem]]:
    """The calendars' folder, what clocks are reckoned by, and doubts; None for both where a file is broken."""
    try:
        return calendars_in_use(paths, time.time())
    except Faulty as faulty:
        problems.extend(faulty.problems)
        return None, None, []


def _workflows(
    paths: PathSettings, reckoners: Reckoners | None, problems: list[Problem]
) -> dict[str, Workflow] | None:
    """The workflows, None where a file is broken. Which calendars they may name is asked only where those are good."""
    folder = workflows_dir(paths)
    files = workflow_files(folder)
    if not files:
        fix = "write one there, or see paths.workflows"
        if folder.is_dir():  # otherwise the settings' own mistake, which has been told
            problems.append(Problem(str(folder), 1, "there is no workflow in this folder", fix))
        return None
    try:
        return read_files(files, reckoners)
    except Faulty as faulty:
        problems.extend(faulty.problems)
        return None


def _scenarios(
    paths: PathSettings,
    workflows: dict[str, Workflow] | None,
    reckoners: Reckoners | None,
    problems: list[Problem],
) -> list[Checked]:
    """What the scenarios showed; they are replayed where both workflows and calendars are good. The shipped ones tell
    times by the shipped calendar, and say nothing of the hours that a house has."""
    if workflows is None or reckoners is None:
        return []
    if not paths.workflows and paths.calendars:
        _, reckoners, _ = calendars_in_use(PathSettings(), time.time())
    folder = workflows_dir(paths)
    checked = [check_scenarios(folder, workflow, clocks_by(reckoners)) for workflow in workflows.values()]
    problems.extend(strays(folder, workflows, "workflow"))
    problems.extend(problem for one in checked for problem in one.problems)
    return checked


def _flows(
    paths: PathSettings, known: Known, problems: list[Problem]
) -> tuple[CheckedFlows | None, tuple[Problem, ...]]:
    """The flows and what their scenarios showed, None where a file is broken; and doubts.

    That the shipped flows name a workflow that an installation has not is a doubt: it may have no phone menu at all.
    What flows name is asked only where all that there is is known.
    """
    files = flow_files(flows_dir(paths))
    doubts: tuple[Problem, ...] = ()
    try:
        try:
            flows = read_flows(files, known)
        except Faulty as faulty:
            if paths.flows:
                raise
            flows, doubts = read_flows(files, Known(known.calendars)), faulty.problems
    except Faulty as faulty:
        problems.extend(faulty.problems)
        return None, ()
    checked = check_flow_scenarios(flows_dir(paths), flows)
    problems.extend(checked.problems)
    return checked, doubts


def tell(problems: Iterable[Problem]) -> None:
    """Each problem in a line on stderr, with file and line in front, as editors know it."""
    for problem in problems:
        typer.echo(f"{problem.file}:{problem.line}: {problem.message} ({problem.fix})", err=True)


def _warn(doubts: Iterable[Problem]) -> None:
    for doubt in doubts:
        say(f"  warning: {doubt.file}:{doubt.line}: {doubt.message} ({doubt.fix})")


def _tell_workflows(folder: Path, workflows: Iterable[Workflow], checked: Iterable[Checked]) -> None:
    found = list(workflows)
    say(f"workflows: {len(found)} good ({folder})")
    for workflow, one in zip(found, checked, strict=True):
        rows = len(workflow.table)
        reached = f"{rows - len(one.unreached)} of {rows} rows reached"
        say(f"  {workflow.name}: {one.files} scenarios good, {reached}")
        if one.files:
            for row in one.unreached:
                say(f"    no scenario takes {row.event}: {_sources(row.from_)} to {row.to}")


def _tell_flows(folder: Path, checked: CheckedFlows) -> None:
    if not checked.flows:
        say(f"flows: none in {folder}; callers go straight to the queue")
        return
    say(f"flows: {checked.flows} good ({folder})")
    reached = f"{checked.nodes - len(checked.unheard)} of {checked.nodes} nodes reached"
    say(f"  {checked.files} scenarios good, {reached}")
    if checked.files:
        for node in checked.unheard:
            say(f"    no scenario comes to {node}")


def _sources(named: str | tuple[str, ...]) -> str:
    return named if isinstance(named, str) else ", ".join(named)
