"""A house on a test Asterisk with agents at their phones, for tests and measurements of call-backs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp.test_utils import unused_port
from msgspec.structs import replace

from config.settings import (
    CallbackSettings,
    DatabaseSettings,
    DialSettings,
    IvrSettings,
    JournalSettings,
    PbxSettings,
    ServerSettings,
    Settings,
)
from core.identity import NewSeat, Role
from core.identity.passwords import Passwords
from core.migrate import upgrade
from cti.messages import AgentState
from server.wiring import House
from tests.conftest import cheap_hasher
from tests.real.asterisk import Asterisk
from tests.wait import until

SECONDS = 60.0


def settings_on(
    pbx: Asterisk, database: str, wrapup: Mapping[str, float] | None = None, **more: Any
) -> Settings:
    """Call-backs at any hour, by the samples' dialplan, without caps that a test would meet; `more` is put in place of
    these settings."""
    link = PbxSettings(
        "main",
        port=pbx.ami_port,
        username="ringdesk",
        secret=pbx.secret,
        dial_context="agents",
        outside_prefix="9",
        trunks=("PJSIP/trunk",),
        wrapup=dict(wrapup or {}),
    )
    made = Settings(
        server=ServerSettings(port=unused_port()),
        database=DatabaseSettings(f"sqlite:///{database}"),
        pbx=(link,),
        ivr=IvrSettings(port=pbx.agi_port),
        journal=JournalSettings(enabled=False),
        dial=DialSettings(per_hour=1000, per_day=1000, per_number=100),
        callback=CallbackSettings(first_hour="00:00", last_hour="24:00"),
    )
    return replace(made, **more)


@asynccontextmanager
async def staffed(
    settings: Settings, agents: Mapping[str, str], *, migrate: bool = False
) -> AsyncIterator[House]:
    """The running house, once all agents (user to extension) are ready. `migrate`: its database has no tables yet."""
    house = House(settings)
    house.identity._passwords = Passwords(cheap_hasher())
    if migrate:
        await upgrade(house.db)
    for user, extension in agents.items():
        seat = NewSeat(f"PJSIP/{extension}", "main", extension)
        await house.identity.add_user(
            user, "correct horse", Role.AGENT, user.title(), seat, house.clock.now()
        )
    await house.start()
    try:
        await until(lambda: ready(house, agents), SECONDS)
        yield house
    finally:
        await house.stop()


def ready(house: House, users: Iterable[str]) -> bool:
    """Whether all of them take calls now."""
    found = [house.switchboard.agent(user) for user in users]
    return all(agent is not None and agent.state is AgentState.READY for agent in found)
