"""What the doctor makes of a dialplan: contexts, extensions, queues, and where AGI() leads."""

import pytest

from cti import dialplan_findings as d
from cti.dialplan_findings import FlowPort
from cti.findings import Level
from cti.vocabulary import Message

OURS = FlowPort("127.0.0.1", 4573)
SAMPLE = "${RINGDESK_AGI}/${EXTEN}?token=${RINGDESK_TOKEN}"
AGI = "agi://127.0.0.1:4573"
SECRET = "secret-of-ours"


@pytest.mark.parametrize(("found", "level"), [(True, Level.OK), (False, Level.PROBLEM), (None, Level.NOTE)])
def test_the_dial_context(found: bool | None, level: Level) -> None:
    assert d.judge_context("agents", found).level is level


def test_the_steps_of_a_context_and_their_variables() -> None:
    steps = [
        Message({"Application": "Set", "AppData": "X=${Y}"}),
        Message({"Application": "AGI", "AppData": SAMPLE}),
        Message({"Application": "AGI", "AppData": SAMPLE}),
        Message({"Application": "Agi", "AppData": "${FILTER(a,${EXTEN})}${RINGDESK_AGI}/x"}),
    ]
    calls = d.agi_calls(steps)
    assert len(calls) == 2
    assert d.variables(calls) == ("RINGDESK_AGI", "RINGDESK_TOKEN")


THROUGH = Message({"Application": "Goto", "AppData": "ringdesk-dial,${RINGDESK_TO},1"})
NOWHERE = Message({"Application": "Set", "AppData": "TRANSFER_CONTEXT=ringdesk-nowhere"})


COMES_BACK = Message({"Application": "Dial", "AppData": "PJSIP/${RINGDESK_TO:1}@${TRUNK},30"})
LOST, AT_OUR_COST = "are hung up on where", "can dial on"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        pytest.param([THROUGH], [LOST, AT_OUR_COST], id="the first sample"),
        pytest.param([NOWHERE, THROUGH], [LOST], id="the second"),
        pytest.param([NOWHERE, COMES_BACK], [], id="the sample"),
        pytest.param([Message({"Application": "Queue", "AppData": "service,t"})], [], id="no numbers"),
    ],
)
def test_what_befalls_callers_who_are_put_through(steps: list[Message], told: list[str]) -> None:
    found = d.judge_put_through("ringdesk-ivr", steps)
    assert len(found) == len(told)
    assert all(words in one.what for words, one in zip(told, found, strict=True))


def test_the_queue_of_callers_whom_nobody_else_takes() -> None:
    steps = [NOWHERE, Message({"Application": "Set", "AppData": "RINGDESK_ELSE=service"})]
    assert d.last_queue(steps) == "service"
    assert d.last_queue([Message({"Application": "Set", "AppData": "RINGDESK_ELSE=${X}"})]) == ""
    (told,) = d.judge_queue_names("RINGDESK_ELSE", ["service"], ["emergency"], "extensions.conf")
    assert told.fix.startswith("Correct extensions.conf")


def told(address: str, ours: FlowPort = OURS, pbx_host: str = "127.0.0.1", token: str = "") -> str:
    """What is said of an address that the sample's variable holds; empty where all is well."""
    values = {"RINGDESK_AGI": address, "RINGDESK_TOKEN": token}
    (finding,) = d.judge_flow_port("ringdesk-ivr", [SAMPLE], values, ours, pbx_host)
    assert SECRET not in f"{finding}"
    return "" if finding.level is Level.OK else finding.what


@pytest.mark.parametrize(
    ("address", "ours", "pbx_host"),
    [
        (AGI, OURS, "127.0.0.1"),
        ("agi://localhost:4573", OURS, "localhost"),
        ("agi://127.0.0.1", OURS, "::1"),
        ("agi://[::1]:4573", FlowPort("::1", 4573), "::1"),
        (AGI, FlowPort("0.0.0.0", 4573), "127.0.0.1"),
        ("agi://192.0.2.1:4573", FlowPort("0.0.0.0", 4573), "192.0.2.9"),
        ("agi://192.0.2.1:4573", FlowPort("192.0.2.1", 4573), "192.0.2.9"),
        ("agi://desk.example:4573", FlowPort("192.0.2.1", 4573), "192.0.2.9"),
    ],
)
def test_an_address_that_leads_to_us(address: str, ours: FlowPort, pbx_host: str) -> None:
    assert told(address, ours, pbx_host) == ""


@pytest.mark.parametrize(
    ("ours", "levels"),
    [
        (OURS, []),
        (FlowPort("::1", 4573), []),
        (FlowPort("192.0.2.1", 4573), [Level.WARNING]),
        (FlowPort("0.0.0.0", 4573), [Level.WARNING]),
        (FlowPort("0.0.0.0", 4573, SECRET), []),
    ],
)
def test_a_port_for_other_machines_asks_for_a_token(ours: FlowPort, levels: list[Level]) -> None:
    assert [one.level for one in d.judge_token(ours)] == levels


@pytest.mark.parametrize(
    ("address", "ours", "pbx_host", "part"),
    [
        (
            "agi://127.0.0.1:4999",
            OURS,
            "127.0.0.1",
            "at 127.0.0.1:4999, and they are served at 127.0.0.1:4573",
        ),
        ("agi://192.0.2.1:4573", OURS, "192.0.2.9", "looks for flows at 192.0.2.1"),
        (AGI, FlowPort("0.0.0.0", 4573), "192.0.2.9", "looks for flows at 127.0.0.1"),
        ("agi://192.0.2.7:4573", FlowPort("192.0.2.1", 4573), "192.0.2.9", "looks for flows at 192.0.2.7"),
        ("", OURS, "127.0.0.1", "is no address: '/${EXTEN}'"),
        ("agi://127.0.0.1:many", OURS, "127.0.0.1", "is no address"),
    ],
)
def test_an_address_that_leads_elsewhere(address: str, ours: FlowPort, pbx_host: str, part: str) -> None:
    assert part in told(address, ours, pbx_host)


def test_the_token_is_compared_and_never_shown() -> None:
    ours = FlowPort("127.0.0.1", 4573, SECRET)
    assert told(AGI, ours, token=SECRET) == ""
    assert "another token" in told(AGI, ours, token="other")
    assert "another token" in told(AGI, ours)
    assert told(AGI, token="nobody asks for it") == ""
    assert "no address" in told("nowhere", ours, token=SECRET)


def test_a_context_that_leads_into_flows_by_another_one() -> None:
    (finding,) = d.judge_flow_port("mine", [], {}, OURS, "127.0.0.1")
    assert finding.level is Level.NOTE


def test_queues_that_settings_name_and_the_pbx_lacks() -> None:
    (finding,) = d.judge_queue_names("wrapup", {"service": 10, "servce": 3}, ["service", "emergency"])
    assert finding.what == "wrapup names the queue servce, which this PBX does not have"
    assert "emergency, service" in finding.why


def test_many_extensions_that_lack_are_one_line() -> None:
    assert d.judge_extensions("agents", {}) == []
    (finding,) = d.judge_extensions("agents", {f"10{n}": "li" for n in range(10, 22)})
    assert finding.what.endswith("and 4 more")
