"""What can go wrong with a caller's visit, told to the integrator: kinds of trouble with a place for what it was about.

The texts are what the log says; pages have them in both languages (`screenpop.words`).
"""

from __future__ import annotations

import msgspec

from ivr_flows.agi.words import AGIAppError, AGIError, AGIInvalidCommand, AGIUnknownError, AGIUsageError
from ivr_flows.line import Unheard

NO_FLOW = "there is no such flow"
LATE = "{about}: no answer in time"
FAILED = "{about}: failed"
REFUSED = "a service said no: {about}"
NO_PLACE = "no transfer to this {about}"
NOT_DIALLED = "no transfer to this number: {about}"
NOT_TAKEN = "nobody took the caller there, who went on to the queue {about}"
NO_SOUND = "no sound for {about}"
BROKEN = "the flow broke: {about}"
NOT_DONE = "the telephone system refused: {about}"
LINE = "the line to the telephone system broke: {about}"
NOT_FREE = "that agent is not free"
"""No trouble; kept with the visit."""
MOST_ABOUT = 300
"""Characters: an error may bring a caller's text."""


REFUSALS = (AGIAppError, AGIInvalidCommand, AGIUnknownError, AGIUsageError)
"""Asterisk is there, and does not do what it was told."""


class Trouble(msgspec.Struct, frozen=True):
    """Something that an integrator has to know. `kind` is one of the texts above, or the engine's own; `about` fills
    its place and is ours, never the caller's text."""

    at: float
    flow: str
    node: str
    call_id: str
    kind: str
    about: str = ""

    @property
    def what(self) -> str:
        """It in English."""
        return self.kind.replace("{about}", self.about)


def of(error: Exception) -> tuple[str, str]:
    """The kind of trouble that an error in the midst of a visit is, and what it was about."""
    if isinstance(error, Unheard):
        return NO_SOUND, str(error)
    if isinstance(error, REFUSALS):
        return NOT_DONE, str(error)
    return (LINE, str(error)) if isinstance(error, AGIError) else (BROKEN, short(error))


def short(error: Exception) -> str:
    """An error without what a database puts below it: the statement, and what a caller may have typed."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
