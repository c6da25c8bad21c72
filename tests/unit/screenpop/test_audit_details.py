"""What the audit trail's details say to people."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from screenpop.audit_details import GROUPS, LABELS, LEFT_OUT, Said, Value, told
from screenpop.words import WORDS

SHOWN_BY_THE_PAGE = {"", "moment", "person", "phone", "hundredths", "event", "state", "clock"}


def said(action: str, details: dict[str, Any]) -> list[tuple[str, list[Any], list[Any]]]:
    return [
        (one.label, [v.what for v in one.values], [v.what for v in one.before])
        for one in told(action, details)
    ]


def test_what_programs_need_is_left_out() -> None:
    assert told("ticket.fire", {"event": "urge", "state": "reported", "version": 2}) == [
        Said("Step", (Value("urge", "event"),)),
        Said("State", (Value("reported", "state"),)),
    ]
    assert told("agent.pause", {"queues": ["emergency", "service"], "paused": True, "reason": "lunch"}) == [
        Said("Queues", (Value("emergency", "queue"), Value("service", "queue"))),
        Said("Reason", (Value("lunch", "pause"),)),
    ]
    assert told("pin.set", {}) == []
    assert said("customer.note", {"note": "01m8", "text": "calls for her mother"}) == [
        ("Text", ["calls for her mother"], [])
    ]


def test_a_reason_is_worded_by_what_it_is_about() -> None:
    for action, reason, group in (
        ("session.refused", "wrong", "refusal"),
        ("callback.waiting", "no_answer", "callback_reason"),
        ("agent.pause", "lunch", "pause"),
    ):
        (one,) = told(action, {"reason": reason})
        assert one.values == (Value(reason, group),)
        assert reason in WORDS[group]


def test_changes_say_what_it_was() -> None:
    before = {
        "phones": [{"e164": "+8613800138000", "label": "", "shared": False}],
        "address": None,
        "vip": False,
    }
    after = {
        "phones": [*before["phones"], {"e164": "+861061234567", "label": "home", "shared": True}],  # type: ignore[misc]
        "address": {"text": "Harbour Road 1", "meter": "", "district": "Harbour"},
        "vip": True,
    }
    assert said("customer.change", {"before": before, "after": after}) == [
        ("Numbers", ["+8613800138000", "+861061234567"], ["+8613800138000"]),
        ("Address", ["Harbour Road 1", "Harbour"], []),
        ("VIP", [True], [False]),
    ]
    assert said("account.put", {"balance": [None, -8820], "due": ["2026-12-01", "2026-12-10"]}) == [
        ("Balance", [-8820], []),
        ("Due", ["2026-12-10"], ["2026-12-01"]),
    ]


def test_long_lists_of_ids_are_counted() -> None:
    assert said("customer.import", {"created": ["a", "b", "c"]}) == [("New customers", [3], [])]


@pytest.mark.parametrize("shown", sorted({*(how for _, how in LABELS.values()), *GROUPS.values()}))
def test_each_way_to_show_a_value_is_there(shown: str) -> None:
    assert shown in SHOWN_BY_THE_PAGE or shown in WORDS


def test_whatever_is_written_beside_an_action_has_a_label() -> None:
    """Keys of the dictionaries that stand in the calls that write rows; a new one is noticed here."""
    found: set[str] = set()
    for room in ("core", "cti", "customers", "ticketing", "ivr_flows", "server"):
        for path in Path(room).rglob("*.py"):
            text = path.read_text()
            if not re.search(r"audit\.(?:record|entry)\(|self\._note\(asked,", text):
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                    "audit.record",
                    "audit.entry",
                    "self._note",
                ):
                    for given in node.args:
                        if isinstance(given, ast.Dict):
                            found |= {key.value for key in given.keys if isinstance(key, ast.Constant)}  # type: ignore[misc]
                if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
                    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                    if ast.unparse(target) == "details":
                        found |= {key.value for key in node.value.keys if isinstance(key, ast.Constant)}  # type: ignore[misc]
    assert len(found) > 15
    assert found - set(LABELS) - LEFT_OUT - {"before", "after"} == set()
