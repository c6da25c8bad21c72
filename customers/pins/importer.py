"""PINs of many accounts from a file: each is hashed like any other, and no report or message ever holds one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from core.errors import Invalid, Refused
from customers.csvfile import CsvFile, Rejects, Row
from customers.pins.service import Pins

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

    Rows are read as they are set: a PIN takes some 50 ms to hash, reading its row next to nothing. Raises `Invalid`
    where the file cannot be read, lacks a column, or the report cannot be written; nothing has gone in then.
    """
    rejects_path = rejects_path or path.with_name(f"{path.stem}.rejects.csv")
    if path == rejects_path:
        raise Invalid("The report of rejected rows would overwrite the file itself.", field="rejects")
    try:
        file = CsvFile(path)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.", field="path") from None
    try:
        rows = file.rows()
        places = _places(next(rows, None))
        rejects = _rejects(rejects_path)
        try:
            read, done = await _set_all(rows, places, pins, actor, at, rejects)
        finally:
            kept = rejects.close()
        return Report(read, done, kept)
    finally:
        file.close()


async def _set_all(  # noqa: PLR0913, PLR0917 - one loop of the function above
    rows: Iterator[Row], places: tuple[int, int], pins: Pins, actor: str, at: float, rejects: Rejects
) -> tuple[int, int]:
    read = done = 0
    for row in rows:
        read += 1
        account = "" if row.problem else _cell(row.cells, places[0])
        try:
            if row.problem:
                raise Invalid(row.problem)
            await pins.set(actor, account, _cell(row.cells, places[1]), at)
            done += 1
        except Refused as refusal:
            rejects.add(Row(row.line, [account]), refusal.message)
    return read, done


def _places(header: Row | None) -> tuple[int, int]:
    names = [cell.strip().casefold() for cell in header.cells] if header and not header.problem else []
    found = [next((names.index(name) for name in known if name in names), -1) for known in (ACCOUNT, PIN)]
    if -1 in found:
        raise Invalid("The first line has to name the columns account and pin.", field="path")
    return found[0], found[1]


def _rejects(path: Path) -> Rejects:
    try:
        return Rejects(path, ["account"])
    except OSError as error:
        raise Invalid(f"The report {path} cannot be written: {error.strerror}.") from None


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""
