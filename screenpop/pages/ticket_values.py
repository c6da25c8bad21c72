"""What stands in a ticket and its history, as people read it: names, dates and numbers of the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from babel import dates, numbers

from screenpop.pages.clocks import reached
from screenpop.render import phone
from screenpop.words import N_
from ticketing.messages import HistoryRow
from ticketing.views import event_label, state_label
from ticketing.workflow.model import ESCALATE, MACHINES, Field, FieldType, Workflow
from ticketing.workflow.values import CALL, NOTE, NOTE_FIELD, with_choices

YES, NO = N_("yes"), N_("no")
EMPTIED = N_("emptied")
HEARD = N_("under Recordings")
RECORDING = "recording"
_OURS = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
"""The id of a recording that we have made; a number of another system's is shown as it is."""
_LINE = re.compile(r"\+[1-9]\d{6,14}")
SILENT = frozenset({"clock", "step", "run"})
"""Of a time limit's step: said in its title."""


class Value(msgspec.Struct, frozen=True):
    """One thing that is known, and where it leads, if anywhere."""

    label: str
    text: str
    href: str = ""


class Line(msgspec.Struct, frozen=True):
    """A row of the history. `to` is the label of the state that it led to, empty where it kept the state; `actor` is
    empty for what time itself did."""

    at: float
    event: str
    to: str
    actor: str
    values: tuple[Value, ...]


class Words(msgspec.Struct, frozen=True):
    """One workflow's labels in one language, and how people, tickets and texts are named in it."""

    workflow: Workflow
    language: str
    gettext: Callable[[str], str]
    person: Callable[[str], str]
    hrefs: Mapping[str, str] = {}
    """By its number, where a ticket is to be found."""

    def values(self, data: Mapping[str, Any]) -> tuple[Value, ...]:
        """What is known by label and text, in the order in which it was said."""
        return tuple(value for name, one in data.items() if (value := self._value(name, one)) is not None)

    def history(self, rows: Sequence[HistoryRow]) -> list[Line]:
        """The rows as lines, in the order given."""
        return [self.line(row) for row in rows]

    def line(self, row: HistoryRow) -> Line:
        moved = row.from_state != row.to_state
        to = self.state(row.to_state)
        actor = "" if row.event == ESCALATE else self.person(row.actor)
        return Line(row.at, self._title(row), to if moved else "", actor, self.values(row.data))

    def state(self, name: str) -> str:
        """A state as people call it; one that this version has not stands as it is."""
        known = name in self.workflow.states
        return state_label(self.workflow, name, self.language) if known else name

    def field(self, name: str) -> Field | None:
        """The field as an event asks for it, its choices filled in; None where this version has none."""
        found = NOTE_FIELD if name == NOTE else self.workflow.fields.get(name)
        return with_choices(self.workflow, found) if found else None

    def _title(self, row: HistoryRow) -> str:
        if row.event != ESCALATE:
            return event_label(self.workflow, row.event, self.language)
        clock = self.workflow.clocks.get(str(row.data.get("clock")))
        label = clock.label.text(self.language) if clock else str(row.data.get("clock", ""))
        return self.gettext(N_("Time limit “%(clock)s”: %(step)s")) % {
            "clock": label,
            "step": reached(str(row.data.get("step", "")), self.language, self.gettext),
        }

    def _value(self, name: str, value: Any) -> Value | None:
        field = self.field(name)
        if field is not None:
            label = field.label.text(self.language)
            if name == RECORDING and _OURS.fullmatch(str(value)):
                return Value(label, self.gettext(HEARD))
            return Value(label, self._text(field, value), self.hrefs.get(str(value), ""))
        if name == CALL:
            return Value(self.gettext(N_("During a call")), "")
        if name == "refused":
            return Value(
                self.gettext(N_("Not possible")), event_label(self.workflow, str(value), self.language)
            )
        return None if name in SILENT else Value(name, str(value))

    def _text(self, field: Field, value: Any) -> str:
        if value is None:
            return self.gettext(EMPTIED)
        if isinstance(value, bool):
            return self.gettext(YES if value else NO)
        if field.sets == "owner":
            return self.person(str(value))
        if field.type is FieldType.DATE:
            return self._day(str(value))
        if isinstance(value, int | float):
            return str(numbers.format_decimal(value, locale=self.language))
        label = field.choices.get(str(value))
        if label is None and _LINE.fullmatch(str(value)):
            return phone(str(value))
        return label.text(self.language) if label else str(value)

    def _day(self, text: str) -> str:
        try:
            return str(dates.format_date(date.fromisoformat(text), "medium", locale=self.language))
        except ValueError:
            return text


def people(roles: Sequence[str]) -> list[str]:
    """The roles that are people's."""
    return [role for role in roles if role not in MACHINES]
