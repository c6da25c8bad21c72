"""Transitions per second through the one door, against the same rows written by plain SQL in the same run.

The plain side knows everything beforehand: it reads nothing but the ticket's version, decides nothing, hashes
nothing and encodes nothing. Both wait for the disk at each commit. Run: python -m bench.transitions [COUNT]
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import sqlalchemy as sa

from config.files import shipped_workflows
from core import migrate
from core.bus import Bus
from core.database import Database
from tests.integration.ticket_store import Nobody
from tests.postgres import cluster
from tests.real.parts import require
from ticketing.definitions import read_files, workflow_files
from ticketing.messages import Actor, NewTicket
from ticketing.service import Tickets

COUNT = 1_000
LANES = 8
ROUNDS = 3
START = 1_769_846_400.0
AGENT = Actor("anna", frozenset({"agent"}))
THERE_AND_BACK = (("answer", {"answer": "At nine"}), ("ask_again", {"question": "On Sundays too?"}))
TABLES = ("ticket_history", "audit", "outbox")

Rows = dict[str, list[dict[str, Any]]]
Transition = list[tuple[str, list[Any]]]


# Ours


async def ours(db: Database, count: int, lanes: int) -> float:
    """Transitions per second; `lanes` agents at once, each on its ticket."""
    tickets = Tickets(db, Bus(), Nobody(), ZoneInfo("Asia/Shanghai"))
    await tickets.adopt(read_files(workflow_files(shipped_workflows())), START)
    opened = [await tickets.open(AGENT, NewTicket("inquiry", "Hours?"), START) for _ in range(lanes)]

    async def lane(ticket_id: str) -> None:
        for step in range(count // lanes):
            event, data = THERE_AND_BACK[step % 2]
            await tickets.fire(ticket_id, event, AGENT, data, step + 1, START + step * 0.001)

    began = time.perf_counter()
    await asyncio.gather(*(lane(ticket.id) for ticket in opened))
    return count / (time.perf_counter() - began)


# The same rows by plain SQL


async def written(db: Database) -> Rows:
    """All that the last transitions wrote."""
    found: Rows = {}
    async with db.read() as tx:
        for name in (*TABLES, "tickets", "ticket_clocks"):
            order = {"ticket_history": "ticket_id, seq", "outbox": "seq", "audit": "id"}.get(name)
            query = f"SELECT * FROM {name}" + (f" ORDER BY {order}" if order else "")
            found[name] = [dict(row) for row in (await tx.execute(sa.text(query))).mappings()]
    return found


def transitions(rows: Rows, mark: str) -> Iterator[tuple[str, Transition]]:
    """What each transition writes, by ticket, as statements with their values."""
    clocks = defaultdict(list)
    for row in rows["ticket_clocks"]:
        clocks[row["ticket_id"]].append(row)
    tickets = {row["id"]: row for row in rows["tickets"]}
    audit = iter([row for row in rows["audit"] if row["action"] == "ticket.fire"])
    notices: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows["outbox"]:
        notices[_payload(row)["ticket_id"]].append(row)
    for row in rows["ticket_history"]:
        if row["seq"] == 1:
            continue
        ticket = tickets[row["ticket_id"]]
        statements = [_update(ticket, row, mark), _insert("ticket_history", row, mark)]
        statements.append(_insert("audit", next(audit), mark))
        waiting = notices[ticket["id"]]
        if row["event"] == "ask_again" and waiting:
            notice = {name: value for name, value in waiting.pop(0).items() if name != "seq"}
            statements.append(_insert("outbox", notice, mark))
        for clock in clocks[ticket["id"]]:  # of this workflow each event moves both
            statements.append(_insert("ticket_clocks", clock, mark, ("ticket_id", "name")))
        yield ticket["id"], statements


def _payload(row: dict[str, Any]) -> dict[str, Any]:
    payload = row["payload"]
    found: dict[str, Any] = json.loads(payload) if isinstance(payload, str) else payload
    return found


def _value(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _insert(table: str, row: dict[str, Any], mark: str, key: tuple[str, ...] = ()) -> tuple[str, list[Any]]:
    values = ", ".join(mark for _ in row)
    query = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"
    if key:
        changed = ", ".join(f"{name} = excluded.{name}" for name in row if name not in key)
        query += f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"
    return query, [_value(value) for value in row.values()]


def _update(ticket: dict[str, Any], row: dict[str, Any], mark: str) -> tuple[str, list[Any]]:
    values = {**ticket, "version": row["version"], "state": row["to_state"], "updated_at": row["at"]}
    del values["id"]
    query = f"UPDATE tickets SET {', '.join(f'{name} = {mark}' for name in values)}"
    where = f" WHERE id = {mark} AND version = {mark}"
    given = [*(_value(value) for value in values.values()), ticket["id"], row["version"] - 1]
    return query + where, given


def plain(connect: Callable[[], Any], mark: str, rows: Rows, lanes: int) -> float:
    """The rows written anew: the tables hold the tickets at version 1 and nothing of what follows."""
    by_ticket: dict[str, list[Transition]] = defaultdict(list)
    for ticket, statements in transitions(rows, mark):
        by_ticket[ticket].append(statements)
    connections = [connect() for _ in range(lanes)]
    share = list(by_ticket)

    def lane(number: int) -> None:
        cursor = connections[number].cursor()
        for ticket in share[number::lanes]:
            for statements in by_ticket[ticket]:
                cursor.execute("BEGIN IMMEDIATE" if mark == "?" else "BEGIN")
                cursor.execute(f"SELECT version FROM tickets WHERE id = {mark}", [ticket]).fetchone()
                for query, values in statements:
                    cursor.execute(query, values)
                cursor.execute("COMMIT")

    threads = [threading.Thread(target=lane, args=(n,), daemon=True) for n in range(lanes)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    seconds = time.perf_counter() - began
    _check(connections[0], rows)
    for connection in connections:
        connection.close()
    return sum(map(len, by_ticket.values())) / seconds


def _check(connection: Any, rows: Rows) -> None:
    for name, wanted in rows.items():
        (count,) = connection.cursor().execute(f"SELECT count(*) FROM {name}").fetchone()
        assert count == len(wanted), f"the plain side did not write the same rows of {name}"


async def emptied(db: Database, rows: Rows) -> None:
    """Back to the moment before the first transition."""
    async with db.begin() as tx:
        for name in ("outbox", "ticket_clocks"):
            await tx.execute(sa.text(f"DELETE FROM {name}"))
        await tx.execute(sa.text("DELETE FROM audit WHERE action = 'ticket.fire'"))
        await tx.execute(sa.text("DELETE FROM ticket_history WHERE seq > 1"))
        await tx.execute(sa.text("UPDATE tickets SET version = 1"))


# Both in turn


def sqlite_connection(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


async def measure(
    name: str, fresh: Callable[[], tuple[str, Callable[[], Any]]], mark: str, count: int
) -> bool:
    met = True
    for lanes in (1, LANES):
        best = {"ours": 0.0, "plain": 0.0}
        for _ in range(ROUNDS):
            url, connect = fresh()
            db = Database(url)
            await migrate.upgrade(db)
            best["ours"] = max(best["ours"], await ours(db, count, lanes))
            rows = await written(db)
            await emptied(db, rows)
            await db.close()
            best["plain"] = max(best["plain"], await asyncio.to_thread(plain, connect, mark, rows, lanes))
        share = best["ours"] / best["plain"]
        met = met and share >= 0.5
        print(
            f"{name:11} {lanes} at once   ours {best['ours']:7,.0f}/s   plain SQL {best['plain']:7,.0f}/s   {share:.2f}"
        )
    return met


async def run(count: int) -> None:
    met = []
    with tempfile.TemporaryDirectory() as folder, cluster(require("postgresql"), sync=True) as postgres:
        made = 0

        def new_sqlite() -> tuple[str, Callable[[], Any]]:
            nonlocal made
            made += 1
            path = str(Path(folder) / f"{made}.db")
            return f"sqlite:///{path}", lambda: sqlite_connection(path)

        def new_postgres() -> tuple[str, Callable[[], Any]]:
            url = postgres.url(postgres.create())
            return url, lambda: psycopg.connect(url, autocommit=True)

        met.append(await measure("SQLite", new_sqlite, "?", count))
        met.append(await measure("PostgreSQL", new_postgres, "%s", count))
    print(f"aim: half of plain SQL: {'met' if all(met) else 'MISSED'}")


def main(count: int = COUNT) -> None:
    print(
        f"transitions: {count} through the one door, and the same rows by plain SQL, best of {ROUNDS} in turns"
    )
    asyncio.run(run(count))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
