"""The page of absences: one's own, everybody's for who oversees them, and mistakes beside their fields."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.whole import Whole, whole


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        yield running


def wrong(page: str) -> list[str]:
    return re.findall(r'<p class="wrong" id="(\w+)-wrong">', page)


async def test_who_is_away_is_noted_and_comes_back(it: Whole) -> None:
    gao, sam = await it.sign_in("gao"), await it.sign_in("sam")
    form = {"until": "2099-01-31T08:00", "stand_in": "zhao"}
    for change, field in (
        ({"until": "soon"}, "until"),
        ({"until": "2020-01-31T08:00"}, "until"),
        ({"from": "2099-02-01T08:00"}, "until"),
        ({"stand_in": "gao"}, "stand_in"),
        ({"stand_in": "nobody"}, "stand_in"),
    ):
        reply = await it.post("/absences", data=form | change, headers=gao)
        assert (reply.status, wrong(reply.text)) == (422, [field]), change
    reply = await it.post("/absences", data=form | {"user": "anna"}, headers=gao)
    assert (reply.status, "Only a supervisor notes" in reply.text) == (409, True)
    assert (await it.post("/absences", data=form, headers=gao)).status == 303
    again = await it.post("/absences", data=form | {"user": "gao"}, headers=sam)
    assert (again.status, "noted as away then already" in again.text) == (409, True)
    directory, at = it.house.tickets.directory, it.house.clock.now()
    assert (await directory.staff(at)).present("gao") == "zhao"
    (noted,) = await directory.absences(at)
    assert (await it.post(f"/absences/{noted.id}/end", headers=await it.sign_in("anna"))).status == 409
    assert "Zhao stands in" in (await it.get("/absences", headers=sam)).text
    assert (await it.post(f"/absences/{noted.id}/end", headers=sam)).status == 303
    assert "You have noted no absence." in (await it.get("/absences", headers=gao)).text
