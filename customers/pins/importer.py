"""PINs of many accounts from a file: each is hashed like any other, and no report or message ever holds one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.errors import Invalid, Refused
from customers.csvfile import Row
from customers.pins.service import Pins
from customers.sheet import Sheet, rejects_beside

ACCOUNT = ("account", "户号", "账号")
PIN = ("pin", "密码", "查询密码")


class Report(msgspec.Struct, frozen=True):
    """What an import did, in rows. The rejects name line, reason and account: PINs are left out."""

    read: int
    set: int
    rejects_path: Path | None


async def import_file(
    path: Path, pins: Pins, actor: str, at: float, rejects_path: Path | None = None
) -> Report:
    """Give the accounts of a CSV file (columns account and pin) their PINs; good rows go in whatever the others are.

    Rows are read as they are set: a PIN takes some 30 ms to hash, reading its row next to nothing. Raises `Invalid`
    where the file cannot be read, lacks a column, or the report cannot be written; nothing has gone in then.
    """
    sheet = Sheet.open(
        path, rejects_path or rejects_beside(path), lambda header: (_places(header), ["account"])
    )
    try:
        read, done = await _set_all(sheet, pins, actor, at)
    finally:
        kept = sheet.close()
    return Report(read, done, kept)


async def _set_all(sheet: Sheet[tuple[int, int]], pins: Pins, actor: str, at: float) -> tuple[int, int]:
    read = done = 0
    at_account, at_pin = sheet.meaning
    for row in sheet.rows:
        read += 1
        account = "" if row.problem else _cell(row.cells, at_account)
        try:
            if row.problem:
                raise Invalid(row.problem)
            await pins.set(actor, account, _cell(row.cells, at_pin), at)
            done += 1
        except Refused as refusal:
            sheet.reject([(Row(row.line, [account]), refusal.message)])
    return read, done


def _places(header: Row | None) -> tuple[int, int]:
    names = [cell.strip().casefold() for cell in header.cells] if header and not header.problem else []
    found = [next((names.index(name) for name in known if name in names), -1) for known in (ACCOUNT, PIN)]
    if -1 in found:
        raise Invalid("The first line has to name the columns account and pin.", field="path")
    return found[0], found[1]


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""
