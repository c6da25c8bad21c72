"""Whoever hangs up is gone, at every node of every shipped flow: the visit says where, and nothing is left of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.clock import SystemClock
from ivr_flows.flow import model as m
from ivr_flows.flow.load import load
from ivr_flows.flow.model import Flows
from ivr_flows.messages import Ended
from tests.agi_peer import Peer, peer
from tests.unit.ivr_flows.ivr_house import IvrHouse, ivr_house
from tests.unit.ivr_flows.scripted_call import OneSound, Told, Way, go, scenario_of
from tests.unit.ivr_flows.shipped_flows import FLOWS
from tests.unit.ivr_flows.ways import ASKED, ASKS, HEARD, WAYS, heard_at, left_at, node_of
from tests.wait import until

VIA = """
name: via
label: {{en: Via, zh: 经由}}
start: who
everywhere:
  "0": {{label: {{en: A person, zh: 人工}}, next: person}}
nodes:
  who: {{do: look_up, service: customer.find, into: who, next: there, failed: there}}
  there: {{do: call, flow: {flow}, next: bye}}
  person: {{do: transfer, queue: service}}
  bye: {{do: hangup}}
"""
"""Into a flow that others call, with what they know of the caller."""


def test_every_node_has_a_way_to_it() -> None:
    nodes = {f"{flow}/{name}" for flow, one in FLOWS.by_name.items() for name in one.nodes}
    assert {name for name in nodes if heard_at(name)} == set(HEARD)
    assert {name for name in nodes if isinstance(node_of(name), ASKS)} == set(ASKED)


class Call:
    """A call that goes the way of a scenario."""

    def __init__(self, house: IvrHouse, line: Peer, way: Way, told: Told) -> None:
        self.house, self.line, self.way, self.told = house, line, way, told

    def here(self) -> str:
        """The node whose words the caller hears now."""
        return self.house.told[-1].node if self.house.told else ""

    async def ended_at(self, node: str) -> None:
        """The visit ended there by the caller's hanging up; no visit, line, session or task is left."""
        visit = await self.house.ended()
        assert (visit.ended, visit.path[-1], visit.node) == (left_at(node), node, node)
        assert len(visit.entered) == len(visit.path)
        await self.nothing_left()

    async def nothing_left(self) -> None:
        await self.line.closed()
        await until(lambda: self.house.server.sessions == 0)
        assert self.house.visits.live() == []
        assert self.house.visits.in_nodes() == {}


@asynccontextmanager
async def calling(path: Path) -> AsyncIterator[Call]:
    scenario, flow = scenario_of(path), path.parent.name
    async with ivr_house(SystemClock()) as house:
        via = load(VIA.format(flow=flow), "via.yaml").flow
        house.flows = Flows({**FLOWS.by_name, "via": via})
        told = Told(house.flows, scenario, lambda: house.told[-1])
        house.voice, house.services = OneSound(), told  # type: ignore[assignment] # of the same Protocols
        async with peer(house.port) as line:
            start = "via" if scenario.vars else flow
            line.header(request=f"agi://127.0.0.1/{start}", network_script=start, callerid=scenario.caller)
            yield Call(house, line, Way(scenario, told), told)


@pytest.mark.parametrize("node", HEARD)
async def test_a_caller_hangs_up_while_something_is_said_asked_or_recorded(node: str) -> None:
    async with calling(WAYS[node]) as call:
        assert await go(call.line, call.way, call.here, node)
        call.line.send("HANGUP", "200 result=-1")
        await call.ended_at(node)


@pytest.mark.parametrize("node", HEARD)
async def test_asterisk_dies_while_something_is_said_asked_or_recorded(node: str) -> None:
    async with calling(WAYS[node]) as call:
        assert await go(call.line, call.way, call.here, node)
        call.line.writer.close()
        await call.ended_at(node)


@pytest.mark.parametrize("node", ASKED)
async def test_a_caller_hangs_up_while_another_room_is_asked(node: str) -> None:
    async with calling(WAYS[node]) as call:
        asked: list[str] = []

        def hang_up(here: str) -> None:
            if here == node and not asked:
                asked.append(here)
                call.line.send("HANGUP")

        call.told.on_ask = hang_up
        while command := await call.line.command():
            call.line.send(
                "511 Command Not Permitted on a dead channel" if asked else call.way.reply(command)
            )
        assert asked == [node]
        visit = await call.house.ended()
        assert node in visit.path
        assert visit.ended is left_at(visit.node)
        await call.nothing_left()


def within(name: str) -> bool:
    """Whether the scenario that comes to this menu plays in the hotline, or as if it were called by it."""
    path = WAYS[name]
    return isinstance(node_of(name), m.Menu) and (
        path.parent.name == "hotline" or bool(scenario_of(path).vars)
    )


@pytest.mark.parametrize("node", [name for name in HEARD if within(name)])
async def test_zero_is_a_person_from_each_menu(node: str) -> None:
    async with calling(WAYS[node]) as call:
        assert await go(call.line, call.way, call.here, node)
        call.line.send(f"200 result={ord('0')} endpos=80")
        while command := await call.line.command():
            call.line.send(call.way.reply(command))
        visit = await call.house.ended()
        assert (visit.ended, visit.detail.partition(":")[0]) == (Ended.TRANSFERRED, "queue")
        assert visit.path[visit.path.index(node) + 1 :][0].startswith(("person/", "via/person"))
        await call.nothing_left()
