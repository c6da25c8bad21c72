"""The words of AGI as pyst2 coined them: its errors, so that scripts written for it keep reading."""

from __future__ import annotations

from asterisk.agi import (
    AGIAppError,
    AGIDBError,
    AGIError,
    AGIException,
    AGIHangup,
    AGIInvalidCommand,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    AGIUnknownError,
    AGIUsageError,
)

__all__ = [
    "AGIAppError",
    "AGIDBError",
    "AGIError",
    "AGIException",
    "AGIHangup",
    "AGIInvalidCommand",
    "AGIResultHangup",
    "AGISIGHUPHangup",
    "AGISIGPIPEHangup",
    "AGITimeout",
    "AGIUnknownError",
    "AGIUsageError",
    "ProtocolError",
    "UnsafeArgument",
]


class AGITimeout(AGIError):  # type: ignore[misc]  # pyst2 has no types
    """Asterisk did not answer a command in time: the line is taken for dead."""


class ProtocolError(AGIError):  # type: ignore[misc]  # pyst2 has no types
    """The other side does not speak AGI, or too much of it."""


class UnsafeArgument(ValueError):
    """An argument has what no command may carry: a line end, a NUL, or more than Asterisk reads."""
