"""The page of the audit trail: filters, words, links, pages."""

from __future__ import annotations

import re
from pathlib import Path

from core import audit
from screenpop.audit_words import ACTIONS, KINDS
from tests.integration.whole import whole
from ticketing.messages import Actor, NewTicket

DAY = 86_400.0
WRITES = re.compile(r'"((?:[a-z]+)\.[a-z_]+)"')


def rows(text: str) -> list[str]:
    """What was done, row by row, as the page words it."""
    return re.findall(r"<td title=.*?</td><td>(.*?)</td>", text)


async def test_who_may_read_it_finds_what_was_done(tmp_path: Path, sqlite_template: Path) -> None:
    async with whole(tmp_path, sqlite_template) as it:
        house, now = it.house, it.house.clock.now()
        await house.tickets.open(Actor("anna", frozenset({"agent"})), NewTicket("inquiry", "Hours?"), now)
        async with house.db.begin() as tx:
            for number in range(60):
                await audit.record(
                    tx, now - 2 * DAY + number, "ben", "call.dial", f"call:main-{number}", {"to": "<b>1380"}
                )
            await audit.record(tx, now, "system", "something.new", "thing:x", {})
        uli = await it.sign_in("uli")
        page = (await it.get("/audit", headers=uli)).text
        assert "something.new" in rows(page)  # what nobody has named yet stands as it is
        assert "Ticket opened" in rows(page)
        rows_only = {**uli, "HX-Request": "true"}
        ben = (await it.get("/audit?who=ben", headers=rows_only)).text
        assert rows(ben) == ["Dialled"] * 50
        assert "&lt;b&gt;1380" in ben
        assert 'href="/calls/main-59"' in ben
        more = re.search(r'hx-get="(/audit\?[^"]+)"', ben)
        assert more is not None
        rest = (await it.get(more[1].replace("&amp;", "&"), headers=rows_only)).text
        assert rows(rest) == ["Dialled"] * 10
        one = (await it.get("/audit?subject=call%3Amain-7", headers=rows_only)).text
        assert rows(one) == ["Dialled"]
        opened = (await it.get("/audit?action=ticket.open", headers=rows_only)).text
        assert rows(opened) == ["Ticket opened"]
        assert re.search(r'href="/tickets\?show=all&amp;q=[A-Z]+-\d+-0001"', opened)
        assert rows((await it.get("/audit?who=ben&day=2001-01-01", headers=rows_only)).text) == []
        assert "This is no day." in (await it.get("/audit?day=yesterday", headers=rows_only)).text
        assert "Nothing fits." in (await it.get("/audit?who=nobody", headers=rows_only)).text

        await house.identity.set_preference("uli", now, language="zh_CN")
        chinese = (await it.get("/audit?action=ticket.open", headers=uli)).text
        assert rows(chinese) == ["新建工单"]
        assert "审计记录" in chinese
        details = re.search(r'<dl class="audit-details">(.*?)</dl>', chinese)
        assert details is not None
        assert re.findall(r">([^<>]+)</d[td]>", details[1]) == ["操作", "受理", "状态", "已受理"]


def test_every_action_that_is_written_has_its_words() -> None:
    """Whatever stands beside a call that writes a row is named; a new action is noticed here."""
    written: set[str] = set()
    for room in ("core", "cti", "customers", "ticketing", "ivr_flows", "screenpop", "server"):
        for path in Path(room).rglob("*.py"):
            text = path.read_text()
            for call in re.finditer(r"audit\.(?:record|entry)\(|self\._note\(asked,", text):
                written |= set(WRITES.findall(text[call.start() : call.start() + 200]))
    written -= {name for name in written if name.endswith((".py", ".csv"))}
    assert len(written) > 25
    assert written <= set(ACTIONS)
    assert {name.partition(".")[0] for name in ACTIONS} - set(KINDS) <= {
        "session", "agent", "pin", "token", "absence", "retention",
    }  # fmt: skip
