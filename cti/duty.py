"""What the server owns about an agent: which queues it serves, and whether it takes a break."""

from __future__ import annotations

import msgspec


class Duty(msgspec.Struct, frozen=True):
    """An agent's duty. The PBX's queue members are made to follow it, never the other way round.

    No queues: signed out. `since` is epoch seconds of the last change of `queues`, `paused` or `reason`.
    """

    user: str
    queues: tuple[str, ...] = ()
    paused: bool = False
    reason: str = ""
    since: float = 0.0

    @property
    def signed_in(self) -> bool:
        """Whether the agent serves any queue."""
        return bool(self.queues)
