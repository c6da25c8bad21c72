"""A house without a telephone for tests of what flows ask: rooms and database are the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
import pytest

from config.settings import DatabaseSettings, PbxSettings, Settings
from ivr_flows.messages import Caller, ServiceRefused, Value
from server.wiring import House
from tests.conftest import FakeClock


class Proof:
    """What a session has proved, as a test says it."""

    def __init__(self) -> None:
        self.of: dict[str, frozenset[str]] = {}

    def accounts(self, session: str) -> frozenset[str]:
        return self.of.get(session, frozenset())


class IvrHouse:
    """What a test has in hand."""

    def __init__(self, house: House, clock: FakeClock) -> None:
        self.house, self.clock = house, clock
        self.proof = Proof()
        house.lines.proved = self.proof

    async def ask(self, service: str, caller: Caller, **args: Value) -> Mapping[str, Value]:
        return await self.house.services.ask(service, args, caller)

    async def refused(self, service: str, caller: Caller, **args: Value) -> str:
        """The code with which the service refuses."""
        with pytest.raises(ServiceRefused) as refusal:
            await self.ask(service, caller, **args)
        return refusal.value.code


@asynccontextmanager
async def ivr_house(url: str, clock: FakeClock, settings: Settings | None = None) -> AsyncIterator[IvrHouse]:
    """A house on this database whose definitions are in force; nothing of it runs."""
    given = msgspec.structs.replace(
        settings or Settings(), database=DatabaseSettings(url), pbx=(PbxSettings("main"),)
    )
    house = House(given, clock)
    await house.load_definitions()
    try:
        yield IvrHouse(house, clock)
    finally:
        await house.stop()


def line(number: str = "", session: str = "s1", call_id: str = "") -> Caller:
    """A caller on the PBX `main`."""
    return Caller(session, "main", call_id, number=number)
