"""Importing customers into both databases."""

from __future__ import annotations

import csv
import tracemalloc
from pathlib import Path

import pytest
import sqlalchemy as sa

from core import audit
from core.bus import Bus
from core.database import Database
from core.errors import Invalid
from customers.importer import ImportReport, Progress, import_file
from customers.messages import Customer, Grade, Match, NewCustomer, Phone
from customers.service import Customers
from customers.sheet import BATCH
from customers.tables import customers

AT = 1_769_846_400.0


@pytest.fixture
def room(db: Database, bus: Bus) -> Customers:
    return Customers(db, bus, "CN")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


def _write(path: Path, text: str | bytes) -> int:
    return path.write_bytes(text if isinstance(text, bytes) else text.encode())


async def _import(room: Customers, path: Path, text: str | bytes) -> ImportReport:
    _write(path, text)
    return await import_file(path, room, "admin", AT + 10)


def _counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return (report.read, report.created, report.updated, report.unchanged, report.rejected)


async def _all(room: Customers) -> list[Customer]:
    return (await room.search("", 200))[0]


def _rejected(report: ImportReport) -> list[list[str]]:
    assert report.rejects_path is not None
    with report.rejects_path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


FILE = (
    "name,phones,grade,account,address\n王芳,138 1234 5678;025-87654321,A,G1,中山路\nLi Lei,13900000000,,,\n"
)


async def test_rows_become_customers_that_are_found_by_their_numbers(room: Customers, path: Path) -> None:
    report = await _import(room, path, FILE)
    assert _counts(report) == (2, 2, 0, 0, 0)
    assert (report.rejects_path, report.unknown_columns) == (None, ())
    found = await room.lookup("02587654321")
    assert found.match is Match.ONE
    wang = found.candidates[0].customer
    assert (wang.name, wang.grade, wang.account, wang.created_at) == ("王芳", Grade.A, "G1", AT + 10)


async def test_the_same_file_twice_changes_nothing(room: Customers, path: Path) -> None:
    await _import(room, path, FILE)
    before = await _all(room)
    assert _counts(await _import(room, path, FILE)) == (2, 0, 0, 2, 0)
    assert await _all(room) == before


async def test_gb18030_and_chinese_headings(room: Customers, path: Path) -> None:
    report = await _import(
        room, path, "户号\t姓名\t电话\t出生\nG1\t王芳\t13812345678\t1980\n".encode("gb18030")
    )
    assert _counts(report) == (1, 1, 0, 0, 0)
    assert (report.encoding, report.unknown_columns) == ("gb18030", ("出生",))
    assert (await room.lookup("13812345678")).candidates[0].customer.name == "王芳"


async def test_a_row_changes_the_customer_of_its_account(room: Customers, db: Database, path: Path) -> None:
    old = await room.create("li", NewCustomer("Old name", ("13900000000",), Grade.A, account="G1"), AT)
    report = await _import(room, path, "name,phones,account\n王芳,13812345678,G1\n")
    assert _counts(report) == (1, 0, 1, 0, 0)
    new = await room.get(old.id)
    assert (new.name, new.grade, new.version, new.updated_at) == ("王芳", Grade.A, 2, AT + 10)
    assert new.phones == (Phone("+8613900000000"), Phone("+8613812345678"))
    async with db.read() as tx:
        row = (await audit.entries(tx, subject=f"customer:{old.id}"))[0]
    assert (row.actor, row.action, row.details["before"]["name"]) == ("admin", "customer.change", "Old name")


async def test_without_an_account_name_and_number_say_who_it_is(room: Customers, path: Path) -> None:
    await room.create("li", NewCustomer("王芳", ("13812345678",)), AT)
    report = await _import(room, path, "name,phones,account\n王 芳,13812345678,\n王芳,13812345678,G1\n")
    # Another spelling is another customer of the same line; the second row gives the known one its account.
    assert _counts(report) == (2, 1, 1, 0, 0)
    found = await room.lookup("13812345678")
    assert found.match is Match.SEVERAL
    assert [one.shared for one in found.candidates] == [True, True]
    assert sorted(one.customer.account for one in found.candidates) == ["", "G1"]
    assert all(one.customer.phones[0].shared for one in found.candidates)


async def test_one_name_and_number_with_two_accounts_are_two(room: Customers, path: Path) -> None:
    text = "name,phones,account\n王芳,13812345678,G1\n王芳,13812345678,G2\n"
    assert _counts(await _import(room, path, text)) == (2, 2, 0, 0, 0)
    assert _counts(await _import(room, path, text)) == (2, 0, 0, 2, 0)


async def test_rows_of_one_file_see_each_other(room: Customers, path: Path) -> None:
    text = "name,phones,account\nA,13812345678,G1\nA,13900000000,G1\nA,13812345678,G1\n"
    assert _counts(await _import(room, path, text)) == (3, 1, 1, 1, 0)
    [customer] = await _all(room)
    assert (len(customer.phones), customer.version) == (2, 1)


BROKEN = (
    "name,phones,account,grade\n"
    "Good,13812345678,G1,A\n"
    ",13812345679,G2,A\n"
    "Short,8001,G3,A\n"
    '"Open,13812345680,G4,A\n'
    "=cmd|' /C calc'!A0,local 87654321,G5,A\n"
    "Many,13812345681,G6,A,too,many\n"
    "Bad grade,13812345682,G7,Z\n"
    "Also good,13812345683,G8,B\n"
)


async def test_good_rows_go_in_and_the_others_are_reported_with_line_and_reason(
    room: Customers, path: Path
) -> None:
    report = await _import(room, path, BROKEN)
    assert _counts(report) == (8, 2, 0, 0, 6)
    assert [customer.name for customer in await _all(room)] == ["Also good", "Good"]
    rows = _rejected(report)
    assert [row[0] for row in rows] == ["3", "4", "5", "6", "7", "8"]
    assert all(row[1] for row in rows)
    assert rows[3][2].startswith("'=cmd")


async def test_a_mended_report_can_be_sent_again(room: Customers, path: Path) -> None:
    report = await _import(room, path, "name,phones,account\nShort,+8613812345,G3\n")
    assert report.rejects_path is not None
    assert "'+8613812345," in report.rejects_path.read_text("utf-8-sig")
    mended = report.rejects_path.read_text("utf-8-sig").replace("'+8613812345", "'+8613812345678")
    again = await _import(room, path.with_name("mended.csv"), mended)
    assert (_counts(again), again.unknown_columns) == ((1, 1, 0, 0, 0), ())


async def test_a_row_that_the_database_refuses_does_not_take_its_batch_along(
    room: Customers, db: Database, path: Path
) -> None:
    # Stands for another process that takes an account between our look and our write.
    async with db.begin() as tx:
        await tx.execute(sa.text("CREATE UNIQUE INDEX uq_test_email ON customers (email)"))
    lines = [f"N{n},G{n},n{n if n != 7 else 3}@example.com" for n in range(20)]
    report = await _import(room, path, "name,account,email\n" + "\n".join(lines))
    assert _counts(report) == (20, 19, 0, 0, 1)
    assert [(row[0], row[2]) for row in _rejected(report)] == [("9", "N7")]
    async with db.read() as tx:
        [row] = await audit.entries(tx, subject="file:customers.csv")
    assert len(row.details["created"]) == 19


async def test_a_line_of_a_known_customer_becomes_a_shared_one(room: Customers, path: Path) -> None:
    wang = await room.create("li", NewCustomer("王芳", ("13812345678",)), AT)
    await _import(room, path, "name,phones\nLi,13812345678\n")
    known = await room.get(wang.id)
    assert (known.phones[0].shared, known.version) == (True, 2)


async def test_many_rows_in_batches_with_progress_and_without_holding_them(
    sqlite_db: Database, bus: Bus, path: Path
) -> None:
    room, count = Customers(sqlite_db, bus, "CN"), BATCH * 8
    lines = [f"用户{n},138{n:08},G{n},中山路 {n} 号{'长' * 200}" for n in range(count)]
    size = _write(path, "\n".join(["姓名,电话,户号,地址", *lines]).encode("gb18030"))
    del lines
    seen: list[Progress] = []
    tracemalloc.start()
    try:
        report = await import_file(path, room, "admin", AT, seen.append)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert _counts(report) == (count, count, 0, 0, 0)
    assert [step.read for step in seen] == [BATCH * n for n in range(1, 9)]
    assert seen[-1].done == seen[-1].size == size
    # One batch is about 2 MB with its statements; the whole file as records would be 20 MB and more.
    assert peak < 12_000_000
    async with sqlite_db.read() as tx:
        assert (await tx.execute(sa.select(sa.func.count()).select_from(customers))).scalar() == count


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "is empty"), ("\n\n", "is empty"), ("13812345678,中山路\n", "must name the columns")],
)
async def test_a_file_that_says_nothing_is_refused(
    room: Customers, path: Path, text: str, reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        await _import(room, path, text)
    assert [file.name for file in path.parent.glob("*.csv")] == ["customers.csv"]


async def test_files_that_cannot_be_read_or_written(room: Customers, path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        await import_file(path, room, "admin", AT)
    with pytest.raises(Invalid, match="directory"):
        await import_file(path.parent, room, "admin", AT)
    _write(path, FILE)
    with pytest.raises(Invalid, match="cannot be written"):
        await import_file(path, room, "admin", AT, rejects_path=path.parent / "nowhere" / "r.csv")
    with pytest.raises(Invalid, match="overwrite"):
        await import_file(path, room, "admin", AT, rejects_path=path)
    assert await _all(room) == []
