"""A gas utility's customers in an invented city: who calls the practice PBX, and what the demo knows about them.

Deterministic: the same seed gives the same town. Plain data; the demo makes records of it.
"""

from __future__ import annotations

import random

import msgspec

from cti.practice import names

SEED = 2026
CUSTOMERS = 200
SHARED_LINES = 9
"""Lines that several customers have in common."""


class Line(msgspec.Struct, frozen=True):
    """A phone in E.164."""

    e164: str
    label: str
    shared: bool = False


class Person(msgspec.Struct, frozen=True):
    """A customer: account and meter numbers are unique in the town."""

    account: str
    name: str
    grade: str
    vip: bool
    language: str
    address: str
    district: str
    meter: str
    lines: tuple[Line, ...]
    email: str = ""
    note: str = ""

    @property
    def pin(self) -> str:
        """What the phone menu asks for. Invented like all else, and easy to find out: nothing real is behind it."""
        return f"{int(self.account) * 7919 % 1_000_000:06d}"


class PastCall(msgspec.Struct, frozen=True):
    """A call of some time ago; seconds. `outcome`: answered or abandoned; `extension` who answered."""

    account: str
    number: str
    ago: float
    queue: str
    extension: str
    wait: float
    talk: float
    outcome: str


class PastTicket(msgspec.Struct, frozen=True):
    """A ticket opened `ago` seconds ago. `workflow`: complaint, repair, inquiry."""

    account: str
    workflow: str
    subject: str
    body: str
    category: str
    priority: str
    ago: float


class Town(msgspec.Struct, frozen=True):
    people: tuple[Person, ...]
    calls: tuple[PastCall, ...]
    tickets: tuple[PastTicket, ...]


def town(seed: int = SEED, size: int = CUSTOMERS) -> Town:
    """The town of that seed: its customers, their calls of the last weeks and their open tickets."""
    rng = random.Random(seed)  # noqa: S311 - a game, not a secret
    numbers = _Numbers(rng)
    people = [_person(rng, numbers, index) for index in range(size)]
    for _ in range(min(SHARED_LINES, size // 10)):
        people = _share(rng, numbers, people)
    return Town(tuple(people), tuple(_calls(rng, people)), tuple(_tickets(rng, people)))


class _Numbers:
    """Numbers that look real and whose last eight digits do not repeat, so that no two customers are mixed up."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def mobile(self) -> str:
        prefix = self._rng.choice(("135", "136", "138", "139", "150", "158", "186", "187", "189"))
        return f"+86{prefix}{self._fresh(8, '0123456789')}"

    def landline(self) -> str:
        return f"+86571{self._fresh(8, '8')}"

    def _fresh(self, length: int, first: str) -> str:
        while True:
            text = self._rng.choice(first) + "".join(self._rng.choices("0123456789", k=length - 1))
            if text[-8:] not in self._taken:
                self._taken.add(text[-8:])
                return text


def _person(rng: random.Random, numbers: _Numbers, index: int) -> Person:
    english, firm = rng.random() < 0.08, rng.random() < 0.12
    if firm:
        name = rng.choice(names.FIRMS).format(place=rng.choice(names.PLACES))
    elif english:
        name = f"{rng.choice(names.ENGLISH_GIVEN)} {rng.choice(names.ENGLISH_FAMILY)}"
    else:
        name = rng.choice(names.FAMILY) + rng.choice(names.GIVEN)
    district, streets = rng.choice(names.DISTRICTS)
    lines = [Line(numbers.landline(), "office") if firm else Line(numbers.mobile(), "mobile")]
    if rng.random() < 0.3:
        lines.append(Line(numbers.mobile(), "mobile") if firm else Line(numbers.landline(), "home"))
    grade = rng.choices("ABC", (15, 35, 50))[0]
    door = (
        ""
        if firm
        else f"{rng.randint(1, 28)}幢{rng.randint(1, 3)}单元{rng.randint(1, 18)}0{rng.randint(1, 4)}室"
    )
    return Person(
        account=f"88{20100000 + index * 37 + rng.randrange(37)}",
        name=name,
        grade=grade,
        vip=grade == "A" and rng.random() < 0.4,
        language="en" if english and not firm else "zh",
        address=f"临澜市{district}{rng.choice(streets)}{rng.randint(1, 399)}号{door}",
        district=district,
        meter=f"G{4 if firm else 2}{rng.randrange(10**7):07d}{index:03d}",
        lines=tuple(lines),
        email=f"user{index}@example.com" if rng.random() < 0.25 else "",
        note=rng.choice(names.NOTES) if rng.random() < 0.2 else "",
    )


def _share(rng: random.Random, numbers: _Numbers, people: list[Person]) -> list[Person]:
    """Give two to four neighbours one more line in common: a property office, a shop, a family."""
    first = rng.randrange(len(people) - 4)
    line = Line(numbers.landline(), rng.choice(("property office", "family", "shop")), shared=True)
    chosen = range(first, first + rng.randint(2, 4))
    return [
        msgspec.structs.replace(person, lines=(*person.lines, line)) if index in chosen else person
        for index, person in enumerate(people)
    ]


def _calls(rng: random.Random, people: list[Person]) -> list[PastCall]:
    found = []
    for person in people:
        for _ in range(rng.choices((0, 1, 2, 4), (45, 30, 17, 8))[0]):
            answered = rng.random() < 0.9
            emergency = rng.random() < 0.12
            call = PastCall(
                account=person.account,
                number=person.lines[0].e164,
                ago=rng.uniform(0.2, 45) * 86400,
                queue="emergency" if emergency else "service",
                extension=str(rng.randint(1002, 1005)) if answered else "",
                wait=round(rng.uniform(3, 60), 1),
                talk=round(rng.uniform(35, 420), 1) if answered else 0.0,
                outcome="answered" if answered else "abandoned",
            )
            found.append(call)
    return sorted(found, key=lambda call: -call.ago)


def _tickets(rng: random.Random, people: list[Person]) -> list[PastTicket]:
    found = []
    for person in rng.sample(people, len(people) // 5):
        workflow, category, priority, subject, body = rng.choice(names.TICKETS)
        text = body.format(address=person.address, meter=person.meter)
        ago = rng.uniform(0.05, 6) * 86400
        found.append(PastTicket(person.account, workflow, subject, text, category, priority, ago))
    return sorted(found, key=lambda ticket: -ticket.ago)
