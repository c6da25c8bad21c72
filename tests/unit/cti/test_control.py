"""Actions from checked values: nothing from outside becomes another action, channel or dialplan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from cti import control
from cti.frames import Framer, encode
from cti.vocabulary import AmiRefused, Message, UnsafeValue

ORDER = control.Order("PJSIP/1001", "913912345678", "agents", "ringdesk-1", caller="1001")
BUILT = [
    control.queue_add("service", "PJSIP/1001", "Zhang Wei", True, "lunch"),
    control.queue_remove("service", "PJSIP/1001"),
    control.queue_pause("PJSIP/1001", True, "lunch"),
    control.hangup("PJSIP/1001-00000003"),
    control.originate(ORDER),
    control.blind_transfer("PJSIP/1001-00000003", "1002", "agents"),
    control.attended_transfer("Local/1001@from-queue-00000001;1", "1002", "agents"),
]


@pytest.mark.parametrize("action", BUILT, ids=lambda action: action[0][1])
def test_every_action_is_allowed_with_the_recommended_permissions(action: control.Action) -> None:
    assert control.PERMISSIONS[dict(action)["Action"]] in {"call", "agent", "originate", "reporting"}
    assert b"\r\n\r\n" not in encode(action)[:-4]


def test_nothing_that_is_sent_needs_more_than_the_sample_manager_user_has() -> None:
    assert set(control.PERMISSIONS.values()) <= {"", "call", "agent", "originate", "reporting"}


def test_an_originate_never_blocks_its_session_and_carries_our_channel_id() -> None:
    fields = dict(control.originate(ORDER))
    assert fields["Async"] == "true"
    assert fields["ChannelId"] == "ringdesk-1"
    assert fields["Variable"] == "__RINGDESK_CALL=ringdesk-1"
    assert fields["CallerID"] == "<1001>"
    assert not {"Application", "Data"} & set(fields)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("13912345678", "13912345678"),
        ("+86 139-1234.5678", "+8613912345678"),
        ("*98#", "*98#"),
        ("(021) 5", "0215"),
    ],
)
def test_what_can_be_dialled(text: str, target: str) -> None:
    assert control.dial_target(text) == target


@pytest.mark.parametrize(
    "text",
    ["", "+", "1+1", "abc", "1,2", "1&2", "1\r\n", "1@x", "${X}", "１２", "9" * 33, " " * 10_000, "1/2"],
)
def test_what_cannot_be_dialled(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        control.dial_target(text)
    assert refused.value.details == {"field": "to"}


@pytest.mark.parametrize("channel", ["/^.*$/", "/PJSIP.*/", "", "PJSIP/1\r\nAction: x", "all", "PJSIP/1|x"])
def test_a_channel_is_one_channel_and_no_pattern(channel: str) -> None:
    for build in (control.hangup, lambda name: control.blind_transfer(name, "1002", "agents")):
        with pytest.raises(Invalid):
            build(channel)


@pytest.mark.parametrize(
    "interface", ["PJSIP/1&PJSIP/2", "PJSIP/", "1001", "/x", "Local/1@c,opt", "PJSIP/1\n"]
)
def test_an_interface_is_one_phone(interface: str) -> None:
    with pytest.raises(Invalid):
        control.queue_add("service", interface)


@pytest.mark.parametrize("interface", ["PJSIP/1001", "Local/1001@from-queue/n", "SIP/trunk-a/1001"])
def test_usual_interfaces(interface: str) -> None:
    assert control.interface_of(interface) == interface


@given(st.text(max_size=200))
def test_a_reason_of_any_kind_stays_one_line(reason: str) -> None:
    action = control.queue_pause("PJSIP/1001", True, reason)
    (message,) = Framer().feed(b"\r\n" + encode(action))
    assert set(message.headers) <= {"Action", "Interface", "Paused", "Reason"}
    assert len(message.get_header("Reason")) <= 80


@given(st.text(max_size=60))
def test_no_text_smuggles_a_header_into_an_action(text: str) -> None:
    for build in (
        lambda: control.queue_add(text, text, text),
        lambda: control.hangup(text),
        lambda: control.originate(control.Order(text, text, text, text, text)),
    ):
        try:
            data = encode(build())
        except (Invalid, UnsafeValue):
            continue
        assert data.count(b"Action: ") == 1


def refused(action: str, text: str) -> AmiRefused:
    return AmiRefused(action, Message({"Response": "Error", "Message": text}))


def test_a_denied_permission_names_the_one_that_lacks() -> None:
    assert "write=agent" in control.lacks(refused("QueueAdd", "Permission denied"))
    assert control.lacks(refused("Hangup", "No such channel")) == "Hangup: No such channel"
