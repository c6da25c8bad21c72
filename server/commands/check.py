"""`ringdesk check`: all that is wrong with settings and definitions, at once."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import typer

from config.files import flows_dir, workflows_dir
from config.settings import PathSettings
from ivr_flows.definitions import Known, flow_files, read_flows
from ivr_flows.scenarios import Checked as CheckedFlows
from ivr_flows.scenarios import check_scenarios as check_flow_scenarios
from server.commands.calendars import calendars_in_use
from server.commands.common import Config, say, settings_of
from server.commands.live import open_tickets
from server.commands.reach import from_elsewhere
from ticketing.definitions import Faulty, Problem, read_files, workflow_files
from ticketing.sandbox import clocks_by
from ticketing.scenarios import Checked, check_scenarios, strays
from ticketing.workflow.model import Workflow


def check(config: Config = None) -> None:
    """Read settings, workflows and flows, replay the scenarios, and say all that is wrong; exit 1 if anything is."""
    settings = settings_of(config)
    try:
        calendars, reckoners, doubts = calendars_in_use(settings.paths, time.time())
    except Faulty as faulty:
        tell(faulty.problems)
        raise typer.Exit(1) from None
    folder = workflows_dir(settings.paths)
    files = workflow_files(folder)
    if not files:
        typer.echo(f"{folder}: there is no workflow in this folder (see paths.workflows)", err=True)
        raise typer.Exit(1)
    try:
        workflows = read_files(files, reckoners)
    except Faulty as faulty:
        tell(faulty.problems)
        raise typer.Exit(1) from None
    checked = [check_scenarios(folder, workflow, clocks_by(reckoners)) for workflow in workflows.values()]
    problems = [*strays(folder, workflows), *(problem for one in checked for problem in one.problems)]
    if problems:
        tell(problems)
        raise typer.Exit(1)
    flows, flow_doubts = _flows(settings.paths, Known(reckoners, workflows))
    lost, remarks = open_tickets(settings.database.url, workflows)
    if lost:
        for line in lost:
            typer.echo(line, err=True)
        raise typer.Exit(1)
    pbxs = ", ".join(pbx.name for pbx in settings.pbx) or "none"
    say(f"settings: good (PBX: {pbxs})")
    say(f"calendars: {len(reckoners) - 2} good ({calendars})")
    _warn(doubts)
    _tell_workflows(folder, workflows.values(), checked)
    _tell_flows(flows_dir(settings.paths), flows)
    _warn(flow_doubts)
    for finding in from_elsewhere(settings):
        say(f"  warning: {finding.what} ({finding.fix})")
    for remark in remarks:
        say(remark)


def _flows(paths: PathSettings, known: Known) -> tuple[CheckedFlows, tuple[Problem, ...]]:
    """The flows and their scenarios, or exit 1 with all that is wrong with them; and doubts.

    That the shipped flows name a workflow that an installation has not is a doubt: it may have no phone menu at all.
    """
    folder = flows_dir(paths)
    doubts: tuple[Problem, ...] = ()
    try:
        try:
            flows = read_flows(flow_files(folder), known)
        except Faulty as faulty:
            if paths.flows:
                raise
            flows, doubts = read_flows(flow_files(folder), Known(known.calendars)), faulty.problems
    except Faulty as faulty:
        tell(faulty.problems)
        raise typer.Exit(1) from None
    checked = check_flow_scenarios(folder, flows)
    if checked.problems:
        tell(checked.problems)
        raise typer.Exit(1)
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
