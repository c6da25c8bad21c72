"""The demo: a gas utility with customers, a history, and callers who ring without end. All of it is invented."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from config.settings import (
    CallbackSettings,
    DatabaseSettings,
    DeskSettings,
    IvrSettings,
    JournalSettings,
    PathSettings,
    PbxSettings,
    RecordingSettings,
    ServerSettings,
    Settings,
)
from core import migrate
from core.database import Database
from core.identity.roles import Role
from core.identity.users import NewSeat
from cti.practice.names import COLLEAGUES
from cti.practice.pbx import SECRET, USERNAME
from cti.practice.people import Person, Town
from customers.accounts.model import Account as BillingAccount
from customers.messages import Address, Grade, NewCustomer, NewPhone
from server.demo_calls import past_call
from server.demo_flows import FLOWS, RECORDINGS
from server.demo_tickets import move_on
from server.wiring import House
from ticketing.messages import Actor, NewTicket
from ticketing.outages.service import NewOutage
from ticketing.staff import Department

PBX = "main"
PASSWORD = "ringdesk"  # noqa: S105 - the demo's accounts are for everybody, on an address of this machine only
DEMO = "demo"


class Account(NamedTuple):
    """A demo user. `extension` is its phone at the practice PBX; `told` says whether the visitor hears of it."""

    name: str
    role: Role
    full_name: str
    extension: str = ""
    language: str = ""
    told: bool = True
    department: str = ""


ACCOUNTS = (
    Account("anna", Role.AGENT, "Anna Berg", "1001"),
    Account("wei", Role.AGENT, "王伟", "1006", "zh_CN"),
    Account("sam", Role.SUPERVISOR, "Sam Okoro"),
    Account("dora", Role.DISPATCHER, "Dora Lind", "1007"),
    Account("gao", Role.DEPARTMENT, "高工", "", "zh_CN", department="network"),
    Account("zhao", Role.LEADER, "赵主任", "", "zh_CN"),
    Account("admin", Role.ADMIN, "Administrator"),
    *(
        Account(f"agent{extension}", Role.AGENT, name, extension, told=False)
        for extension, name in COLLEAGUES.items()
    ),
)

DEPARTMENTS = (
    Department("service", "Customer service", "客户服务部", "sam"),
    Department("billing", "Billing", "营业收费部"),
    Department("metering", "Metering", "计量部"),
    Department("network", "Network operations", "管网运行部", "zhao"),
    Department("works", "Works", "工程部"),
)
"""As the shipped definitions name them; accounts of a department belong to it."""


def settings_for(folder: Path, port: int, pbx_port: int) -> Settings:
    """Settings of the demo whose state is in `folder`."""
    return Settings(
        server=ServerSettings(port=port),
        database=DatabaseSettings(url=f"sqlite:///{folder / 'demo.db'}"),
        pbx=(_pbx(pbx_port),),
        ivr=IvrSettings(port=0),
        paths=PathSettings(flows=str(folder / FLOWS) if (folder / FLOWS).is_dir() else ""),
        recordings=RecordingSettings(folder=str((folder / RECORDINGS).absolute())),
        callback=CallbackSettings(first_hour="00:00", last_hour="24:00"),
        journal=JournalSettings(directory=str(folder / "journal"), files=4),
        desk=DeskSettings(company="Binhai Gas 滨海燃气"),
    )


def _pbx(port: int) -> PbxSettings:
    """The practice PBX, with what its dialplan and queues are like."""
    return PbxSettings(
        name=PBX,
        port=port,
        username=USERNAME,
        secret=SECRET,
        trunks=("PJSIP/trunk",),
        outside_prefix="9",
        queue_extensions={"service": "4001", "emergency": "4004"},
        wrapup={"service": 10.0},
    )


def forget(folder: Path) -> None:
    """Remove the state of a demo that was broken off while it was filled."""
    for path in folder.glob("demo.db*"):
        path.unlink()


async def prepare(db: Database) -> None:
    """Make the tables of a new demo, or bring those of an older one up to date."""
    await migrate.upgrade(db)


async def seed(house: House, town: Town, now: float) -> None:
    """Put accounts, customers, calls and tickets into an empty database."""
    # Side by side: what takes long of the accounts is to hash their passwords, in threads.
    async with asyncio.TaskGroup() as both:
        both.create_task(_accounts(house, now))
        customers_made = both.create_task(_customers(house, town.people, now))
    customers = customers_made.result()
    for department in DEPARTMENTS:
        await house.tickets.directory.put(DEMO, department, now)
    phones = {account.extension: account.name for account in ACCOUNTS if account.extension}
    await house.calls.save_many(
        [past_call(PBX, number, call, phones, now) for number, call in enumerate(town.calls)]
    )
    agent = Actor("anna", frozenset({Role.AGENT.value}))
    opened = []
    for ticket in sorted(town.tickets, key=lambda one: -one.ago):
        new = NewTicket(
            workflow=ticket.workflow,
            subject=ticket.subject,
            body=ticket.body,
            customer_id=customers[ticket.account],
            category=ticket.category,
            priority=ticket.priority,
            channel="phone",
        )
        opened.append(await house.tickets.open(agent, new, now - ticket.ago))
    await move_on(house.tickets, opened, now)
    await _billing(house, town.people, now)
    await _outage(house, town.people[0].district, now)


async def _billing(house: House, people: tuple[Person, ...], now: float) -> None:
    """What everybody owes: two in three have paid."""
    today = datetime.fromtimestamp(now, UTC)
    accounts = []
    for number, person in enumerate(people):
        bill = 3_000 + number * 137 % 21_000
        accounts.append(
            BillingAccount(
                person.account,
                balance=-bill if number % 3 == 0 else number * 40,
                bill=bill,
                due=f"{today + timedelta(days=15):%Y-%m-%d}",
                period=f"{today - timedelta(days=today.day):%Y-%m}",
            )
        )
    await house.accounts.put_all(DEMO, accounts, now)


async def _outage(house: House, district: str, now: float) -> None:
    """The main in one district is being repaired: whoever of its people asks the phone menu hears so."""
    new = NewOutage(
        "The main in your district is being repaired and gas is off. Please keep your valves closed.",
        f"{district}燃气主管道正在抢修，暂停供气，请关闭户内阀门。",
        (district,),
        until_at=now + 6 * 3600,
    )
    await house.outages.announce(Actor("dora", frozenset({Role.DISPATCHER.value})), new, now - 1800)


async def _accounts(house: House, now: float) -> None:
    for account in ACCOUNTS:
        seat = NewSeat(interface=f"PJSIP/{account.extension}", pbx=PBX, extension=account.extension)
        await house.identity.add_user(
            account.name,
            PASSWORD if account.told else secrets.token_urlsafe(16),
            account.role,
            account.full_name,
            seat if account.extension else None,
            now,
            department=account.department,
            language=account.language,
            actor=DEMO,
        )


async def _customers(house: House, people: tuple[Person, ...], now: float) -> Mapping[str, str]:
    """Account number to the id that the customer got."""
    ids = {}
    for number, person in enumerate(people):
        since = now - (60 + number * 37 % 900) * 86_400
        customer = await house.customers.create(DEMO, _record(person), since)
        ids[person.account] = customer.id
    return ids


def _record(person: Person) -> NewCustomer:
    return NewCustomer(
        name=person.name,
        phones=tuple(
            NewPhone(number=line.e164, label=line.label, shared=line.shared) for line in person.lines
        ),
        grade=Grade(person.grade),
        vip=person.vip,
        account=person.account,
        language=person.language,
        address=Address(person.address, person.meter, person.district),
        email=person.email,
        note=person.note,
    )
