"""The whole server in a process of its own, on a database with customers who have called before."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from pathlib import Path

import msgspec
import sqlalchemy as sa

from bench.parts import Part
from config.settings import DatabaseSettings, IvrSettings, LogSettings, PbxSettings, ServerSettings, Settings
from core import migrate
from core.database import Database
from core.identity import sessions, tables
from core.ids import new_id
from core.logs import set_up_logs
from cti.practice.pbx import SECRET, USERNAME
from cti.practice.people import Person, Town, town
from customers import store
from customers.messages import Address, Grade, NewCustomer, NewPhone
from customers.records import new_record
from server.demo_calls import past_call
from server.settle import settle
from server.site import Site
from server.wiring import House
from ticketing.messages import Actor, NewTicket

PBX = "main"
READY_SECONDS = 30.0


class Opened(msgspec.Struct, frozen=True):
    """A server that is ready: its port, a token for each phone, its customers' numbers."""

    port: int
    tokens: dict[str, str]
    numbers: list[str]


class Server(Part):
    """Ringdesk with `agents` users at the phones 1001 and up, and a town of customers."""

    def __init__(self, pbx_port: int, agents: int, customers: int) -> None:
        self._pbx_port, self._agents, self._customers = pbx_port, agents, customers

    async def start(self) -> Opened:
        set_up_logs(LogSettings(level="error"))
        self._folder = tempfile.TemporaryDirectory(prefix="ringdesk-bench-")
        pbx = PbxSettings(
            PBX,
            port=self._pbx_port,
            username=USERNAME,
            secret=SECRET,
            trunks=("PJSIP/trunk",),
            wrapup={"service": 0.0},
        )
        url = f"sqlite:///{Path(self._folder.name) / 'bench.db'}"
        self._house = House(
            Settings(ServerSettings(port=0), DatabaseSettings(url), (pbx,), IvrSettings(port=0))
        )
        await migrate.upgrade(self._house.db)
        tokens = await _users(self._house.db, self._agents)
        people = town(size=self._customers)
        await _fill(self._house, people)
        await self._house.start()
        self._site = Site(self._house)
        address = await self._site.start()
        settle()
        async with asyncio.timeout(READY_SECONDS):
            while not self._house.switchboard.lines[PBX].up:  # noqa: ASYNC110 - nothing tells of it to us
                await asyncio.sleep(0.01)
        numbers = [person.lines[0].e164.removeprefix("+86") for person in people.people]
        return Opened(int(address.rpartition(":")[2]), tokens, numbers)

    async def stop(self) -> None:
        await self._site.stop()
        await self._house.stop()
        self._folder.cleanup()

    async def events(self) -> int:
        """How many events the link has taken until now."""
        return self._house.switchboard.lines[PBX].link.counters.events

    async def connected(self) -> int:
        """How many browsers are on the live socket."""
        return len(self._house.hub)

    async def tidied_memory(self) -> int:
        """Bytes in use once the garbage is collected."""
        gc.collect()
        return await self.memory()


async def _users(db: Database, count: int) -> dict[str, str]:
    """Agents with a phone and a token each, written in one go: what signing in costs is measured elsewhere."""
    at = time.time()
    phones = [str(1001 + number) for number in range(count)]
    async with db.begin() as tx:
        await tx.execute(sa.insert(tables.users), [_user_row(phone, at) for phone in phones])
        seats = [
            {"pbx": PBX, "interface": f"PJSIP/{phone}", "user": f"agent{phone}", "extension": phone}
            for phone in phones
        ]
        await tx.execute(sa.insert(tables.seats), seats)
        return {phone: await sessions.make_api_token(tx, f"agent{phone}", at) for phone in phones}


def _user_row(phone: str, at: float) -> dict[str, object]:
    return {
        "name": f"agent{phone}",
        "full_name": f"Agent {phone}",
        "role": "agent",
        "language": "",
        "theme": "auto",
        "department": "",
        "active": True,
        "password_hash": "",
        "created_at": at,
    }


async def _fill(house: House, people: Town) -> None:
    """Customers with the calls and tickets that they have had."""
    at = time.time()
    customers = {
        person.account: new_record(new_id(at), _record(person), "CN", at) for person in people.people
    }
    async with house.db.begin() as tx:
        await store.insert(tx, list(customers.values()))
    await house.calls.save_many([past_call(PBX, n, call, {}, at) for n, call in enumerate(people.calls)])
    await house.load_definitions()
    actor = Actor("system", frozenset({"agent"}))
    for ticket in people.tickets:
        new = NewTicket(
            ticket.workflow, ticket.subject, ticket.body, customer_id=customers[ticket.account].id
        )
        await house.tickets.open(actor, new, at - ticket.ago)


def _record(person: Person) -> NewCustomer:
    return NewCustomer(
        name=person.name,
        phones=tuple(NewPhone(number=line.e164, label=line.label) for line in person.lines),
        grade=Grade(person.grade),
        vip=person.vip,
        account=person.account,
        language=person.language,
        address=Address(person.address, person.meter, person.district),
        note=person.note,
    )
