"""Recordings in a real browser: on the call, the ticket and in the time line, played and sought, in both languages."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.async_api import Page, expect

from config.settings import RecordingSettings
from core import audit
from cti.messages import Call
from tests.e2e.scene import KNOWN, Chromium, Looker, Scene, staged
from tests.e2e.test_pages_look import violations
from tests.integration.test_recordings import call, sound
from tests.real.parts import require
from ticketing.messages import Actor, NewTicket

LENGTH = 20.0
PICTURES = os.environ.get("RINGDESK_PICTURES", "")


@pytest.fixture
async def scene(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Scene]:
    folder = tmp_path / "recordings"
    folder.mkdir()
    async with staged(tmp_path, sqlite_template, RecordingSettings(str(folder))) as scene:
        yield scene


@pytest.fixture
async def looker(scene: Scene) -> AsyncIterator[Looker]:
    async with Chromium(require("chromium"), scene.address) as looker:
        yield looker


async def left(scene: Scene, seconds: float = LENGTH) -> str:
    """A caller has left words in the call main-1.1."""
    room = scene.house.recordings
    id, path = room.begin()
    sound(Path(f"{path}.wav"), seconds)
    assert await room.keep_words(id, "main", "main-1.1", "v1", seconds)
    return id


async def told(scene: Scene, call: Call) -> str:
    """A call with words, a file that is gone and one that was deleted; returns the ticket that the words are for."""
    house = scene.house
    await house.calls.save(call)
    words, gone, old = await left(scene), await left(scene, 3.0), await left(scene, 4.0)
    house.recordings.folder.delete(f"words-{gone}.wav")
    async with house.db.begin() as tx:
        await tx.execute(
            sa.text("update recordings set deleted_at = :at where id = :id"),
            {"at": house.clock.now(), "id": old},
        )
    customer = (await house.customers.lookup(KNOWN)).candidates[0].customer
    new = NewTicket("repair", "闻到燃气味", "厨房。", customer.id, fields={"recording": words})
    ticket = await house.tickets.open(Actor("ivr", frozenset({"ivr", "agent"})), new, house.clock.now())
    await house.recordings.attach(words, ticket.id)
    return ticket.id


async def heard(page: Page) -> None:
    """Play from the beginning, then seek: the browser asks for the part that it needs."""
    audio = page.locator("audio").first
    await audio.evaluate("async audio => { audio.muted = true; await audio.play(); }")
    length = await audio.evaluate("audio => audio.duration")
    assert abs(length - LENGTH) < 0.1
    at = await audio.evaluate(
        "audio => new Promise(done => { audio.onseeked = () => done(audio.currentTime); audio.currentTime = 15; })"
    )
    assert 15 <= at < LENGTH
    await audio.evaluate("audio => audio.pause()")


async def look(looker: Looker, page: Page, name: str) -> None:
    """Nothing went wrong so far, and axe finds nothing; axe itself then sets styles that the page refuses."""
    assert looker.errors == []
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
    assert await violations(page) == [], name
    looker.errors.clear()


async def test_words_are_heard_where_their_caller_is_looked_at(scene: Scene, looker: Looker) -> None:
    ticket_id = await told(scene, call("main-1.1", "wei", scene.house.clock.now() - 60))
    customer = (await scene.house.customers.lookup(KNOWN)).candidates[0].customer
    page = await looker.sign_in("wei")
    await page.goto(f"{scene.address}/tickets/{ticket_id}")
    await expect(page.locator("audio")).to_have_count(1)
    await expect(page.get_by_text("来电留言")).to_be_visible()
    assert "01" + "k" not in await page.locator(".facts").first.inner_text()  # no id of the recording
    await look(looker, page, "ticket-zh")
    await heard(page)
    await page.goto(f"{scene.address}/customers/{customer.id}")
    await expect(page.locator(".timeline audio")).to_have_count(1)
    await expect(page.get_by_text("录音文件丢失")).to_be_visible()
    await expect(page.get_by_text("到期删除")).to_be_visible()
    await look(looker, page, "customer-zh")
    dark = await looker.sign_in("anna", dark=True)
    await dark.goto(f"{scene.address}/customers/{customer.id}")
    await expect(dark.locator(".timeline")).to_be_visible()
    await expect(dark.locator("audio")).to_have_count(1)  # the ticket's words; she was not in the call
    await look(looker, dark, "customer-dark")
    await dark.goto(f"{scene.address}/tickets/{ticket_id}")
    await heard(dark)
    await look(looker, dark, "ticket-dark")
    async with scene.house.db.read() as tx:
        query = sa.select(audit.audit.c.actor).where(audit.audit.c.action == "recording.listen")
        assert sorted((await tx.scalars(query)).all()) == ["anna", "wei"]
