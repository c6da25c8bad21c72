"""What the doctor says of queues that flows and settings name, once the PBXs have listed theirs."""

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
        _, doubts = read_flows_doubting(flow_files(flows_dir(settings.paths)), Known(), Known(queues=queues))
    except Faulty:
        return []
    return [*map(_finding, doubts)] or [Finding(Level.OK, "Every queue that flows name exists")]


def _finding(problem: Problem) -> Finding:
    what = f"{problem.file}:{problem.line}: {problem.message} on any PBX"
    why = (
        "The dialplan's Queue() fails at once: the caller is hung up on, or goes where the dialplan goes on."
    )
    return Finding(Level.WARNING, what, why, problem.fix)
