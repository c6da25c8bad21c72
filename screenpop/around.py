"""What the popper stands on: the hub, where records and agents' work come from, and what renders a card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from core.clock import Clock
from core.tasks import Tasks
from screenpop.handing import Person
from screenpop.hub import Hub
from screenpop.lookups import Records
from screenpop.pops import Pop, PopCallback, PopIvr, StateLabel
from screenpop.work import Work


class Works(Protocol):
    """Where pops see what agents wrote in a call, and who hears which of it is on a desk."""

    def of_call(self, call_id: str) -> Mapping[str, Work]: ...

    def chosen_of(self, call_id: str) -> tuple[str, str]: ...

    def shown(self, call_id: str, user: str) -> None: ...

    def put_away(self, call_id: str, user: str) -> None: ...


class Renderer(Protocol):
    """Turns a pop into the card that travels inside the event."""

    def __call__(self, pop: Pop, language: str) -> str: ...


@dataclass(frozen=True)
class Around:
    """What the popper stands on; `deadline` is in seconds."""

    hub: Hub
    records: Records
    works: Works
    person: Person
    render: Renderer
    state_label: Callable[[str], StateLabel]
    clock: Clock
    tasks: Tasks
    deadline: float = 1.5
    default_language: str = "en"
    callback_of: Callable[[str], PopCallback | None] = lambda _: None
    """What a call that the server has started was asked for by the caller, by the call's id."""
    ivr_of: Callable[[str, float], PopIvr | None] = lambda *_: None
    """What the caller did in the phone menu before an offer, by the call's id and the time of the offer."""
