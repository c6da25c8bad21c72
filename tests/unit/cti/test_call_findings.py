"""Where a test call stopped, from what was heard of it; what Asterisk cannot be made to do at will."""

from __future__ import annotations

import msgspec
import pytest

from cti.call_findings import Heard, judge_call
from cti.events import Member
from cti.findings import Level
from cti.journal.records import Noted

FREE = Member("service", "PJSIP/1001", status=1)
RUNG = Heard(
    "4001",
    "from-trunk",
    15.0,
    exists=True,
    told=True,
    joined="service",
    members=(FREE,),
    called={"PJSIP/1001": "anna"},
    notes=(Noted(1.0, "pop", "main-x", "anna", {"browsers": "2"}),),
    url="http://127.0.0.1:8080",
)


def last(**changes: object) -> tuple[Level, str]:
    finding = judge_call(msgspec.structs.replace(RUNG, **changes))[-1]
    return finding.level, finding.what


def test_all_the_way() -> None:
    found = judge_call(RUNG)
    assert {finding.level for finding in found} == {Level.OK}
    assert len(found) == 5


@pytest.mark.parametrize(
    ("changes", "level", "what"),
    [
        ({"refused": "No such context"}, Level.PROBLEM, "No test call to 4001@from-trunk: No such context"),
        ({"told": False, "exists": False}, Level.PROBLEM, "The test call was over before it was seen"),
        (
            {"joined": "", "ended": True},
            Level.PROBLEM,
            "The call is over: 4001@from-trunk does not lead into a queue",
        ),
        ({"called": {}}, Level.PROBLEM, "No phone of service was rung within 15 s"),
        (
            {"notes": (), "server": "its link is down"},
            Level.PROBLEM,
            "The card was not shown: its link is down",
        ),
        ({"notes": ()}, Level.PROBLEM, "No card was sent to anna"),
        ({"notes": (), "watched": False}, Level.NOTE, "Whether anna saw a card could not be seen"),
    ],
)
def test_where_it_stopped(changes: dict[str, object], level: Level, what: str) -> None:
    assert last(**changes) == (level, what)


def test_of_two_phones_each_is_judged() -> None:
    found = judge_call(msgspec.structs.replace(RUNG, called={"PJSIP/1009": "", "PJSIP/1001": "anna"}))
    assert [finding.level for finding in found[3:]] == [Level.PROBLEM, Level.OK, Level.OK]
