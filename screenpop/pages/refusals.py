"""Why a step on a ticket was refused, beside which field, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from core.definition.label import Label
from core.errors import Refused
from screenpop.pages.problems import of_refusal
from screenpop.pages.ticket_values import Value, Words, people
from screenpop.words import N_, word
from ticketing.views import event_label
from ticketing.workflow.decide import looked_at

NO_TICKET, ITSELF = N_("There is no such ticket."), N_("This is the ticket itself.")
"""What ticketing says of the number of another ticket."""


class Told(msgspec.Struct, frozen=True):
    """`field` is where the mistake is, if it is in one; `changes` is what others did meanwhile."""

    text: str
    field: str = ""
    changes: tuple[str, ...] = ()


class Tried(msgspec.Struct, frozen=True):
    """What somebody wanted to do, as it was typed, and why it was not done."""

    event: str = ""
    typed: Mapping[str, str] = {}
    told: Told = Told("")
    lost: tuple[Value, ...] = ()
    """What was typed for a step that is not possible any more: shown, so that it can be taken along."""


class Attempt(msgspec.Struct, frozen=True):
    """An event as it was wanted; `when` writes a moment as the reader does."""

    event: str
    typed: Mapping[str, str]
    when: Callable[[float | str], str]


NOTHING = Tried()


def told(words: Words, attempt: Attempt, refusal: Refused) -> Told:
    """The refusal in the reader's language."""
    tell = TELLS.get(refusal.code)
    return tell(words, attempt, refusal.details) if tell else _other(words, refusal)


def lost(words: Words, event: str, typed: Mapping[str, str]) -> tuple[Value, ...]:
    """What was typed for an event, by its fields' labels."""
    asked = words.workflow.events.get(event)
    names = (*asked.required, *asked.optional, "note") if asked else ()
    given = {name: typed.get(f"fields.{name}", "").strip() for name in names}
    return words.values({name: text for name, text in given.items() if text and text != "true"})


def _other(words: Words, refusal: Refused) -> Told:
    field = str(refusal.details.get("field", ""))
    if refusal.code != "invalid":
        return Told(of_refusal(refusal, words.gettext), field)
    if problem := refusal.details.get("problem"):
        return Told(msgspec.convert(problem, Label).text(words.language), field)
    return Told(words.gettext(refusal.message), field)


def _missing(words: Words, _attempt: Attempt, details: Mapping[str, Any]) -> Told:
    return Told(words.gettext(N_("Please fill this in.")), str(details.get("field", "")))


def _guard(words: Words, attempt: Attempt, details: Mapping[str, Any]) -> Told:
    """Beside the field where the condition looks at one that the step asks for."""
    label, asked = details.get("label"), words.workflow.events.get(attempt.event)
    text = msgspec.convert(label, Label).text(words.language) if label else ""
    seen = looked_at(words.workflow, details["guard"]) if details["guard"] in words.workflow.guards else ()
    names = (*asked.required, *asked.optional) if asked else ()
    found = [name for name in names if name in seen]
    # Of several fields the one that is still empty is where the hand has to go.
    empty = [name for name in found if not attempt.typed.get(f"fields.{name}", "").strip()]
    field = next(iter((*empty, *found)), "")
    return Told(text or words.gettext(N_("A condition of this step does not hold.")), field)


def _role(words: Words, attempt: Attempt, details: Mapping[str, Any]) -> Told:
    roles = people([str(role) for role in details.get("roles", ())])
    named = ", ".join(word("role", role, words.gettext) for role in roles)
    text = words.gettext(N_("“%(event)s” is for: %(roles)s."))
    return Told(text % {"event": event_label(words.workflow, attempt.event, words.language), "roles": named})


def _not_here(words: Words, attempt: Attempt, details: Mapping[str, Any]) -> Told:
    text = words.gettext(N_("“%(event)s” does not fit the state “%(state)s”. What can be done now is below."))
    return Told(
        text
        % {
            "event": event_label(words.workflow, attempt.event, words.language),
            "state": words.state(str(details.get("state", ""))),
        }
    )


def _stale(words: Words, attempt: Attempt, details: Mapping[str, Any]) -> Told:
    text = words.gettext(
        N_(
            "The ticket has changed meanwhile. What you typed is kept: look at what is new, then send it again."
        )
    )
    return Told(text, changes=tuple(_change(words, one, attempt) for one in details.get("changes", ())))


def _change(words: Words, change: Mapping[str, Any], attempt: Attempt) -> str:
    """Who did what and when: "03:15 Dora Lind: Dispatch (Dispatched)"."""
    event = event_label(words.workflow, str(change["event"]), words.language)
    return words.gettext(N_("%(time)s %(who)s: %(event)s (now: %(state)s)")) % {
        "time": attempt.when(str(change["at"])),
        "who": words.person(str(change["actor"])),
        "event": event,
        "state": words.state(str(change["state"])),
    }


TELLS: Mapping[str, Callable[[Words, Attempt, Mapping[str, Any]], Told]] = {
    "missing_field": _missing,
    "guard": _guard,
    "role": _role,
    "not_allowed_in_state": _not_here,
    "stale_version": _stale,
}
