"""Events that a caller has forged. Pure.

Asterisk writes the number of a SIP caller into its events as it came, after unescaping the URI: a caller whose
number is `138%0d%0a%0d%0aEvent%3a%20Hangup…` ends the event about itself and begins another one. Seen on Asterisk
16.28 and 22.10. Names are escaped, and a number is cut after 79 bytes (AST_CHANNEL_NAME), so that nobody can write the
ten lines that follow a number in a true event, always the same ones in the same order
(ast_manager_build_channel_state_string_prefix of main/manager_channels.c): where one of them is missing, the caller has
written into the event.
"""

from __future__ import annotations

import re

_AFTER = (
    *("CallerIDName", "ConnectedLineNum", "ConnectedLineName", "Language", "AccountCode", "Context", "Exten"),
    *("Priority", "Uniqueid", "Linkedid"),
)
_WRITTEN_INTO = re.compile(
    (r"CallerIDNum: (?![^\r]*\r\n" + r"[^\r]*\r\n".join(rf"\w*{name}: " for name in _AFTER) + ")").encode()
)
_OTHERWISE = (b"Event: OriginateResponse\r", b"Event: QueueEntry\r")
"""They have a number and no channel's lines after it; both are told by what only Asterisk knows: our ActionID."""


def forged(part: bytes) -> bool:
    """Whether a caller has written into this message, or begun it: what follows it is not to be believed either."""
    return _WRITTEN_INTO.search(part) is not None and not part.startswith(_OTHERWISE)
