"""What the demo's callers want of the phone menu, as the keys that they press at each question.

A question is known by the name of its prompt (`flow.node`, or `flow.node.part`). {account}, {pin}, {wrong}, {ticket}
and {score} are the caller's own. Where a flow asks what a story does not know, as one that somebody has changed does,
the caller listens and presses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LEAVES = "!"
"""Instead of a key: the caller hangs up."""
PERSON, AGAIN = "0", "*"


@dataclass(frozen=True)
class Story:
    """`keys` by question; `weight` is how often it is told. `known`: only who has an account and calls from the own
    line; `ticket`: only who has one open; `danger`: only while somebody is there for it; `hasty`: fit for a caller
    whom an agent wants at once."""

    name: str
    weight: float
    keys: Mapping[str, str]
    known: bool = False
    ticket: bool = False
    danger: bool = False
    hasty: float = field(default=0.0)


ACCOUNT = {
    "identify.account": "{account}#",
    "outage.account": "{account}#",
    "fault.account.text": "{account}#",
}
COMMON = {
    **ACCOUNT,
    "hotline.welcome": "2",
    "identify.own_or_other": "1",
    "identify.pin": "{pin}",
    "fault.own": "1",
    "fault.account.confirm": "1",
    "outage.none_there": "",
    "fault.joined": "1",
    "outage.none": "2",
    "ticket_status.number": "{ticket}#",
    "ticket_status.hurry": "1",
    "ticket_status.is_solved": "1",
    "ticket_status.score": "{score}",
    "ticket_survey.number": "{ticket}#",
    "ticket_survey.score": "{score}",
    "survey.score": "{score}",
    "person.offer": "1",
    "hotline.more": "",
}
"""What everybody presses whose story says nothing else."""

STORIES = (
    Story("balance", 15, {"hotline.main": "2"}),
    Story("bill_then_person", 10, {"hotline.main": "2", "hotline.more": PERSON}),
    Story("wrong_pin", 4, {"hotline.main": "2", "identify.pin": "{wrong}", "hotline.more": PERSON}),
    Story("bill_in_a_hurry", 4, {"hotline.main": "2", "identify.own_or_other": PERSON}, known=True, hasty=3),
    Story("outage", 9, {"hotline.main": "3", "hotline.more": LEAVES}),
    Story("outage_then_person", 4, {"hotline.main": "3", "outage.none": "2", "hotline.more": PERSON}),
    Story("fault_no_supply", 3, {"hotline.main": "4", "fault.what": "2"}),
    Story("fault_appliance", 2, {"hotline.main": "4", "fault.what": "4", "hotline.more": PERSON}),
    Story(
        "meter_in_a_hurry",
        3,
        {"hotline.main": "4", "fault.what": "3", "fault.own": PERSON},
        known=True,
        hasty=3,
    ),
    Story(
        "no_supply_in_a_hurry",
        0,
        {"hotline.main": "4", "fault.what": "2", "fault.own": PERSON},
        known=True,
        hasty=2,
    ),
    Story("urges", 4, {"hotline.main": "5"}, ticket=True),
    Story(
        "status_then_person",
        4,
        {"hotline.main": "5", "ticket_status.hurry": "2", "hotline.more": PERSON},
        ticket=True,
    ),
    Story("danger", 4, {"hotline.main": "1", "hotline.welcome": "1"}, danger=True),
    Story("person", 18, {"hotline.main": PERSON}, hasty=1),
    Story("call_me_back", 4, {"hotline.main": PERSON, "person.offer": "2"}),
    Story("gives_up_in_the_menu", 6, {"hotline.main": LEAVES}),
    Story(
        "gives_up_at_the_account",
        3,
        {"hotline.main": "2", "identify.account": LEAVES, "identify.pin": LEAVES},
    ),
    Story("says_nothing", 4, {"hotline.main": "", "hotline.welcome": ""}),
)
