"""The phone menu of the demo: flows to change at will, PINs, and prompts that nobody hears but that take their time."""

from __future__ import annotations

import asyncio
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog
from argon2 import PasswordHasher

from config.files import shipped_flows
from config.settings import Settings
from core.errors import Invalid, NotFound
from cti.practice.people import Person
from customers.pins.service import Pins
from ivr_flows.messages import Caller, Language, Piece
from server.ivr_tickets import keys_of
from server.wiring import House
from ticketing.messages import TicketFilter

log = structlog.get_logger(__name__)
FLOWS, RECORDINGS, CONFIG = "flows", "recordings", "ringdesk.toml"
PACE = 0.45
"""A demo's prompts take so much of the time that they would take spoken: nobody listens."""
SECOND = {Language.EN: 14.0, Language.ZH: 4.5}
"""Characters spoken in a second."""
LOOK_SECONDS = 1.0
KEPT = 2_000
MOST_TICKETS = 500
SHIPPED_HOURS, ALWAYS_OPEN = "{calendar: default}", "{calendar: always}"


class TimedVoice:
    """See `ivr_flows.messages.Voice`. It makes no sound: a piece is a name, and how long it would be heard."""

    def __init__(self) -> None:
        self._lengths: OrderedDict[str, float] = OrderedDict()

    async def sounds(self, pieces: tuple[Piece, ...]) -> tuple[str, ...]:
        return tuple(self._named(piece) for piece in pieces)

    def _named(self, piece: Piece) -> str:
        seconds = round(max(0.3, len(piece.text) / SECOND[piece.language] * PACE), 2)
        name = f"demo/{piece.name or piece.said.value}.{piece.language.value}"
        name = name if piece.name else f"{name}.{round(seconds * 100)}"
        self._lengths[name] = seconds
        if len(self._lengths) > KEPT:
            self._lengths.popitem(last=False)
        return name

    def length(self, name: str) -> float | None:
        """Seconds of a name that was given out."""
        return self._lengths.get(name)

    def not_played(self, sound: str, caller: Caller) -> None:
        """Nothing to be told: no file is missing."""


def furnish(folder: Path) -> None:
    """Give the demo flows of its own, those that are shipped, in an office that never closes: the callers come at any
    hour. Flows that are there already are the visitor's, and stay."""
    (folder / RECORDINGS).mkdir(exist_ok=True)
    flows = folder / FLOWS
    if flows.exists():
        return
    shutil.copytree(shipped_flows(), flows)
    person = flows / "person.yaml"
    person.write_text(person.read_text("utf-8").replace(SHIPPED_HOURS, ALWAYS_OPEN), "utf-8")


def settings_text(settings: Settings, folder: Path, agi_port: int) -> str:
    """A settings file for other commands beside a running demo: `ringdesk check --config .demo/ringdesk.toml`."""
    pbx, there = settings.pbx[0], folder.absolute()
    return f"""\
# Written by `ringdesk demo` at each start, for other commands beside it.
[database]
url = "sqlite:///{there}/demo.db"
[[pbx]]
name = "{pbx.name}"
port = {pbx.port}
username = "{pbx.username}"
secret = "{pbx.secret}"
trunks = ["PJSIP/trunk"]
outside_prefix = "{pbx.outside_prefix}"
[ivr]
port = {agi_port}
[paths]
flows = "{FLOWS}"
[recordings]
folder = "{there}/{RECORDINGS}"
[journal]
directory = "{there}/journal"
"""


async def give_pins(house: House, people: Iterable[Person], now: float) -> None:
    """Every account that has none its PIN, hashed cheaply: two hundred hashes of the usual cost are ten seconds, and
    these guard nothing."""
    pins = Pins(house.db, house.settings.ivr.pin, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    for person in people:
        try:
            if (await pins.state(person.account, now)).set_at is not None:
                continue
            await pins.set("demo", person.account, person.pin, now)
        except Invalid:  # one in some thousands is too easy
            continue


async def open_tickets(house: House) -> Mapping[str, str]:
    """By account, the digits that its customer keys for an open ticket: the newest."""
    found: dict[str, str] = {}
    for ticket in await house.tickets.list(TicketFilter(open=True), MOST_TICKETS):
        try:
            customer = await house.customers.get(ticket.customer_id) if ticket.customer_id else None
        except NotFound:
            continue
        if customer is not None and customer.account:
            found.setdefault(customer.account, keys_of(ticket.number))
    return found


class FlowsFollowed:
    """Takes over changed flows as soon as they are saved, which `ringdesk serve` does on SIGHUP."""

    def __init__(self, house: House, folder: Path) -> None:
        self._house, self._folder = house, folder / FLOWS
        self._before = _stamp(self._folder)

    async def look(self) -> str:
        """One look; what has come of a change, empty where there is none."""
        now = await asyncio.to_thread(_stamp, self._folder)
        if now == self._before:
            return ""
        self._before = now
        if await self._house.flows.load():
            return "The changed flows are in force for the next caller."
        return "The changed flows cannot be used, those before go on: " + "; ".join(
            self._house.flows.problems
        )

    async def run(self, told: Callable[[str], None]) -> None:
        """Look every second."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if said := await self.look():
                told(said)


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    found = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            stat = path.stat()
        except OSError:  # an editor is writing it anew
            continue
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(found)
