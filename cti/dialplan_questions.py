"""What the doctor asks of a PBX's dialplan: contexts, extensions, and where its AGI() leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config.settings import PbxSettings
from cti import dialplan_findings as d
from cti.connection import AmiConnection
from cti.findings import Finding
from cti.messages import Seat
from cti.vocabulary import AmiRefused, Message

MOST_EXTENSIONS = 300


class DialplanQuestions:
    """Asks by ShowDialPlan and Getvar, for which write=reporting is enough; a global variable only, no channel's."""

    def __init__(self, connection: AmiConnection, settings: PbxSettings, seconds: float) -> None:
        self._connection, self._settings, self._seconds = connection, settings, seconds
        self.last_queue = ""
        """Where the context for flows sends callers whom nobody else takes, as far as was seen."""

    async def ask(self, seats: Iterable[Seat], flows: d.FlowPort | None) -> list[Finding]:
        """All findings. A context that may not be looked at is a note."""
        context = self._settings.dial_context
        has = await self._has(context)
        found = [d.judge_context(context, has)]
        if has:
            found += d.judge_extensions(context, await self._lacking(context, seats))
        return [*found, *await self._flows(flows)]

    async def _flows(self, ours: d.FlowPort | None) -> list[Finding]:
        settings = self._settings
        context = settings.flow_context
        if not context:
            return []
        there, steps = await self._steps(context)
        found = [d.judge_flow_context(context, there)]
        if there and ours is not None:
            calls = d.agi_calls(steps)
            values = {name: await self._global(name) for name in d.variables(calls)}
            found += d.judge_flow_port(context, calls, values, ours, settings.host)
            found += d.judge_token(ours)
            found += d.judge_put_through(context, steps)
            self.last_queue = d.last_queue(steps)
        return found

    async def _lacking(self, context: str, seats: Iterable[Seat]) -> dict[str, str]:
        """Extensions of the settings and of agents' phones that the context does not lead on."""
        wanted = {seat.extension: seat.user for seat in seats if seat.extension}
        wanted |= {to: f"the queue {queue}" for queue, to in self._settings.queue_extensions.items() if to}
        some = list(wanted.items())[:MOST_EXTENSIONS]
        return {to: what for to, what in some if await self._has(context, to) is False}

    async def _has(self, context: str, extension: str = "") -> bool | None:
        return (await self._steps(context, extension))[0]

    async def _steps(self, context: str, extension: str = "") -> tuple[bool | None, Sequence[Message]]:
        """Whether the dialplan has it (None: we may not ask), and its steps; with what it includes, by patterns too."""
        action = [("Action", "ShowDialPlan"), ("Context", context)]
        if extension:
            action.append(("Extension", extension))
        try:
            return True, await self._connection.collect(action, self._seconds)
        except AmiRefused as refused:
            return False if "Did not find" in refused.response.text else None, ()

    async def _global(self, name: str) -> str:
        try:
            answer = await self._connection.send((("Action", "Getvar"), ("Variable", name)), self._seconds)
        except AmiRefused:
            return ""
        return answer.get_header("Value")
