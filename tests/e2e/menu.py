"""A house whose callers serve themselves: a real Asterisk with sounds made of the shipped flows, and a server."""

from __future__ import annotations

import array
import asyncio
import io
import json
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.files import shipped_flows
from tests.e2e.desk import PASSWORD
from tests.e2e.house import QUEUES, House
from tests.e2e.listener import Listener
from tests.e2e.ringdesk import PROGRAM, Installation, Server, command, command_here
from tests.real.asterisk import Asterisk
from tests.real.parts import parts_dir, require

RUN = "/srv"
"""Where the run directory appears inside Asterisk's tree."""

ACCOUNT, PIN = "31002417", "260817"
"""KNOWN's own account."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LINK = 'outside_prefix = "9"\ntrunks = ["PJSIP/trunk"]\n'
"""Call-backs go out by the trunk of the samples."""


def office(*days: str, holiday: bool = False) -> str:
    """A calendar of an office that is open round the clock on these days, or would be but for a holiday."""
    hours = {day: ["00:00-24:00"] if day in days else [] for day in DAYS}
    week = "".join(f"  {day}: {json.dumps(open)}\n" for day, open in hours.items())
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    free = "".join(f'  "{today + timedelta(days=n)}": closed\n' for n in (0, 1)) if holiday else ""
    name = "name: default\nlabel: {en: Office, zh: 办公时间}\ntime_zone: Asia/Shanghai\n"
    return f"{name}week:\n{week}" + (f"extra:\n{free}" if free else "")


def another_day() -> str:
    """A day of the week that is neither today nor tomorrow where the office is."""
    return DAYS[(datetime.now(ZoneInfo("Asia/Shanghai")).weekday() + 3) % 7]


class Menu(House):
    """What a test has in hand."""

    def __init__(self, pbx: Asterisk, server: Server) -> None:
        super().__init__(pbx, server)
        self._seen: set[str] = set()

    async def visit(self, number: str, flow: str = "hotline") -> dict[str, Any]:
        """A caller's next visit to a flow that nobody has asked for yet, once it has ended."""

        async def found() -> dict[str, Any] | None:
            calls = (await self.server.api("GET", "/calls?limit=5"))["items"]
            visits = [one for call in calls if call["caller"]["number"] == number for one in call["ivr"]]
            new = (one for one in visits if one["flow"] == flow and one["id"] not in self._seen)
            return next((one for one in new if one["ended"]), None)

        async with asyncio.timeout(30):
            while (visit := await found()) is None:  # noqa: ASYNC110 - the API has no event to wait for
                await asyncio.sleep(0.05)
        self._seen.add(visit["id"])
        return visit

    async def quiet(self) -> None:
        """Returns when Asterisk has no channel any more: none may stay behind in a flow."""
        async with asyncio.timeout(30):
            while await self.pbx.ami.action_list("CoreShowChannels"):  # noqa: ASYNC110 - a list, not an event
                await asyncio.sleep(0.05)

    async def recording(self, ticket: str) -> dict[str, Any]:
        """The only recording of that ticket, once it is in the index: it is written off the caller's path."""
        async with asyncio.timeout(30):
            path = f"/recordings?ticket={ticket}"
            while not (found := (await self.server.api("GET", path))["items"]):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
        (only,) = found
        return dict(only)

    async def saved(self) -> None:
        """Returns when every visit so far is in the database."""
        async with asyncio.timeout(30):
            while "ringdesk_ivr_visits_unsaved 0.0" not in await self.metrics():  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)

    async def open_on(self, *days: str, holiday: bool = False) -> None:
        """The office is open on these days from now on, or would be but for a holiday."""
        (self.server.folder / "calendars" / "default.yaml").write_text(office(*days, holiday=holiday))
        await self.server.reload()

    async def fire(self, ticket: dict[str, Any], event: str, user: str, **data: object) -> dict[str, Any]:
        """Have an event happen to a ticket; returns the ticket after it."""
        body = {"event": event, "version": ticket["version"], "data": data}
        return dict(await self.server.api("POST", f"/tickets/{ticket['id']}/events", body, user))

    async def callbacks(self, number: str) -> list[dict[str, Any]]:
        """The open call-backs to that number."""
        found = (await self.server.api("GET", "/callbacks?open=true"))["items"]
        return [dict(one) for one in found if one["number"] == f"+86{number}"]

    async def closed(self, callback: str) -> dict[str, Any]:
        """The call-back once it is closed."""
        async with asyncio.timeout(60):
            while True:
                found = dict(await self.server.api("GET", f"/callbacks/{callback}"))
                if found["closed_at"]:
                    return found
                await asyncio.sleep(0.05)

    async def in_node(self, node: str, count: int = 1) -> None:
        """Returns when so many callers are in that node."""
        wanted = f'ringdesk_ivr_in_node{{node="{node}"}} {count}.0'
        async with asyncio.timeout(30):
            while True:
                told = await self.metrics()
                if wanted in told or (not count and f'"{node}"' not in told):
                    return
                await asyncio.sleep(0.05)

    async def metrics(self) -> str:
        """All figures of the server, as Prometheus reads them."""
        async with self.server.request("GET", "/metrics") as answer:
            return str(await answer.text())

    async def sound(self, path: str) -> bytes:
        """A recording as a browser plays it."""
        async with self.server.request("GET", path, token=self.server.tokens["li"]) as answer:
            assert answer.ok, await answer.text()
            return bytes(await answer.read())

    async def ticket(self, number: str) -> dict[str, Any]:
        """The ticket with that number."""
        found = (await self.server.api("GET", "/tickets?limit=50"))["items"]
        return dict(next(one for one in found if one["number"] == number))

    async def pop(self, agent: Listener) -> dict[str, Any]:
        """The data of the next pop on that agent's socket."""
        while True:
            for message in await agent.caught_up():
                if message.get("type") == "pop":
                    agent.messages.clear()
                    found: dict[str, Any] = message["data"]
                    return found


async def build_prompts(folder: Path) -> Path:
    """Every sound of the shipped flows, by the command; those of an earlier run are kept, for a name is its content."""
    require("espeak-ng")
    sounds = parts_dir() / "sounds"
    (folder / "prompts.toml").write_text(f'[ivr.speech]\nfolder = "{sounds}"\n')
    await command(folder, "prompts", "build", "--config", "prompts.toml")
    return sounds


def loudest(wav: bytes) -> int:
    """The loudest sample of 16 bits."""
    with wave.open(io.BytesIO(wav)) as sound:
        return max(abs(one) for one in array.array("h", sound.readframes(sound.getnframes())))


async def prepare(installation: Installation) -> Installation:
    """What callers ask for: an account with a balance and a PIN, an office that is always open, and bo, who handles
    complaints about bills."""
    folder = installation.folder
    (folder / "ringdesk.toml").write_text(f'[database]\nurl = "sqlite:///{folder}/ringdesk.db"\n')
    (folder / "accounts.csv").write_text(
        f"account,balance,currency,bill,due,period\n{ACCOUNT},-88.20,CNY,88.20,2026-12-10,2026-10\n"
    )
    await command_here(folder, "accounts", "import", str(folder / "accounts.csv"))
    await command_here(folder, "customers", "pin", ACCOUNT, typed=f"{PIN}\n")
    shutil.copytree(shipped_flows(), folder / "flows")
    (folder / "calendars").mkdir()
    (folder / "calendars" / "default.yaml").write_text(office(*DAYS))
    await command_here(folder, "user", "add", "bo", "--role", "department", typed=f"{PASSWORD}\n")
    await command_here(folder, "department", "add", "billing")
    await command_here(folder, "department", "member", "billing", "bo")
    return Installation(
        folder, {**installation.tokens, "bo": await command_here(folder, "token", "add", "bo")}
    )


@asynccontextmanager
async def open_menu(
    version: int, installation: Installation, sounds: Path, program: tuple[str, ...] = (str(PROGRAM),)
) -> AsyncIterator[Menu]:
    """A server on an installation that is prepared, and an Asterisk of this version; the server must log no fault of
    its own."""
    require("sipp")
    async with Asterisk(QUEUES, version=version) as pbx:
        shutil.copytree(sounds, pbx.run / "sounds", dirs_exist_ok=True)
        more = (
            f"[ivr]\nport = {pbx.agi_port}\n"
            f'[ivr.speech]\nfolder = "{pbx.run}/sounds"\npbx_folder = "{RUN}/sounds"\n'
            f'[recordings]\nfolder = "{pbx.run}/recordings"\npbx_folder = "{RUN}/recordings"\n'
            '[callback]\nfirst_hour = "00:00"\nlast_hour = "24:00"\n'
            '[paths]\ncalendars = "calendars"\nflows = "flows"\n'
        )
        async with Server(installation, pbx.ami_port, pbx.secret, more, LINK, program) as server:
            await linked(server)
            yield Menu(pbx, server)
        assert server.faults() == []


async def linked(server: Server) -> None:
    """Returns when the link to the PBX is up."""
    async with asyncio.timeout(30):
        while (await server.readiness())[0] != 200:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
