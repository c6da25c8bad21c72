"""Masking: no caller's number or name is left, what belongs together still does, what explains things stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.frames import Framer
from cti.journal.files import records_in
from cti.journal.mask import Masker
from cti.journal.records import Ami, AnyRecord, Event, Head, Rules, ami_of, message_of
from cti.journal.replay import Replay
from cti.journal.report import report
from cti.messages import Seat
from tests.unit.cti.board_help import SEATS, TRACES

KEY = b"k" * 32
NUMBER = "13800138000"
ALL = sorted(TRACES.glob("*.ami"))


def masker(*seats: Seat, prefix: str = "9") -> Masker:
    return Masker(KEY, [prefix], seats)


def one(header: str, value: str, *seats: Seat) -> str:
    return masker(*seats).ami(((header, value),))[0][1]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("CallerIDNum", NUMBER),
        ("CallerIDNum", "+86 138-0013-8000"),
        ("CallerIDNum", "sip.user"),
        ("DestConnectedLineNum", NUMBER),
        ("CallerIDName", "Li Na"),
        ("ConnectedLineName", NUMBER),
        ("Exten", NUMBER),
        ("DialString", f"{NUMBER}@trunk"),
        ("Channel", f"Local/{NUMBER}@from-queue-00000001;1"),
        ("TransfereeChannel", f"SIP/{NUMBER}-0000001a"),
        ("ApplicationData", f"PJSIP/{NUMBER}@trunk,60"),
        ("ChanVariable", "CUSTOMER=Li Na"),
        ("SomethingNew", f"tel:{NUMBER}"),
        ("AccountCode", "Li"),
        ("Message", f"no such number {NUMBER}"),
    ],
)
def test_personal_data_goes(header: str, value: str) -> None:
    shown = one(header, value)
    for secret in (NUMBER, "138-0013", "Li", "sip.user"):
        assert secret not in shown
    assert shown


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("CallerIDNum", "1001"),
        ("CallerIDNum", "95598"),
        ("CallerIDNum", "<unknown>"),
        ("CallerIDNum", "anonymous"),
        ("CallerIDName", ""),
        ("Exten", "4001"),
        ("Channel", "PJSIP/trunk-00000000"),
        ("Channel", "PJSIP/1001-12345678"),
        ("Uniqueid", "1795324427.0"),
        ("DestLinkedid", "pbx-1795324427.17"),
        ("BridgeUniqueid", "12345678-1234-1234-1234-123456789012"),
        ("Interface", "PJSIP/1001"),
        ("MemberName", "Wang Fang"),
        ("LastCall", "1795324427"),
        ("ChanVariable", "RINGDESK_CALL=1795324427.0"),
        ("Queue", "service"),
    ],
)
def test_what_explains_stays(header: str, value: str) -> None:
    assert one(header, value) == value


def test_an_agent_whose_phone_is_a_mobile_keeps_its_number() -> None:
    seat = Seat("li", "Li", "main", f"Local/{NUMBER}@from-queue/n", NUMBER)
    assert one("Interface", seat.interface, seat) == seat.interface
    assert one("CallerIDNum", NUMBER, seat) == NUMBER


def test_the_same_number_has_the_same_token_wherever_it_stands_with_and_without_the_prefix() -> None:
    it = masker()
    token = it.number(NUMBER)
    assert re.fullmatch(r"x[0-9a-f]{10}", token)
    assert it.runs(f"PJSIP/{NUMBER}@trunk") == f"PJSIP/{token}@trunk"
    assert it.number(f"9{NUMBER}") == f"9{token}"
    assert it.number("13800138001") != token
    assert masker().number(NUMBER) == token
    assert Masker(b"other", ["9"]).number(NUMBER) != token


def trace(path: Path, it: Masker | None = None) -> Iterator[AnyRecord]:
    rules = Rules("main", ("PJSIP/trunk",), "9")
    yield Head(0.0, 1, "test", "mask", (rules,), SEATS)
    for record in records_in(path):
        yield record if it is None else it.record(record)


def told(records: Iterator[AnyRecord]) -> list[str]:
    it = Replay()
    for record in records:
        it.take(record)
    return list(report(it))


PERSONAL = re.compile(r"x[0-9a-f]{10}|n[0-9a-f]{10}|\d{7,}(?![.\d])|Li Na")


@pytest.mark.parametrize("path", ALL, ids=[path.stem for path in ALL])
def test_a_masked_journal_makes_the_same_calls(path: Path) -> None:
    plain, masked = told(trace(path)), told(trace(path, masker(*SEATS)))
    assert len(plain) == len(masked)
    for one, other in zip(plain, masked, strict=True):
        if ", from " not in one:  # the line with number and name
            assert one == other
    assert [line.partition(", from ")[2].rpartition(", queue")[2] for line in plain] == [
        line.partition(", from ")[2].rpartition(", queue")[2] for line in masked
    ] or not any("queue" in line for line in plain)


@pytest.mark.parametrize("path", ALL, ids=[path.stem for path in ALL])
def test_no_number_of_a_recorded_session_is_left(path: Path) -> None:
    it = masker(*SEATS)
    seen: set[str] = set()
    for record in trace(path, it):
        if isinstance(record, Event):
            for key, value in record.ami:
                if not key.casefold().endswith(
                    ("uniqueid", "linkedid", "lastcall", "lastpause", "logintime")
                ):
                    seen.update(re.findall(r"(?<!-)(?<!=)\b\d{7,}\b(?!\.)", value))
                assert "Li Na" not in value
    assert seen == set()


def test_a_message_survives_being_kept() -> None:
    raw = b"Event: X\r\nChanVariable: A=1\r\nChanVariable: B=2\r\nQueue: s\r\n\r\n"
    (message,) = Framer().feed(b"Asterisk Call Manager/11.0.0\r\n" + raw)
    again = message_of(ami_of(message))
    assert again.values("ChanVariable") == ["A=1", "B=2"]
    assert again.headers == message.headers
    plain: Ami = (("Event", "Y"),)
    assert ami_of(message_of(plain)) == plain
