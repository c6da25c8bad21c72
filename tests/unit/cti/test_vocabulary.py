"""Our words are those of pyst2: what reads its messages and catches its errors goes on working."""

import pytest
from asterisk.manager import (
    Event,
    ManagerAuthException,
    ManagerException,
    ManagerMsg,
    ManagerSocketException,
)

from cti.frames import to_message
from cti.vocabulary import (
    AmiAuthError,
    AmiError,
    AmiRefused,
    AmiSocketError,
    AmiTimeout,
    Message,
    UnsafeValue,
)

EVENT = b"Event: Hangup\r\nUniqueid: 1.2\r\nCause: 16\r\nActionID: 7"
RESPONSE = b"Response: Error\r\nActionID: 9\r\nMessage: Permission denied"


def pyst2(data: bytes) -> ManagerMsg:
    return ManagerMsg([line + "\r\n" for line in data.decode().split("\r\n")])


@pytest.mark.parametrize("data", [EVENT, RESPONSE])
def test_a_message_reads_like_pyst2s(data: bytes) -> None:
    ours, theirs = to_message(data), pyst2(data)
    assert ours.headers == theirs.headers
    assert ours.data == theirs.data
    for header in ("ActionID", "Cause", "Nothing"):
        assert ours.has_header(header) == theirs.has_header(header)
        assert ours.get_header(header, "else") == theirs.get_header(header, "else")
    assert ours["ActionID"] == theirs["ActionID"]


def test_an_event_reads_like_pyst2s() -> None:
    ours, theirs = to_message(EVENT), Event(pyst2(EVENT))
    assert (ours.name, ours.get_action_id()) == (theirs.name, theirs.get_action_id())
    assert theirs.message.headers == ours.headers


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (AmiError("x"), ManagerException),
        (UnsafeValue("x"), ManagerException),
        (AmiTimeout("x"), ManagerException),
        (AmiSocketError("x"), ManagerSocketException),
        (AmiAuthError("x"), ManagerAuthException),
        (AmiRefused("Originate", Message({})), ManagerException),
    ],
)
def test_our_errors_are_of_pyst2s_family(error: Exception, family: type[Exception]) -> None:
    assert isinstance(error, family)


def test_a_missing_permission_is_told_from_other_refusals() -> None:
    assert AmiRefused("Hangup", to_message(RESPONSE)).permission_denied
    assert not AmiRefused(
        "Hangup", Message({"Response": "Error", "Message": "No such channel"})
    ).permission_denied
