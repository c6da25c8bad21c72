"""What the log shows of an error: where it happened, and nothing that stood in its variables."""

import sys
from io import StringIO

import pytest
import structlog

from config.settings import LogSettings
from core.logs import set_up_logs


def fail(secret: str) -> None:
    raise ValueError("a broken thing")


@pytest.mark.parametrize("json", [False, True])
def test_a_traceback_shows_no_local_variables(json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    said = StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    try:
        set_up_logs(LogSettings(json=json))
        try:
            fail("hunter" + "2")
        except ValueError:
            structlog.get_logger().exception("it.failed")
    finally:
        structlog.reset_defaults()
    text = said.getvalue()
    assert "it.failed" in text
    assert "a broken thing" in text
    assert "in fail" in text
    assert "hunter2" not in text
