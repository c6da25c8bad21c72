"""`ringdesk workflow try`: plays a definition line by line. Pure: a line in, lines out; time goes on only when told."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.definition.shape import suggest
from ticketing.clocks import Reading, readings
from ticketing.messages import Actor, NewTicket
from ticketing.sandbox import ReadClocks, Sandbox
from ticketing.scenario import local_time
from ticketing.views import event_label, event_view, form, shown_values, state_label
from ticketing.workflow.decide import Outcome
from ticketing.workflow.durations import seconds
from ticketing.workflow.model import MACHINES, ROLES, FieldType, Workflow
from ticketing.workflow.values import NOTE, Refusal, with_choices

HELP = """\
EVENT [field=value …]    have it happen; the first event opens the ticket
as ROLE [DEPARTMENT]     act as somebody else: as department billing
wait 2h                  let time pass
at 2026-03-02 09:00      go to a moment
show                     the ticket, its clocks and what can be done
history                  what has happened
help, quit"""
WORDS = {"yes": True, "true": True, "no": False, "false": False}


class Trial:
    """A ticket that is played through. `now` is where its time begins."""

    def __init__(
        self,
        workflow: Workflow,
        now: float,
        zone: ZoneInfo,
        language: str = "en",
        read_clocks: ReadClocks = readings,
    ) -> None:
        self.workflow, self.now, self.zone, self.language = workflow, now, zone, language
        self.sandbox = Sandbox(workflow, read_clocks)
        self.actor = Actor(workflow.open.roles[0], frozenset({workflow.open.roles[0]}))

    def answer(self, line: str) -> list[str]:
        """What the line brings about, for people to read."""
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            return ["a quotation mark is missing"]
        if not words:
            return []
        name, rest = words[0], words[1:]
        try:
            if name in ("as", "wait", "at", "show", "history", "help"):
                return [*getattr(self, f"_{name}")(rest)]
            return [*self._event(name, rest)]
        except ValueError as error:
            return [str(error)]

    def prompt(self) -> str:
        """Who acts, when, and on what."""
        state = self.sandbox.ticket.state if self.sandbox.ticket else "-"
        return f"{self._when(self.now)} {state} {'/'.join(sorted(self.actor.roles))}> "

    def _as(self, words: list[str]) -> Iterator[str]:
        role = words[0] if words else ""
        if role not in ROLES | MACHINES:
            raise ValueError(f"there is no role `{role}`; {suggest(role, ROLES | MACHINES)}")
        department = words[1] if len(words) > 1 else ""
        self.actor = Actor(f"{role}-{department}" if department else role, frozenset({role}), department)
        yield from self._possible()

    def _wait(self, words: list[str]) -> Iterator[str]:
        self.now += seconds("".join(words))
        yield from self._show([])

    def _at(self, words: list[str]) -> Iterator[str]:
        try:
            moment = local_time(" ".join(words)).replace(tzinfo=self.zone).timestamp()
        except ValueError:
            raise ValueError("write it like: at 2026-03-02 09:00") from None
        if moment < self.now:
            raise ValueError("time does not go back here")
        self.now = moment
        yield from self._show([])

    def _help(self, _: list[str]) -> Iterator[str]:
        yield from HELP.splitlines()

    def _history(self, _: list[str]) -> Iterator[str]:
        for row in self.sandbox.history:
            values = "; ".join(f"{k}: {v}" for k, v in shown_values(self.workflow, row.data, self.language))
            label = event_label(self.workflow, row.event, self.language)
            yield f"{row.seq}. {self._when(row.at)} {row.actor}: {label} -> {row.to_state}  {values}".rstrip()

    def _show(self, _: list[str]) -> Iterator[str]:
        ticket = self.sandbox.ticket
        if ticket is None:
            yield from self._possible()
            return
        label = state_label(self.workflow, ticket.state, self.language)
        owner = f", owner {ticket.owner}" if ticket.owner else ""
        department = f", department {ticket.department}" if ticket.department else ""
        closed = ", closed" if ticket.closed_at is not None else ""
        yield f"state {ticket.state} ({label}){owner}{department}{closed}"
        for reading in self.sandbox.clocks(self.now):
            if reading.intervals:
                yield f"clock {self._clock(reading)}"
        yield from self._possible()

    def _clock(self, reading: Reading) -> str:
        label = self.workflow.clocks[reading.name].label.text(self.language)
        due = f", due {self._when(reading.due_at)}" if reading.due_at is not None else ""
        late = " (overdue)" if reading.due_at is not None and reading.due_at < self.now else ""
        return f"{reading.name} ({label}): {reading.state.value}{due}{late}"

    def _possible(self) -> Iterator[str]:
        if self.sandbox.ticket is None:
            opening = self.workflow.open.event
            asked = ", ".join(
                f"{f.name}{'*' if f.required else ''}" for f in form(self.workflow, self.language).fields
            )
            yield f"{opening} ({event_label(self.workflow, opening, self.language)}) opens it; asks: {asked}"
            return
        names = self.sandbox.offered(self.actor, self.now)
        if not names:
            yield f"as {'/'.join(self.actor.roles)} nothing can be done now"
        for name in names:
            view = event_view(self.workflow, self.sandbox.opened, name, self.language)
            asked = ", ".join(f"{f.name}{'*' if f.required else ''}" for f in view.fields if f.name != NOTE)
            yield f"  {name} ({view.label}){f'  asks: {asked}' if asked else ''}"

    def _event(self, event: str, words: list[str]) -> Iterator[str]:
        data = dict(self._value(word) for word in words)
        if self.sandbox.ticket is not None:
            decision = self.sandbox.fire(event, self.actor, data, self.now)
        elif event == self.workflow.open.event:
            new = NewTicket(self.workflow.name, f"A trial of {self.workflow.label.en}", fields=data)
            decision = self.sandbox.open(new, self.actor, self.now)
        else:
            raise ValueError(f"the ticket is not opened yet: that is `{self.workflow.open.event}`")
        yield from self._told(decision)

    def _told(self, decision: Outcome | Refusal) -> Iterator[str]:
        if isinstance(decision, Refusal):
            label = decision.details.get("label", {})
            said = label.get("zh") if self.language.startswith("zh") and isinstance(label, dict) else None
            if (
                said and decision.code != "guard"
            ):  # the label names the field; what is wrong with it is in the message
                said = f"{said}: {decision.message}"
            yield f"refused ({decision.code}): {said or decision.message}"
            return
        if decision.notices:
            yield f"told: {', '.join(decision.notices)}"
        yield from self._show([])

    def _value(self, word: str) -> tuple[str, Any]:
        name, sign, text = word.partition("=")
        if not sign:
            raise ValueError(f'`{word}` is not written like field=value, or field="some words"')
        field = self.workflow.fields.get(name)
        kind = with_choices(self.workflow, field).type if field else FieldType.TEXT
        if kind is FieldType.BOOL:
            return name, WORDS.get(text.lower(), text)
        if kind is FieldType.NUMBER:
            try:
                return name, float(text)
            except ValueError:
                return name, text
        return name, text

    def _when(self, at: float) -> str:
        return f"{datetime.fromtimestamp(at, self.zone):%Y-%m-%d %H:%M}"
