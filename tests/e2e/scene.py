"""A house without a telephone system, and a browser to look at it: the test itself says what the phones do."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from playwright.async_api import Browser, BrowserContext, Page

from config.settings import (
    DatabaseSettings,
    DeskSettings,
    IvrSettings,
    RecordingSettings,
    SecuritySettings,
    ServerSettings,
    Settings,
)
from core.identity import NewSeat, Role
from cti import messages as cti
from customers.messages import Address, Grade, NewCustomer
from screenpop.contexts import Change
from server.site import Site
from server.wiring import House
from ticketing.messages import Actor, NewTicket

PASSWORD = "correct horse"
KNOWN, SHARED, UNKNOWN, WITHHELD = "13800138000", "13911112222", "13655556666", ""


class Scene:
    """One house that serves, with two agents, a supervisor, a few customers, and hands on every phone."""

    def __init__(self, house: House, address: str) -> None:
        self.house = house
        self.address = address
        self._calls = 0

    async def people(self) -> None:
        """Agents anna (English) and wei (Chinese), supervisor li (Chinese), and whom they know."""
        house, at = self.house, self.house.clock.now()
        for name, role, language, extension in (
            ("anna", Role.AGENT, "en", "1001"),
            ("wei", Role.AGENT, "zh_CN", "1002"),
            ("li", Role.SUPERVISOR, "zh_CN", "1003"),
        ):
            seat = NewSeat(f"PJSIP/{extension}", "main", extension)
            await house.identity.add_user(name, PASSWORD, role, "王伟", seat, at, language=language)
            agent = cti.Agent(
                name, "王伟", "main", seat.interface, extension, cti.AgentState.READY, at, "", ("service",)
            )
            house.bus.publish(cti.AgentChanged(agent))
        new = NewCustomer(
            "张建国", (KNOWN,), Grade.A, True, "31002417", "", Address("望京西园四区 602", "88120341")
        )
        known = await house.customers.create("anna", msgspec.structs.replace(new, note="先核对表号"), at)
        for name, account in (("李秀英", "31002418"), ("李志强", "31002419")):
            await house.customers.create("anna", NewCustomer(name, (SHARED,), account=account), at)
        for agent_name in ("anna", "wei"):
            ticket = NewTicket("complaint", "燃气表读数与账单不符", "账单高于读数。", known.id)
            await house.tickets.open(Actor(agent_name, frozenset({"agent"})), ticket, at)
        house.bus.publish(cti.PbxChanged(cti.Pbx("main", cti.LinkState.UP, 1, at)))
        queue = cti.Queue(
            "main/service", "main", "service", 3, at - 41, members=3, ready=1, talking=1, paused=1
        )
        house.bus.publish(cti.QueueChanged(queue))

    def ring(self, user: str, number: str) -> cti.Call:
        """A call of the queue `service` rings at the user's phone."""
        self._calls += 1
        at = self.house.clock.now()
        segment = cti.Segment(f"main-{self._calls}-1", "PJSIP/1001", user, "service", cti.How.QUEUE, at)
        call = cti.Call(
            f"main-{self._calls}",
            "main",
            cti.Direction.INBOUND,
            cti.CallState.RINGING,
            cti.Party(number),
            "4008",
            at - 9,
            "service",
            at - 8,
            segments=(segment,),
        )
        self.house.bus.publish(cti.CallStarted(call))
        self.house.bus.publish(cti.CallOffered(call, segment))
        return call

    def answer(self, call: cti.Call) -> cti.Call:
        """The agent takes the call."""
        at = self.house.clock.now()
        segment = msgspec.structs.replace(call.segments[0], answered_at=at)
        call = msgspec.structs.replace(call, state=cti.CallState.TALKING, answered_at=at, segments=(segment,))
        self.house.bus.publish(cti.CallAnswered(call, segment))
        return call

    def transfer(self, call: cti.Call, to: str) -> cti.Call:
        """The agent who has the call transfers it, and it rings at another user's phone."""
        at = self.house.clock.now()
        reason = cti.EndReason.TRANSFERRED
        gone = msgspec.structs.replace(call.segments[0], ended_at=at, end_reason=reason)
        next_ = cti.Segment(f"{call.id}-2", "PJSIP/1009", to, None, cti.How.TRANSFER, at)
        call = msgspec.structs.replace(call, state=cti.CallState.RINGING, segments=(gone, next_))
        self.house.bus.publish(cti.SegmentEnded(call, gone))
        self.house.bus.publish(cti.CallOffered(call, next_))
        return call

    async def wrote(self, call: cti.Call, user: str) -> None:
        """The user has typed a note and the draft of a ticket in the call."""
        draft = {"workflow": "complaint", "subject": "燃气表", "body": "五月起读数偏高"}
        change = Change(draft=dict(draft), note="替母亲来电")
        await self.house.contexts.save(call.id, user, change)

    def end(self, call: cti.Call) -> None:
        """The caller hangs up, ringing or in the call."""
        at = self.house.clock.now()
        reason = cti.EndReason.CALLER_HUNG_UP
        *others, last = call.segments
        segment = msgspec.structs.replace(last, ended_at=at, end_reason=reason)
        talked = segment.answered_at is not None
        call = msgspec.structs.replace(call, segments=(*others, segment))
        self.house.bus.publish((cti.SegmentEnded if talked else cti.OfferWithdrawn)(call, segment))
        outcome = cti.Outcome.ANSWERED if talked else cti.Outcome.ABANDONED
        ended = msgspec.structs.replace(call, state=cti.CallState.ENDED, ended_at=at, outcome=outcome)
        self.house.bus.publish(cti.CallEnded(ended))


@dataclass
class Looker:
    """A browser whose pages note every error, every refused request, and every host that they ask."""

    browser: Browser
    address: str
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    _profiles: list[BrowserContext] = field(default_factory=list)

    async def sign_in(self, name: str, *, dark: bool = False, size: tuple[int, int] = (1280, 720)) -> Page:
        """A page of this user, signed in."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
        )
        self._profiles.append(context)
        context.set_default_timeout(60_000)
        page = await context.new_page()
        page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        await page.goto(f"{self.address}/sign-in")
        await page.fill("#name", name)
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    async def close(self) -> None:
        """Closes all of its pages, and forgets what they kept."""
        for profile in self._profiles:
            await profile.close()


@asynccontextmanager
async def staged(folder: Path, template: Path) -> AsyncIterator[Scene]:
    """A scene on a fresh SQLite database."""
    shutil.copy(template, folder / "scene.db")
    settings = Settings(
        server=ServerSettings(port=0),
        ivr=IvrSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{folder / 'scene.db'}"),
        desk=DeskSettings(company="望京燃气"),
        security=SecuritySettings(sign_in_tries=100),
        recordings=RecordingSettings(str(folder / "recordings")),
    )
    (folder / "recordings").mkdir()
    house = House(settings)
    await house.start()
    site = Site(house)
    scene = Scene(house, await site.start())
    try:
        await scene.people()
        yield scene
    finally:
        await site.stop()
        await house.stop()
