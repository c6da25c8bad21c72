"""The field's words as people read them: from the names that rooms and settings use to labels for the catalogue.

An installation's own names (a queue, a pause reason) are not in here and are shown as they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping


def N_(text: str) -> str:
    """Mark a text for the catalogue; it is translated where it is shown."""
    return text


CALL_STATES: Mapping[str, str] = {
    "ivr": N_("In the menu"),
    "queued": N_("Waiting"),
    "ringing": N_("Ringing"),
    "talking": N_("Talking"),
    "held": N_("On hold"),
    "ended": N_("Ended"),
}
OUTCOMES: Mapping[str, str] = {
    "answered": N_("Answered"),
    "abandoned": N_("Gave up"),
    "no_answer": N_("No answer"),
    "busy": N_("Busy"),
    "failed": N_("Failed"),
    "lost": N_("Lost"),
}
LEFT_MENU: Mapping[str, str] = {
    "served": N_("Served itself"),
    "hung_up": N_("Hung up in the menu"),
}
"""Instead of an outcome, for a caller who was in the phone menu alone."""
TROUBLES = (
    N_("there is no such flow"),
    N_("{about}: no answer in time"),
    N_("{about}: failed"),
    N_("a service said no: {about}"),
    N_("no transfer to this {about}"),
    N_("no transfer to this number: {about}"),
    N_("nobody took the caller there, who went on to the queue {about}"),
    N_("no sound for {about}"),
    N_("the flow broke: {about}"),
    N_("the telephone system refused: {about}"),
    N_("the line to the telephone system broke: {about}"),
    N_("too many steps"),
    N_("a circle of nodes that say nothing"),
    N_("no way out"),
    # what they are about, where that is a word of ours
    N_("queue"),
    N_("agent"),
    N_("number"),
    N_("unavailable"),
    N_("timeout"),
    N_("error"),
    N_("it is no number that the dial policy lets through"),
    N_("it is an emergency number"),
    N_("it is a premium number"),
    N_("it is abroad"),
    N_("its beginning is not allowed"),
    N_("as many calls as [dial] allows have been made"),
    N_("the server was stopped"),
    N_("no answer came in time"),
)
"""What `ivr_flows.troubles` and the engine say."""


def trouble(kind: str, about: str, gettext: Callable[[str], str]) -> str:
    """What went wrong in a flow, in the reader's language: plain text, not yet safe for a page."""
    return gettext(kind).replace("{about}", gettext(about) if about else "")


WORDS: Mapping[str, Mapping[str, str]] = {
    "agent_state": {
        "offline": N_("Offline"),
        "ready": N_("Ready"),
        "paused": N_("Paused"),
        "ringing": N_("Ringing"),
        "talking": N_("Talking"),
        "holding": N_("On hold"),
        "wrap_up": N_("Wrap-up"),
    },
    "call_state": CALL_STATES,
    "outcome": OUTCOMES,
    "call": {**OUTCOMES, **CALL_STATES, **LEFT_MENU},
    "listed": {"live": N_("Live now"), **OUTCOMES, **LEFT_MENU},
    "how": {
        "queue": N_("From a queue"),
        "transfer": N_("Transferred"),
        "pickup": N_("Picked up"),
        "direct": N_("Called directly"),
        "outbound": N_("Dialled out"),
    },
    "end": {
        "caller_hung_up": N_("the caller hung up"),
        "agent_hung_up": N_("the agent hung up"),
        "no_answer": N_("no answer"),
        "busy": N_("busy"),
        "answered_elsewhere": N_("answered by someone else"),
        "transferred": N_("transferred"),
        "cancelled": N_("cancelled"),
        "lost": N_("not known; the link was away"),
    },
    "my_call": {**CALL_STATES, "asked": N_("Being asked")},
    "withdrawn": {
        "answered_elsewhere": N_("answered by someone else"),
        "no_answer": N_("you did not answer"),
        "caller_hung_up": N_("the caller hung up"),
        "transferred": N_("transferred"),
        "cancelled": N_("cancelled"),
    },
    "went": {
        "moving": N_("on the way"),
        "ringing": N_("ringing"),
        "talking": N_("talking"),
        "waiting": N_("waiting"),
        "gone": N_("nobody was reached"),
        "ended": N_("ended"),
    },
    "direction": {"inbound": N_("Inbound"), "outbound": N_("Outbound"), "internal": N_("Internal")},
    "pause": {
        "break": N_("Break"),
        "lunch": N_("Lunch"),
        "training": N_("Training"),
        "meeting": N_("Meeting"),
        "paperwork": N_("Paperwork"),
    },
    "queue": {
        "service": N_("Service"),
        "emergency": N_("Emergency"),
        "billing": N_("Billing"),
        "sales": N_("Sales"),
        "complaints": N_("Complaints"),
        "repair": N_("Repairs"),
        "vip": N_("VIP"),
        "support": N_("Support"),
    },
    "callback": {
        "waiting": N_("Waiting"),
        "dialling": N_("Being dialled"),
        "reached": N_("Reached"),
        "given_up": N_("Given up"),
        "cancelled": N_("Taken off"),
    },
    "callback_reason": {
        "no_answer": N_("no answer"),
        "busy": N_("busy"),
        "failed": N_("could not be connected"),
        "agent_away": N_("the agent did not pick up"),
        "not_dialled": N_("the telephone system did not dial"),
        "cap": N_("the limit on outgoing calls is reached"),
        "not_allowed": N_("the dial policy bars the number"),
        "too_old": N_("too long ago"),
        "talked": N_("talked with an agent meanwhile"),
        "cancelled": N_("taken off the list"),
        "reached": N_("reached"),
    },
    "certainty": {
        "exact": N_("the whole number matches"),
        "national": N_("the national number matches"),
        "maybe": N_("maybe: only the last digits match"),
    },
    "priority": {"low": N_("Low"), "normal": N_("Normal"), "high": N_("High"), "urgent": N_("Urgent")},
    "channel": {
        "phone": N_("Phone"),
        "email": N_("E-mail"),
        "web": N_("Web"),
        "ivr": N_("Phone menu"),
        "counter": N_("Counter"),
        "chat": N_("Chat"),
    },
    "workflow": {"complaint": N_("Complaint"), "repair": N_("Repair"), "inquiry": N_("Inquiry")},
    "ticket_link": {
        "merged_into": N_("Merged into"),
        "merged_into_back": N_("Merged into this one"),
        "converted_to": N_("Turned into"),
        "converted_to_back": N_("Made from"),
        "follows": N_("Follows"),
        "follows_back": N_("Followed by"),
        "outage": N_("Part of"),
        "outage_back": N_("Covers"),
    },
    # Whom an event of a ticket tells (the word after `tell_`).
    "told": {
        "customer": N_("the customer"),
        "department": N_("the department"),
        "dispatcher": N_("the dispatchers"),
        "head": N_("the department’s head"),
        "leader": N_("the leader"),
        "owner": N_("who has it"),
        "supervisor": N_("the supervisors"),
    },
    "link": {
        "connecting": N_("connecting"),
        "syncing": N_("reading its state"),
        "up": N_("connected"),
        "down": N_("not reachable"),
    },
    "timeline": {
        "call": N_("Call"),
        "ticket": N_("Ticket"),
        "note": N_("Note"),
        "ivr": N_("Phone menu"),
        "created": N_("Record created"),
        "survey": N_("Satisfaction"),
    },
    "visit": {
        **LEFT_MENU,
        "ivr": CALL_STATES["ivr"],
        "transferred": N_("Handed on"),
        "failed": N_("Broke off"),
    },
    "role": {
        "agent": N_("Agent"),
        "dispatcher": N_("Dispatcher"),
        "department": N_("Department"),
        "leader": N_("Leader"),
        "supervisor": N_("Supervisor"),
        "auditor": N_("Auditor"),
        "admin": N_("Administrator"),
    },
    # Who acts without being a user (ticketing's MACHINES), in a ticket's history.
    "machine": {
        "ivr": N_("Caller in the phone menu"),
        "timer": N_("Time limit (of itself)"),
        "mail": N_("By e-mail"),
        "system": N_("System"),
        "callback": N_("Call-backs (of themselves)"),
        "survey": N_("Surveys (of themselves)"),
    },
    # Details of the audit trail.
    "yes": {"true": N_("Yes"), "false": N_("No")},
    "transfer_kind": {"blind": N_("at once"), "attended": N_("after asking")},
    "recording_kind": {"words": N_("the caller’s words"), "call": N_("the whole call")},
    "refusal": {"wrong": N_("wrong name or password"), "inactive": N_("the user is disabled")},
    "theme": {"auto": N_("As the computer has it"), "light": N_("Light"), "dark": N_("Dark")},
    "language": {"en": N_("English"), "zh_CN": N_("Chinese"), "zh": N_("Chinese")},
}


def word(group: str, name: object, gettext: Callable[[str], str]) -> str:
    """The label of a name of one group; an unknown name is shown as written, with spaces for underscores."""
    key = str(name).lower() if isinstance(name, bool) else str(name)
    label = WORDS.get(group, {}).get(key)
    return gettext(label) if label is not None else key.replace("_", " ")


def labels(group: str, gettext: Callable[[str], str]) -> dict[str, str]:
    """All labels of one group, translated, for the scripts of a page."""
    return {name: gettext(label) for name, label in WORDS[group].items()}
