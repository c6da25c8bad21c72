"""Webhooks against a real receiver on both databases: signed, in order, tried again, replayed, never in the way."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.bus import Bus
from core.database import Database
from core.errors import Refused
from tests.conftest import START, FakeClock
from tests.integration.test_tickets import Others, complaint
from tests.unit.ticketing.shipped import AGENT, DISPATCHER, SHIPPED
from ticketing.messages import NewTicket, Ticket
from ticketing.service import Tickets
from ticketing.tables import webhook_deliveries as table
from ticketing.timer import Timer
from ticketing.webhooks import (
    CLAIM_SECONDS,
    KEPT_SECONDS,
    Courier,
    Ledger,
    Webhook,
    pause_after,
    replay,
    state,
)

SECRET = "0123456789abcdef"
Answer = Callable[[dict[str, object]], int]


class Receiver:
    """Another system: keeps what it was sent and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answer: Answer = lambda _: 204
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.got.append((dict(request.headers), body))
        status = self.answer(msgspec.json.decode(body))
        headers = {"Location": self.url + "/elsewhere"} if status == 307 else {}
        return web.Response(status=status, headers=headers)

    @property
    def told(self) -> list[tuple[str, str]]:
        """Number and event of all that came, in order."""
        bodies = [msgspec.json.decode(body) for _, body in self.got]
        return [(body["ticket"]["number"], body["event"].partition(".")[2]) for body in bodies]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/in"))
        yield made


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def hook(receiver: Receiver) -> Webhook:
    return Webhook("crm", receiver.url, SECRET, ("complaint.*",))


@pytest.fixture
async def tickets(db: Database, bus: Bus, hook: Webhook) -> Tickets:
    made = Tickets(db, bus, Others(), ZoneInfo("Asia/Shanghai"))
    await made.adopt(SHIPPED, START)
    made.listeners.append(Ledger([hook]))
    return made


@pytest.fixture
def courier(db: Database, hook: Webhook, clock: FakeClock, tickets: Tickets) -> Courier:
    return Courier(db, hook, clock)


async def opened(tickets: Tickets) -> Ticket:
    return await tickets.open(AGENT, complaint(), START)


async def judged(tickets: Tickets, ticket: Ticket) -> Ticket:
    return await tickets.fire(ticket.id, "judge", DISPATCHER, {"severity": "major"}, 1, START)


async def states(db: Database) -> list[str]:
    async with db.read() as tx:
        return sorted(state(row) for row in await tx.execute(sa.select(table)))


async def test_what_happens_is_told_once_signed_and_whole(
    tickets: Tickets, courier: Courier, receiver: Receiver, http: aiohttp.ClientSession, db: Database
) -> None:
    ticket = await judged(tickets, await opened(tickets))
    await tickets.open(AGENT, NewTicket("inquiry", "Not asked for"), START)
    await courier.deliver_due(http)
    await courier.deliver_due(http)
    assert receiver.told == [(ticket.number, "register"), (ticket.number, "judge")]
    headers, body = receiver.got[1]
    at, _, proof = headers["Ringdesk-Signature"].removeprefix("t=").partition(",v1=")
    assert at == str(int(START))
    assert proof == hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    told = msgspec.json.decode(body)
    assert (headers["Ringdesk-Event"], headers["Ringdesk-Delivery"]) == ("complaint.judge", told["id"])
    assert (told["ticket"]["state"], told["ticket"]["version"]) == ("assessed", 2)
    assert told["change"]["data"] == {"severity": "major"}
    assert await states(db) == ["delivered", "delivered"]


async def test_a_refused_event_tells_nothing(
    tickets: Tickets, courier: Courier, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    ticket = await opened(tickets)
    with pytest.raises(Refused):
        await judged(tickets, await judged(tickets, ticket))
    await courier.deliver_due(http)
    assert receiver.told == [(ticket.number, "register"), (ticket.number, "judge")]


async def test_a_receiver_that_is_away_gets_all_in_order_when_it_is_back(
    tickets: Tickets, courier: Courier, receiver: Receiver, http: aiohttp.ClientSession, clock: FakeClock
) -> None:
    receiver.answer = lambda _: 503
    made = [await opened(tickets) for _ in range(12)]
    for ticket in made:
        await judged(tickets, ticket)
    for failures in range(1, 6):
        before = len(receiver.got)
        assert await courier.deliver_due(http) == pause_after(failures)
        assert 1 <= len(receiver.got) - before <= 8  # it is not stormed with all that waits
        assert await courier.deliver_due(http) == pause_after(failures)
        clock.advance(pause_after(failures))
    receiver.answer = lambda _: 200
    receiver.got.clear()
    for _ in range(20):
        clock.advance(60)
        await courier.deliver_due(http)
    assert sorted(receiver.told) == sorted((t.number, e) for t in made for e in ("register", "judge"))
    for ticket in made:
        assert [e for number, e in receiver.told if number == ticket.number] == ["register", "judge"]


async def test_nobody_there_is_tried_again(
    tickets: Tickets, courier: Courier, receiver: Receiver, http: aiohttp.ClientSession, clock: FakeClock
) -> None:
    await opened(tickets)
    gone = Courier(courier._db, msgspec.structs.replace(courier.hook, url="http://127.0.0.1:9/in"), clock)
    assert await gone.deliver_due(http) == 1
    clock.advance(1)
    await courier.deliver_due(http)
    assert [event for _, event in receiver.told] == ["register"]


async def test_a_body_that_is_refused_holds_up_its_own_ticket_only_and_is_given_up(
    tickets: Tickets,
    courier: Courier,
    receiver: Receiver,
    http: aiohttp.ClientSession,
    clock: FakeClock,
    db: Database,
) -> None:
    bad, good = await opened(tickets), await opened(tickets)
    receiver.answer = lambda body: 422 if body["ticket"]["number"] == bad.number else 200  # type: ignore[index]
    await judged(tickets, bad)
    await judged(tickets, good)
    await courier.deliver_due(http)
    assert [told for told in receiver.told if told[0] == good.number] == [
        (good.number, "register"),
        (good.number, "judge"),
    ]
    assert [told for told in receiver.told if told[0] == bad.number] == [(bad.number, "register")]
    for _ in range(30):
        clock.advance(700)
        await courier.deliver_due(http)
    assert await states(db) == ["delivered", "delivered", "given_up", "given_up"]


async def test_redirects_are_not_followed(
    tickets: Tickets, courier: Courier, receiver: Receiver, http: aiohttp.ClientSession, db: Database
) -> None:
    receiver.answer = lambda _: 307
    await opened(tickets)
    await courier.deliver_due(http)
    assert len(receiver.got) == 1
    assert await states(db) == ["waiting"]


async def test_two_servers_tell_each_thing_once(
    tickets: Tickets,
    courier: Courier,
    receiver: Receiver,
    http: aiohttp.ClientSession,
    clock: FakeClock,
    db: Database,
) -> None:
    made = [await opened(tickets) for _ in range(30)]
    other = Courier(db, courier.hook, clock)
    await asyncio.gather(courier.deliver_due(http), other.deliver_due(http))
    assert sorted(receiver.told) == sorted((ticket.number, "register") for ticket in made)


async def test_what_a_dead_server_had_in_hand_is_sent_by_another(
    tickets: Tickets, courier: Courier, receiver: Receiver, http: aiohttp.ClientSession, clock: FakeClock
) -> None:
    await opened(tickets)
    assert len(await courier._claim(await courier._due())) == 1
    await courier.deliver_due(http)
    assert receiver.got == []
    clock.advance(CLAIM_SECONDS)
    await courier.deliver_due(http)
    assert len(receiver.got) == 1


async def test_a_replay_sends_the_same_again(
    tickets: Tickets,
    courier: Courier,
    receiver: Receiver,
    http: aiohttp.ClientSession,
    clock: FakeClock,
    db: Database,
) -> None:
    ticket = await judged(tickets, await opened(tickets))
    await courier.deliver_due(http)
    first = [body for _, body in receiver.got]
    later = clock.advance(3600)
    assert await replay(db, later, since=START) == 2
    assert await replay(db, later, ids=["none"]) == await replay(db, later, since=START + 1) == 0
    assert await replay(db, later, since=START, webhook="other") == 0
    await courier.deliver_due(http)
    assert [body for _, body in receiver.got] == first * 2
    assert receiver.got[2][0]["Ringdesk-Signature"].startswith(f"t={int(later)},")
    (one,) = [m["id"] for m in map(msgspec.json.decode, first) if m["change"]["event"] == "judge"]
    assert await replay(db, later, ids=[one]) == 1
    await courier.deliver_due(http)
    assert receiver.told[4:] == [(ticket.number, "judge")]


async def test_old_deliveries_are_forgotten_and_those_that_wait_are_given_up(
    tickets: Tickets,
    courier: Courier,
    receiver: Receiver,
    http: aiohttp.ClientSession,
    clock: FakeClock,
    db: Database,
) -> None:
    await opened(tickets)
    await courier.deliver_due(http)
    receiver.answer = lambda _: 500
    await opened(tickets)
    await courier.deliver_due(http)
    clock.advance(KEPT_SECONDS + 1)
    await courier.deliver_due(http)
    assert await states(db) == ["given_up"]
    clock.advance(3601)
    await courier.deliver_due(http)
    assert await states(db) == []


async def test_the_task_delivers_when_it_is_nudged(
    tickets: Tickets, courier: Courier, receiver: Receiver
) -> None:
    arrived = asyncio.Event()
    receiver.answer = lambda _: arrived.set() or 200  # type: ignore[func-returns-value]
    task = asyncio.create_task(courier.run())
    try:
        await opened(tickets)
        courier.nudge()
        async with asyncio.timeout(60):
            await arrived.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_time_does_is_told_too(tickets: Tickets, db: Database, bus: Bus) -> None:
    """A step of a clock goes the same way as people's events."""
    tickets.listeners.append(Ledger([Webhook("all", "http://127.0.0.1:9/", SECRET)]))
    ticket = await tickets.open(AGENT, NewTicket("repair", "No gas"), START)
    assert await Timer(db, bus, tickets).tick(START + 3600) > 0
    async with db.read() as tx:
        told = (await tx.execute(sa.select(table.c.seq, table.c.event).order_by(table.c.seq))).all()
    events = [row.event for row in await tickets.history(ticket.id)]
    assert [tuple(row) for row in told] == [(at, f"repair.{event}") for at, event in enumerate(events, 1)]
    assert len(events) > 1
