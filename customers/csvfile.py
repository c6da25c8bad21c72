"""Customer files as people export them: any of the usual encodings and separators, read row by row.

Nothing here knows what a column means. A row that cannot be read is given out with the reason, and the next one
is read as if nothing had happened: a quote that is never closed costs one line, not the rest of the file.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import msgspec

LONGEST_LINE = 65_536
LINES_OF_A_ROW = 20
"""A row may span lines inside quotes (an address of several lines); a quote open for longer is a mistake."""
SEPARATORS = ",;\t|"
_ESCAPED = re.compile("[\udc80-\udcff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Row(msgspec.Struct, frozen=True):
    """One row: the line it begins at (from 1), its cells, and why it cannot be read, if so."""

    line: int
    cells: Sequence[str]
    problem: str = ""


def detect_encoding(path: Path) -> str:
    """utf-8-sig, gb18030 or utf-16, by the marks at the beginning or by what most lines are.

    Chinese text in GB18030 hardly ever is valid UTF-8, so one broken line does not change the answer.
    """
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        good = bad = 0
        while line := file.readline(LONGEST_LINE):
            if line.isascii():
                continue
            if _decodes(line, "utf-8"):
                good += 1
            else:
                bad += 1
    return "gb18030" if bad > good else "utf-8-sig"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class CsvFile:
    """An open customer file. `rows()` gives the header as the first row; `done` and `size` are bytes."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self.encoding = detect_encoding(path)
        # Bytes of another encoding become surrogates, by which their rows are found and refused.
        errors = "replace" if self.encoding == "utf-16" else "surrogateescape"
        self._file: TextIO = path.open(encoding=self.encoding, errors=errors, newline="")
        self._waiting: deque[str] = deque()
        self._separator = ","

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def done(self) -> int:
        """How many bytes have been read, within a buffer's length."""
        return min(self._file.buffer.tell(), self.size)

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank."""
        number = 1
        header = True
        while lines := self._next_lines():
            if header:
                self._separator = max(SEPARATORS, key=lines[0].count)
            for row in self._read(lines, number):
                if row.problem or any(cell.strip() for cell in row.cells):
                    header = False
                    yield row
            number += len(lines)

    def _read(self, lines: list[str], number: int) -> Iterator[Row]:
        problem = _unreadable(lines)
        if problem:
            yield Row(number, [_printable(line) for line in lines], problem)
            return
        reader = csv.reader(lines, delimiter=self._separator, strict=True)
        begun = 0
        try:
            for cells in reader:
                yield Row(number + begun, cells)
                begun = reader.line_num
        except csv.Error:
            # strict=True raises for these two only, with words that say little to who made the file.
            yield Row(
                number + begun, lines[begun:], "a quotation mark is not closed, or stands inside a cell"
            )

    def _next_lines(self) -> list[str]:
        """The lines of one row, or of several where stray quotes make that uncertain."""
        lines = [self._line()]
        quotes = lines[0].count('"')
        while quotes % 2 and len(lines) < LINES_OF_A_ROW and (more := self._line()):
            lines.append(more)
            quotes += more.count('"')
        if quotes % 2:
            self._waiting.extendleft(reversed(lines[1:]))
            del lines[1:]
        return [line for line in lines if line]

    def _line(self) -> str:
        if self._waiting:
            return self._waiting.popleft()
        line = self._file.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            while (rest := self._file.readline(LONGEST_LINE)) and not rest.endswith(("\n", "\r")):
                pass
        return line


def _unreadable(lines: list[str]) -> str:
    if any(len(line) > LONGEST_LINE for line in lines):
        return f"the line is longer than {LONGEST_LINE} characters"
    if any(_ESCAPED.search(line) for line in lines):
        return "some characters are in another encoding than the rest of the file"
    return ""


def _printable(line: str) -> str:
    return line[:200].encode("utf-8", "replace").decode()


def safe_cell(text: str) -> str:
    """A cell that a spreadsheet shows and never runs: what looks like a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class Rejects:
    """The report of what did not go in: line, reason, and the row, so that it can be mended and sent again."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.count = 0
        # With a signature, or spreadsheets take Chinese for something else.
        self._file = path.open("w", encoding="utf-8-sig", newline="", errors="replace")
        self._writer = csv.writer(self._file)
        self._writer.writerow(["line", "reason", *map(safe_cell, header)])

    def add(self, row: Row, reason: str) -> None:
        """Write one row down."""
        self.count += 1
        self._writer.writerow([row.line, reason, *map(safe_cell, row.cells)])

    def close(self) -> Path | None:
        """Close the report; an empty one is taken away, and None is returned."""
        self._file.close()
        if self.count:
            return self.path
        self.path.unlink(missing_ok=True)
        return None
