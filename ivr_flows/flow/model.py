"""What a flow file says, typed. One file describes one flow: a hotline, or a part that several share."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from core.definition.label import Label

MOST_TRIES = 5
"""Longer than that nobody tries; the caller is better off with a person."""
RETURN = "return"


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", kw_only=True):
    """One step of a caller's way. `label` is what pages call it; its name where not given."""

    label: Label | None = None


class Say(Node, frozen=True, tag="say"):
    """Say something. Before a question it becomes the question's beginning, which a key cuts short; `whole` is said
    to its end whatever is pressed."""

    text: Label
    next: str
    whole: bool = False
    both: bool = False
    """In both languages, the caller's first."""
    done: bool = False
    """Who hangs up here has got what it called for: it was served, and has not given up."""


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a key of a menu does. `label` is for pages, `say` is what the caller hears."""

    label: Label
    next: str
    say: Label | None = None
    set: dict[str, Any] = {}


class Menu(Node, frozen=True, tag="menu"):
    """Ask for one key."""

    choices: dict[str, Choice]
    text: Label | None = None
    both: bool = False
    wait: float = 5.0
    """Seconds for the key."""
    tries: int = 3
    invalid: Label | None = None
    silent: Label | None = None
    otherwise: str = ""
    """Where the tries are used up; the flow's `fallback` where not given."""
    done: bool = False
    """As in `Say`: a last question, which may be answered by hanging up."""


class Confirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry is said back: `yes` keeps it, every other key asks again."""

    text: Label
    yes: str = "1"


class Collect(Node, frozen=True, tag="collect"):
    """Ask for digits."""

    text: Label
    into: str
    next: str
    min: int = 1
    max: int = 20
    end: str = "#"
    wait: float = 6.0
    tries: int = 3
    confirm: Confirm | None = None
    invalid: Label | None = None
    silent: Label | None = None
    otherwise: str = ""


class Pin(Node, frozen=True, tag="pin"):
    """Ask for the PIN of an account and have it checked. The digits go to the check and nowhere else: no variable,
    no state and no log ever holds them."""

    text: Label
    account: str
    next: str
    digits: int = 6
    tries: int = 3
    wait: float = 6.0
    wrong: Label | None = None
    locked: str = ""
    """Where the account takes no more tries; `otherwise` where not given."""
    otherwise: str = ""


class LookUp(Node, frozen=True, tag="look_up", rename={"with_": "with"}):
    """Ask another room for something."""

    service: str
    next: str
    into: str = ""
    with_: dict[str, Any] = {}
    """Arguments: `$name` is a variable's value, everything else is meant as it stands."""
    refused: dict[str, str] = {}
    """Where to go on by the code or reason of a no."""
    failed: str = ""
    """Where to go on at every other no, and where nobody answers."""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    when: Any
    next: str


class Branch(Node, frozen=True, tag="branch"):
    """Go on by the first case whose test holds."""

    cases: tuple[Case, ...]
    otherwise: str


class Set(Node, frozen=True, tag="set"):
    """Give variables values; `language` is the caller's language."""

    values: dict[str, Any]
    next: str


class Record(Node, frozen=True, tag="record"):
    """Record the caller's words."""

    text: Label
    into: str
    next: str
    most: float = 60.0
    silence: float = 3.0
    tries: int = 2
    otherwise: str = ""
    """Where nothing was said."""


class Ticket(Node, frozen=True, tag="ticket"):
    """Open a ticket; with `outage` make the report a part of that outage instead."""

    next: str
    workflow: str = ""
    subject: Label | None = None
    category: str = ""
    fields: dict[str, Any] = {}
    outage: str = ""
    account: str = ""
    recording: str = ""
    into: str = ""
    refused: dict[str, str] = {}
    failed: str = ""


class Event(Node, frozen=True, tag="event"):
    """Urge a ticket, or say whether it is solved, through the ticket's own workflow."""

    event: Literal["urge", "confirm"]
    ticket: str
    next: str
    solved: bool = True
    into: str = ""
    refused: dict[str, str] = {}
    failed: str = ""


class Callback(Node, frozen=True, tag="callback"):
    """Have the caller called back when an agent of the queue is free."""

    queue: str
    next: str
    number: str = ""
    """The number to call; the one that the caller calls from where not given."""
    priority: int | str = ""
    """That which the caller would have on the line; by the customer's record where not given or not set."""
    into: str = ""
    refused: dict[str, str] = {}
    failed: str = ""


class Survey(Node, frozen=True, tag="survey"):
    """Ask for a score from 1 to 5 and keep it with the call, or with a ticket."""

    text: Label
    next: str
    ticket: str = ""
    into: str = "score"
    wait: float = 6.0
    tries: int = 2
    otherwise: str = ""
    refused: dict[str, str] = {}
    failed: str = ""


class Transfer(Node, frozen=True, tag="transfer"):
    """Hand the caller on: to a queue, an agent or a number. The flow ends."""

    queue: str = ""
    agent: str = ""
    number: str = ""
    priority: int | str = 0
    """The higher the sooner; a number or `$name`."""
    text: Label | None = None
    otherwise: str = ""
    """Where the target is a variable that is empty."""


class HangUp(Node, frozen=True, tag="hangup"):
    """The flow ends and so does the call: the caller was served."""

    text: Label | None = None


class Call(Node, frozen=True, tag="call"):
    """Go through another flow, and on here when it returns. Both see the same variables."""

    flow: str
    next: str


class Return(Node, frozen=True, tag="return"):
    """The end of a flow that others call."""


AnyNode = (
    Say
    | Menu
    | Collect
    | Pin
    | LookUp
    | Branch
    | Set
    | Record
    | Ticket
    | Event
    | Callback
    | Survey
    | Transfer
    | HangUp
    | Call
    | Return
)

QUESTIONS = (Menu, Collect, Pin, Record, Survey)
"""Nodes in which the caller does something."""
SILENT = (Branch, Set, Call, Return)
"""Nodes through which a caller passes at once."""
SERVICES = (LookUp, Ticket, Event, Callback)
"""Nodes that ask another room."""


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that goes to the agent, with the words for it."""

    label: Label
    values: dict[str, Label] = {}
    recording: bool = False


class Everywhere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that works in every menu and every entry of a flow and of the flows that it calls."""

    label: Label
    next: str


class Flow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A flow. Nodes are listed in the order in which a caller usually passes them."""

    name: str
    label: Label
    start: str
    nodes: dict[str, AnyNode]
    fallback: str = ""
    """The node where a question stays without an answer or a service fails, and the node says nothing of it."""
    everywhere: dict[str, Everywhere] = {}
    language: Literal["en", "zh_CN"] = "en"
    """The language in which it begins."""
    needs: tuple[str, ...] = ()
    """Variables that whoever calls this flow has to have set."""
    answers: dict[str, Shown] = {}
    """Which variables go to the agent."""
    examples: dict[str, Any] = {}
    """By service: what it answers in `ringdesk flow try` and in scenarios where they say nothing else."""

    def shown(self, node: str, language: str) -> str:
        """What pages call the node; its name where it has no label, or is no more."""
        known = self.nodes.get(node)
        return known.label.text(language) if known is not None and known.label is not None else node


class Flows(msgspec.Struct, frozen=True):
    """The flows of an installation as they were at one moment. A visit keeps the ones that it began with."""

    by_name: dict[str, Flow]

    def node(self, flow: str, node: str) -> AnyNode:
        return self.by_name[flow].nodes[node]
