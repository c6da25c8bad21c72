"""The customers room on both databases: commands, look-ups, time line, what is told and what is written down."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from core import audit, trips
from core.bus import Bus
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.identity.users import User
from customers.messages import (
    Address,
    Certainty,
    Customer,
    CustomerChanged,
    CustomerCreated,
    CustomerPatch,
    Grade,
    Match,
    NewCustomer,
    NewPhone,
    Phone,
    TimelineEntry,
)
from customers.service import Customers
from customers.tables import customer_phones, customers

AT = 1_769_846_400.0


@pytest.fixture
def told(bus: Bus) -> list[object]:
    events: list[object] = []
    bus.subscribe(CustomerCreated, events.append)
    bus.subscribe(CustomerChanged, events.append)
    return events


@pytest.fixture
def room(db: Database, bus: Bus) -> Customers:
    return Customers(db, bus, "CN")


WANG = NewCustomer("王芳", ("138 1234 5678",), Grade.A, vip=True, account="G-1", email="wang@example.com")


async def _audit(db: Database, customer_id: str) -> list[audit.Entry]:
    async with db.read() as tx:
        return await audit.entries(tx, subject=f"customer:{customer_id}")


async def test_create_keeps_the_whole_record_tells_it_and_writes_it_down(
    room: Customers, db: Database, told: list[object]
) -> None:
    new = NewCustomer(
        "  王\u202e芳\n",
        ("025-87654321转801", NewPhone(number="13812345678", label="mobile")),
        Grade.B,
        True,
        "G-100",
        "zh-CN",
        Address("中山路 1 号", "M-9", "玄武"),
        "wang@example.com",
        "first\r\nsecond",
    )
    made = await room.create("li", new, AT)
    assert made == Customer(
        made.id,
        "王芳",
        Grade.B,
        True,
        "G-100",
        "zh_CN",
        Address("中山路 1 号", "M-9", "玄武"),
        (Phone("+862587654321", "ext. 801"), Phone("+8613812345678", "mobile")),
        "wang@example.com",
        "first\nsecond",
        AT,
        AT,
        1,
    )
    assert await room.get(made.id) == made
    assert told == [CustomerCreated(made)]
    [row] = await _audit(db, made.id)
    assert (row.actor, row.action, row.at, row.details["after"]["name"]) == (
        "li",
        "customer.create",
        AT,
        "王芳",
    )


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewCustomer(" \u200b "), "name"),
        (NewCustomer("A", ("8001",)), "phones"),
        (NewCustomer("A", ("87654321",)), "phones"),
        (NewCustomer("A", ("anonymous",)), "phones"),
        (NewCustomer("A", ("<script>",)), "phones"),
        (NewCustomer("A", email="a@b"), "email"),
        (NewCustomer("A", language="Chinese!"), "language"),
        (NewCustomer("A", tuple(f"138{n:08}" for n in range(51))), "phones"),
    ],
)
async def test_what_is_wrong_is_named_and_changes_nothing(
    room: Customers, told: list[object], new: NewCustomer, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await room.create("li", new, AT)
    assert refused.value.details["field"] == field
    assert await room.search() == ([], None)
    assert told == []


async def test_an_account_belongs_to_one_customer(room: Customers) -> None:
    wang = await room.create("li", WANG, AT)
    with pytest.raises(Conflict) as refused:
        await room.create("li", NewCustomer("Other", account="G-1"), AT)
    assert (refused.value.code, refused.value.details["id"]) == ("account_taken", wang.id)
    other = await room.create("li", NewCustomer("Other", account="G-2"), AT)
    with pytest.raises(Conflict):
        await room.change("li", other.id, CustomerPatch(account="G-1"), None, AT)
    assert (await room.get(other.id)).account == "G-2"


async def test_two_who_take_one_account_at_once(room: Customers, db: Database) -> None:
    news = [NewCustomer(f"N{n}", account="G-7") for n in range(4)]
    results = await asyncio.gather(*(room.create("li", new, AT) for new in news), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["Customer"]


async def test_change_counts_versions_and_writes_down_before_and_after(
    room: Customers, db: Database, told: list[object]
) -> None:
    wang = await room.create("li", WANG, AT)
    changed = await room.change("li", wang.id, CustomerPatch(grade=Grade.C, vip=False), 1, AT + 5)
    assert (changed.grade, changed.vip, changed.version, changed.updated_at) == (Grade.C, False, 2, AT + 5)
    assert (changed.name, changed.phones, changed.created_at) == (wang.name, wang.phones, AT)
    assert told[-1] == CustomerChanged(changed)
    newest = (await _audit(db, wang.id))[0]
    assert newest.details == {"before": {"grade": "A", "vip": True}, "after": {"grade": "C", "vip": False}}


async def test_a_change_that_changes_nothing_is_none(
    room: Customers, db: Database, told: list[object]
) -> None:
    wang = await room.create("li", WANG, AT)
    assert await room.change("li", wang.id, CustomerPatch(name=" 王芳 "), 1, AT + 5) == wang
    assert told == [CustomerCreated(wang)]
    assert len(await _audit(db, wang.id)) == 1


async def test_a_stale_version_is_refused(room: Customers) -> None:
    wang = await room.create("li", WANG, AT)
    await room.change("li", wang.id, CustomerPatch(note="x"), 1, AT)
    with pytest.raises(Conflict) as refused:
        await room.change("zhao", wang.id, CustomerPatch(note="y"), 1, AT)
    assert (refused.value.code, refused.value.details["version"]) == ("stale_version", 2)
    assert (await room.get(wang.id)).note == "x"


async def test_of_two_who_race_one_wins(room: Customers) -> None:
    wang = await room.create("li", WANG, AT)
    results = await asyncio.gather(
        *(room.change("li", wang.id, CustomerPatch(note=str(n)), 1, AT) for n in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["Customer"]
    assert (await room.get(wang.id)).version == 2


async def test_numbers_attached_at_once_all_stay(room: Customers) -> None:
    wang = await room.create("li", WANG, AT)
    await asyncio.gather(*(room.attach_number("li", wang.id, f"1390000000{n}", "", AT) for n in range(5)))
    kept = await room.get(wang.id)
    assert (len(kept.phones), kept.version) == (6, 6)


async def test_nobody_is_not_found(room: Customers) -> None:
    for command in (
        room.get("x"),
        room.change("li", "x", CustomerPatch(note="y"), None, AT),
        room.attach_number("li", "x", "13812345678", "", AT),
        room.add_note("li", "x", "hello", AT),
        room.timeline("x"),
    ):
        with pytest.raises(NotFound):
            await command


async def test_lookup_of_one_none_and_anonymous(room: Customers) -> None:
    wang = await room.create("li", WANG, AT)
    found = await room.lookup("17951013812345678")
    assert (found.match, found.candidates[0].customer) == (Match.ONE, wang)
    assert (await room.lookup("13900000000")).match is Match.NONE
    assert (await room.lookup("Anonymous")).match is Match.ANONYMOUS
    assert (await room.lookup("8001")).match is Match.NONE
    assert (await room.lookup("+13812345678")).candidates[0].certainty is Certainty.NATIONAL
    assert (await room.lookup("13812345678", "US")).candidates[0].certainty is Certainty.NATIONAL


@pytest.mark.parametrize("local", ["87654321", "7654321", "99999999", "9999999", "19999999"])
async def test_lookup_by_local_digits(room: Customers, local: str) -> None:
    owner = await room.create("li", NewCustomer("Li", ("025" + local.rjust(8, "8"),)), AT)
    await room.create("li", NewCustomer("Far", ("02580000000",)), AT)
    found = await room.lookup(local)
    assert found.match is Match.SEVERAL
    assert [(one.customer, one.certainty) for one in found.candidates] == [(owner, Certainty.MAYBE)]


async def test_a_line_is_learned_and_a_second_owner_shares_it(
    room: Customers, db: Database, told: list[object]
) -> None:
    wang = await room.create("li", WANG, AT)
    li = await room.create("li", NewCustomer("Li"), AT)
    told.clear()
    li = await room.attach_number("zhao", li.id, "0138-1234-5678", "wife", AT + 1)
    assert li.phones == (Phone("+8613812345678", "wife", shared=True),)
    wang = await room.get(wang.id)
    assert (wang.phones, wang.version, wang.updated_at) == (
        (Phone("+8613812345678", "", shared=True),),
        2,
        AT + 1,
    )
    assert told == [CustomerChanged(li), CustomerChanged(wang)]
    assert [row.action for row in await _audit(db, wang.id)] == ["customer.line_shared", "customer.create"]
    found = await room.lookup("13812345678")
    assert (found.match, [one.shared for one in found.candidates]) == (Match.SEVERAL, [True, True])


async def test_attaching_a_known_number_does_nothing(room: Customers, told: list[object]) -> None:
    wang = await room.create("li", WANG, AT)
    assert await room.attach_number("li", wang.id, "+8613812345678", "again", AT + 1) == wang
    assert len(told) == 1
    for text in ("anonymous", "8001", "87654321", "alice"):
        with pytest.raises(Invalid):
            await room.attach_number("li", wang.id, text, "", AT)


async def test_search_by_words_account_and_digits(room: Customers) -> None:
    await room.create("li", WANG, AT)
    await room.create("li", NewCustomer("Li Lei", ("02587654321",), address=Address("Zhongshan 50%_")), AT)

    async def names(text: str) -> list[str]:
        return [customer.name for customer in (await room.search(text))[0]]

    assert await names("芳") == ["王芳"]
    assert await names("LEI　li") == ["Li Lei"]
    assert await names("g-1") == ["王芳"]
    assert await names("5678") == ["王芳"]
    assert await names("138-1234") == ["王芳"]
    assert await names("025 8765") == ["Li Lei"]
    assert await names("+8613812345678") == ["王芳"]
    assert await names("0%_") == ["Li Lei"]
    assert await names("%") == ["Li Lei"]
    assert await names("nobody") == []


async def test_lists_turn_pages_without_gap_or_repeat(room: Customers) -> None:
    for n in range(7):
        phones = tuple(f"1381234{n}00{m}" for m in range(3))
        await room.create("li", NewCustomer(f"Same {n // 3}", phones), AT + n)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        items, after = await room.search("", 2, after)
        assert all(len(item.phones) == 3 for item in items)
        seen += [item.id for item in items]
    assert len(seen) == len(set(seen)) == 7


class Calls:
    """Another room's source, as the composition root supplies it."""

    def __init__(self, times: Sequence[float]) -> None:
        self.times = sorted(times, reverse=True)

    async def entries(
        self, customer: Customer, before: float | None, limit: int, viewer: User | None = None
    ) -> Sequence[TimelineEntry]:
        times = [at for at in self.times if before is None or at <= before]
        return [TimelineEntry(at, "call", customer.name, ref=f"c{at}") for at in times[:limit]]


async def test_the_time_line_weaves_notes_calls_and_the_beginning(room: Customers, db: Database) -> None:
    wang = await room.create("li", WANG, AT)
    note = await room.add_note("zhao", wang.id, " likes\nmornings ", AT + 2)
    assert (note.kind, note.title, note.text) == ("note", "zhao", "likes\nmornings")
    room.add_source(Calls([AT + 1, AT + 2, AT + 3]))
    seen: list[tuple[float, str]] = []
    after: str | None = ""
    while after is not None:
        entries, after = await room.timeline(wang.id, 2, after)
        seen += [(entry.at - AT, entry.kind) for entry in entries]
    assert seen == [(3, "call"), (2, "call"), (2, "note"), (1, "call"), (0, "created")]
    assert (await _audit(db, wang.id))[0].action == "customer.note"
    with pytest.raises(Invalid):
        await room.timeline(wang.id, 2, "yesterday")
    with pytest.raises(Invalid):
        await room.add_note("zhao", wang.id, "\n \u200b", AT)


async def test_hostile_text_is_kept_as_text(room: Customers) -> None:
    name = "Robert'); DROP TABLE customers;-- <img src=x onerror=alert(1)> 😀" + "x" * 10_000
    made = await room.create("li", NewCustomer(name, note="\x00\x1b[31m" + "y" * 9_000), AT)
    assert made.name == name[:200]
    assert "\x00" not in made.note
    assert (await room.search("drop table"))[0] == [made]


async def test_a_lookup_among_very_many_is_an_index_look_up(
    room: Customers, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 20_000
    async with db.begin() as tx:
        await tx.execute(sa.insert(customers), [_row(n) for n in range(count)])
        await tx.execute(sa.insert(customer_phones), [_phone(n) for n in range(count)])
        await tx.execute(sa.text("ANALYZE"))
    plan = await _plan_of_lookup(room, db, "13800000001", monkeypatch)
    assert not re.search(r"(SCAN|Seq Scan on) customer", plan), plan


async def _plan_of_lookup(room: Customers, db: Database, number: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the database would find this number, as it says itself."""
    asked: list[tuple[str, Any]] = []
    sent = trips._sent

    async def listen(tx: Any, statements: Any, send: Any) -> Any:
        asked.extend(statements)
        return await sent(tx, statements, send)

    with monkeypatch.context() as patched:
        patched.setattr(trips, "_sent", listen)
        assert (await room.lookup(number)).match is Match.ONE
    explain = "EXPLAIN QUERY PLAN" if db.dialect == "sqlite" else "EXPLAIN"
    lines: list[str] = []
    async with db.read() as tx:
        for statement, parameters in asked:
            found = await tx.exec_driver_sql(f"{explain} {statement}", tuple(parameters))
            lines += [str(row) for row in found]
    assert lines
    return "\n".join(lines)


def _row(n: int) -> dict[str, object]:
    return {
        "id": f"c{n}",
        "name": f"N{n}",
        "name_key": f"n{n}",
        "search_key": f"n{n}",
        "created_at": AT,
        "updated_at": AT,
        "version": 1,
    }


def _phone(n: int) -> dict[str, object]:
    national = f"138{n:08}"
    return {
        "customer_id": f"c{n}",
        "e164": f"+86{national}",
        "position": 0,
        "national": national,
        "tail": national[-8:][::-1],
    }
