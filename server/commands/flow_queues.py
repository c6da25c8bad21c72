"""What the doctor says of queues and agents that flows and settings name, once it knows which there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from config.files import flows_dir
from config.settings import Settings
from core.definition.source import Faulty, Problem
from cti.dialplan_findings import judge_queue_names
from cti.findings import Finding, Level
from ivr_flows.definitions import Known, flow_files, read_flows_doubting


def queue_name_findings(settings: Settings, listed: Sequence[Collection[str] | None]) -> list[Finding]:
    """Queues that no PBX has. `listed` is what each PBX answered; nothing is said while one has not (None)."""
    if not any(pbx.flow_context for pbx in settings.pbx):
        return []
    if not listed or None in listed:
        return [Finding(Level.NOTE, "Whether every queue of the flows exists could not be seen")]
    queues = {name for one in listed for name in one or ()}
    return [
        *_unknown(settings, queues),
        *judge_queue_names("callback.queues", settings.callback.queues, queues),
    ]


def _unknown(settings: Settings, queues: Collection[str]) -> list[Finding]:
    """Queues of flow files, with file and line; nothing where the files cannot be read, which is said elsewhere."""
    try:
        doubts = _doubts(settings, Known(queues=queues))
    except Faulty:
        return []
    why = "The caller goes on to RINGDESK_ELSE of the sample's [ringdesk-ivr]; other dialplans may hang up."
    return [_finding(one, " on any PBX", why) for one in doubts] or [
        Finding(Level.OK, "Every queue that flows name exists")
    ]


def agent_name_findings(settings: Settings, agents: Collection[str]) -> list[Finding]:
    """Agents whom flow files name and who are none; `agents` are the users whose telephone can ring."""
    if not any(pbx.flow_context for pbx in settings.pbx):
        return []
    try:
        doubts = _doubts(settings, Known(agents=agents))
    except Faulty:
        return []
    return [_finding(one, "", "The caller goes to a queue instead.") for one in doubts]


def _doubts(settings: Settings, known: Known) -> list[Problem]:
    _, doubting = read_flows_doubting(flow_files(flows_dir(settings.paths)), Known())
    return doubting(known)


def _finding(problem: Problem, where: str, why: str) -> Finding:
    what = f"{problem.file}:{problem.line}: {problem.message}{where}"
    return Finding(Level.WARNING, what, why, problem.fix)
