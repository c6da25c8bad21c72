"""Webhooks: other systems are told of what happens to tickets.

What is to be told is written in the event's own transaction, sent after it, and kept for a while so that it can be
sent again. Of one ticket the earlier event goes first; a body that the receiver will not have holds up its own
ticket only, a receiver that is away holds up all of its own and nobody else's.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import aiohttp
import msgspec
import sqlalchemy as sa
import structlog

from core.clock import Clock, SystemClock, iso
from core.database import Database
from core.ids import new_id
from core.trips import Change, Insert
from ticketing.messages import HistoryRow, Ticket
from ticketing.tables import webhook_deliveries as table
from ticketing.views import ticket_view

log = structlog.get_logger(__name__)

_ADD = Insert(table)

SIGNATURE = "Ringdesk-Signature"
POST_SECONDS = 10.0
CLAIM_SECONDS = 20.0
"""A delivery that is being made is nobody else's for so long; after that its server has died."""
AT_ONCE = 8
"""Deliveries of different tickets that are on their way together."""
SWEEP_SECONDS = 5.0
"""How often we look although nobody nudged: another process may have written, or asked for a replay."""
LONGEST_PAUSE = 600.0
MOST_REFUSALS = 12
"""After so many refusals of one body it is given up."""
KEPT_SECONDS = 30 * 86_400.0
"""How long deliveries can be replayed; what cannot be delivered for so long is given up."""
OF_THE_BODY = frozenset({400, 409, 413, 415, 422})
"""Answers that speak of the one body; any other failure speaks of the receiver."""


class Webhook(msgspec.Struct, frozen=True):
    """Whom to tell of what: `events` are patterns of `workflow.event`, such as `complaint.*`; none means all."""

    name: str
    url: str
    secret: str
    events: tuple[str, ...] = ()

    def wants(self, event: str) -> bool:
        return not self.events or any(fnmatchcase(event, pattern) for pattern in self.events)


def signature(secret: str, at: int, body: bytes) -> str:
    """`t=…,v1=…`: the HMAC-SHA256, by the shared secret, of the time in epoch seconds, a dot, and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def body_of(id: str, ticket: Ticket, row: HistoryRow) -> str:
    """What is sent. `id` stays the same over tries and replays, so that a receiver can tell a repetition."""
    change = msgspec.to_builtins(row)
    told = {
        "id": id,
        "event": f"{ticket.workflow}.{row.event}",
        "at": iso(row.at),
        "ticket": ticket_view(ticket),
        "change": {
            name: change[name] for name in ("seq", "event", "actor", "from_state", "to_state", "data")
        },
    }
    return msgspec.json.encode(told).decode()


class Ledger:
    """What each webhook is to be told of events, to be written in their own transaction."""

    def __init__(self, hooks: Sequence[Webhook]) -> None:
        self._hooks = tuple(hooks)

    def __call__(self, events: Sequence[tuple[Ticket, HistoryRow]]) -> list[Change]:
        return [
            Change(_ADD, _delivery(hook, ticket, row))
            for ticket, row in events
            for hook in self._hooks
            if hook.wants(f"{ticket.workflow}.{row.event}")
        ]


def _delivery(hook: Webhook, ticket: Ticket, row: HistoryRow) -> dict[str, Any]:
    id = new_id(row.at)
    return {
        "id": id,
        "webhook": hook.name,
        "ticket_id": ticket.id,
        "seq": row.seq,
        "event": f"{ticket.workflow}.{row.event}",
        "at": row.at,
        "body": body_of(id, ticket, row),
        "tries": 0,
        "status": 0,
        "due_at": row.at,
        "delivered_at": None,
    }


def pause_after(failures: int) -> float:
    """Seconds until the next try after so many failed ones: 1, 2, 4 … at most 10 minutes."""
    return float(min(2 ** min(failures - 1, 30), LONGEST_PAUSE))


class Courier:
    """Delivers for one webhook. `run()` is a task for an owner; `nudge()` says that something was committed."""

    def __init__(self, db: Database, hook: Webhook, clock: Clock | None = None) -> None:
        self._db = db
        self.hook = hook
        self._clock = clock or SystemClock()
        self._nudged = asyncio.Event()
        self._failures = 0
        self._rests_until = 0.0
        self._pruned_at = 0.0
        self.delivered = 0
        self.refused = 0

    def nudge(self) -> None:
        """Look for something to deliver soon."""
        self._nudged.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = aiohttp.ClientTimeout(total=POST_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
            while True:
                self._nudged.clear()
                try:
                    wait = await self.deliver_due(http)
                except Exception:
                    log.exception("webhook.pass_failed", webhook=self.hook.name)
                    wait = SWEEP_SECONDS
                try:
                    async with asyncio.timeout(min(wait, SWEEP_SECONDS)):
                        await self._nudged.wait()
                except TimeoutError:
                    continue

    async def deliver_due(self, http: aiohttp.ClientSession) -> float:
        """Send all that is due; returns the seconds until it is worth looking again."""
        await self._prune()
        while (rest := self._rests_until - self._clock.now()) <= 0:
            rows = await self._claim(await self._due())
            if not rows:
                return SWEEP_SECONDS
            answers = await asyncio.gather(*(self._post(http, row) for row in rows))
            await self._settle(list(zip(rows, answers, strict=True)))
            self._rest_or_go_on(answers)
        return rest

    async def _due(self) -> list[dict[str, Any]]:
        """The next deliveries, of each ticket only the earliest that is still to be made."""
        earlier = table.alias()
        before = (
            sa.select(sa.literal(1))
            .where(
                earlier.c.ticket_id == table.c.ticket_id,
                earlier.c.webhook == table.c.webhook,
                earlier.c.seq < table.c.seq,
                earlier.c.due_at.is_not(None),
            )
            .correlate(table)
        )
        query = (
            sa.select(table)
            .where(table.c.webhook == self.hook.name, table.c.due_at <= self._clock.now(), ~before.exists())
            .order_by(table.c.due_at, table.c.id)
            .limit(AT_ONCE)
        )
        async with self._db.read() as tx:
            return [dict(row) for row in (await tx.execute(query)).mappings()]

    async def _claim(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make deliveries ours; those where another server was quicker are left out.

        In the order of their ids, so that two servers never wait for each other in a ring.
        """
        if not rows:
            return []
        until = self._clock.now() + CLAIM_SECONDS
        ours = []
        async with self._db.begin() as tx:
            for row in sorted(rows, key=lambda one: str(one["id"])):
                free = sa.update(table).where(table.c.id == row["id"], table.c.due_at == row["due_at"])
                if (await tx.execute(free.values(due_at=until))).rowcount == 1:
                    ours.append(row)
        return ours

    async def _post(self, http: aiohttp.ClientSession, row: dict[str, Any]) -> int:
        """Send it; the answer's status, 0 where none came."""
        body = row["body"].encode()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: signature(self.hook.secret, int(self._clock.now()), body),
            "Ringdesk-Delivery": row["id"],
            "Ringdesk-Event": row["event"],
        }
        try:
            async with (
                asyncio.timeout(POST_SECONDS),
                http.post(self.hook.url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("webhook.unreachable", webhook=self.hook.name, error=repr(error))
            return 0

    async def _settle(self, answered: Sequence[tuple[dict[str, Any], int]]) -> None:
        """Write down how it went: delivered, to be tried again, or given up."""
        async with self._db.begin() as tx:
            for row, status in answered:
                values = self._outcome(row, status)
                await tx.execute(sa.update(table).where(table.c.id == row["id"]).values(**values))

    def _outcome(self, row: dict[str, Any], status: int) -> dict[str, Any]:
        now, tries = self._clock.now(), row["tries"] + 1
        values: dict[str, Any] = {"tries": tries, "status": status}
        if _good(status):
            self.delivered += 1
            values |= {"due_at": None, "delivered_at": now}
        else:
            self.refused += 1
            over = (status in OF_THE_BODY and tries >= MOST_REFUSALS) or row["at"] < now - KEPT_SECONDS
            values |= {"due_at": None if over else now + pause_after(tries)}
            log.warning("webhook.refused", webhook=self.hook.name, id=row["id"], status=status, over=over)
        return values

    def _rest_or_go_on(self, answers: Sequence[int]) -> None:
        """A receiver that is away is left alone for a while, all of its deliveries together."""
        if any(not _good(status) and status not in OF_THE_BODY for status in answers):
            self._failures += 1
            self._rests_until = self._clock.now() + pause_after(self._failures)
        else:
            self._failures = 0

    async def _prune(self) -> None:
        now = self._clock.now()
        if now - self._pruned_at < 3600:
            return
        self._pruned_at = now
        old = sa.delete(table).where(table.c.at < now - KEPT_SECONDS, table.c.due_at.is_(None))
        async with self._db.begin() as tx:
            await tx.execute(old)


def _good(status: int) -> bool:
    return 200 <= status < 300


def state(row: Any) -> str:
    """A delivery's state: delivered, waiting, or given_up."""
    if row.delivered_at is not None:
        return "delivered"
    return "given_up" if row.due_at is None else "waiting"


async def replay(
    db: Database, now: float, *, ids: Sequence[str] = (), since: float | None = None, webhook: str = ""
) -> int:
    """Have deliveries made again, those named or all of events since a moment; returns how many there are."""
    chosen: list[sa.ColumnElement[bool]] = [table.c.id.in_(ids)] if since is None else [table.c.at >= since]
    if webhook:
        chosen.append(table.c.webhook == webhook)
    again = sa.update(table).where(*chosen).values(due_at=now, delivered_at=None, tries=0)
    async with db.begin() as tx:
        return int((await tx.execute(again)).rowcount)
