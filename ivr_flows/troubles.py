"""What can go wrong with a caller's visit, told to the integrator: kinds of trouble with a place for what it was about.

The texts are what the log says; pages have them in both languages (`screenpop.words`).
"""

from __future__ import annotations

import msgspec

NO_FLOW = "there is no such flow"
LATE = "{about}: no answer in time"
FAILED = "{about}: failed"
REFUSED = "a service said no: {about}"
NO_PLACE = "no transfer to this {about}"
NO_SOUND = "no sound for {about}"
BROKEN = "the flow broke: {about}"
LINE = "the line to the telephone system broke: {about}"
MOST_ABOUT = 300
"""Characters: an error may bring a caller's text."""


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
