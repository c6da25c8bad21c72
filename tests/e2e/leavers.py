"""What callers who hang up need beforehand, and what must not be left of them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

from tests.e2e.house import SERVICE
from tests.e2e.menu import Menu
from tests.e2e.plans import Plan, accounts, customers, pins
from tests.e2e.ringdesk import command_here
from tests.e2e.walk import Walk
from tests.real.sipp import Caller
from tests.unit.ivr_flows.ways import left_at


class OpenLine(Protocol):
    def __call__(
        self, version: int, calls: list[Plan], program: tuple[str, ...] = ...
    ) -> AbstractAsyncContextManager[Menu]: ...


async def records(folder: Path, calls: list[Plan], database: Path | None = None) -> None:
    """What the callers' records hold, by the commands of an installation, whose files are put into the folder. The
    database is there too where no other is named."""
    url = f"sqlite:///{database or folder / 'ringdesk.db'}"
    (folder / "ringdesk.toml").write_text(f'[database]\nurl = "{url}"\n')
    for name, text in (("callers", customers(calls)), ("billing", accounts(calls)), ("pins", pins(calls))):
        (folder / f"{name}.csv").write_text(text)
    await command_here(folder, "customers", "import", str(folder / "callers.csv"))
    await command_here(folder, "accounts", "import", str(folder / "billing.csv"))
    await command_here(folder, "customers", "pins", str(folder / "pins.csv"))


async def tickets(menu: Menu, calls: list[Plan]) -> dict[str, str]:
    """A ticket for each caller who asks about one; the callers' tickets by their nodes."""
    found: dict[str, str] = {}
    for one in calls:
        if one.ticket_kind:
            fields = {"contact_phone": one.number}
            new = {"workflow": one.ticket_kind, "subject": one.node, "fields": fields}
            ticket = await menu.server.api("POST", "/tickets", new, "chen")
            if one.ticket_kind == "inquiry":
                ticket = await menu.fire(ticket, "answer", "chen", answer="At nine")
            one.ticket = "".join(filter(str.isdigit, ticket["number"]))
            found[one.node] = ticket["number"]
    return found


@asynccontextmanager
async def in_line(menu: Menu, count: int) -> AsyncIterator[None]:
    """So many callers wait in the queue."""
    async with AsyncExitStack() as stack:
        for n in range(count):
            number = f"1360000000{n}"
            await stack.enter_async_context(Caller(menu.pbx, SERVICE, number))
            await menu.pbx.ami.event("QueueCallerJoin", Queue="service", CallerIDNum=number)
        yield


async def nothing_left(menu: Menu, walks: list[Walk], ended: str = "") -> None:
    """Each visit is stored as one that ended so (by hanging up, if not said) in its node; no channel, caller or file is
    left over."""
    await menu.clear()
    await menu.quiet()
    await menu.saved()
    told = await menu.metrics()
    assert "ringdesk_ivr_callers 0.0" in told
    assert "ringdesk_ivr_in_node{" not in told
    with sqlite3.connect(menu.server.folder / "ringdesk.db") as db:
        rows = db.execute(
            "SELECT call_id, ended, node, json_extract(path, '$[#-1]') FROM ivr_visits"
        ).fetchall()
    stored = {call: tuple(rest) for call, *rest in rows}
    wrong = {
        walk.plan.node: stored.get(walk.call_id)
        for walk in walks
        if stored.get(walk.call_id)
        != (ended or left_at(walk.plan.node).value, walk.plan.node, walk.plan.node)
    }
    assert wrong == {}, wrong
    kept = (await menu.server.api("GET", "/recordings?limit=200"))["items"]
    files = {path.stem.removeprefix("words-") for path in (menu.pbx.run / "recordings").iterdir()}
    assert files == {one["id"] for one in kept}
