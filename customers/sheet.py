"""A file of rows on one side and the report of those that did not go in on the other: what every importer reads by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from core.errors import Invalid
from customers.csvfile import CsvFile, Rejects, Row

Meaning = TypeVar("Meaning")
"""What the first line says: which cell is what."""
Draft = TypeVar("Draft")
Reject = tuple[Row, str]
BATCH = 500
"""Rows in a transaction: other writers of SQLite wait for one batch, some tens of milliseconds."""


def rejects_beside(path: Path) -> Path:
    """Where the report is where nobody says otherwise."""
    return path.with_name(f"{path.stem}.rejects.csv")


@dataclass
class Sheet(Generic[Meaning]):
    """Both, open. Everything in it blocks on the disk."""

    file: CsvFile
    rows: Iterator[Row]
    meaning: Meaning
    rejects: Rejects

    @classmethod
    def open(
        cls, path: Path, rejects_path: Path, head: Callable[[Row | None], tuple[Meaning, Sequence[str]]]
    ) -> Sheet[Meaning]:
        """Open both and read the first line, of which `head` gives the meaning and the columns of the report.

        Raises `Invalid`: the file cannot be read, has no usable first line, or the report cannot be written.
        """
        if path == rejects_path:
            raise Invalid("The report of rejected rows would overwrite the file itself.", field="rejects")
        try:
            file = CsvFile(path)
        except OSError as error:
            raise Invalid(f"{path} cannot be read: {error.strerror}.", field="path") from None
        try:
            rows = file.rows()
            meaning, shown = head(next(rows, None))
            return cls(file, rows, meaning, _report(rejects_path, shown))
        except BaseException:
            file.close()
            raise

    def batch(self, make: Callable[[Row], Draft]) -> tuple[list[Draft], list[Reject]] | None:
        """The next rows as `make` has them and those that it refuses (`Invalid`), or None at the end of the file."""
        drafts: list[Draft] = []
        rejects: list[Reject] = []
        for row in self.rows:
            try:
                if row.problem:
                    raise Invalid(row.problem)
                drafts.append(make(row))
            except Invalid as error:
                rejects.append((row, error.message))
            if len(drafts) + len(rejects) >= BATCH:
                break
        return (drafts, rejects) if drafts or rejects else None

    def reject(self, rejects: Sequence[Reject]) -> None:
        """Write rows into the report, in the order of the file."""
        for row, reason in sorted(rejects, key=lambda one: one[0].line):
            self.rejects.add(row, reason)

    def close(self) -> Path | None:
        """Close both; where the report is, or None where nothing was rejected."""
        self.file.close()
        return self.rejects.close()


def open_table(
    path: Path, rejects_path: Path | None, columns: Callable[[Sequence[str]], Meaning]
) -> Sheet[Meaning]:
    """A sheet whose first line names its columns, all of which the report has, too. Raises `Invalid`."""

    def head(header: Row | None) -> tuple[Meaning, Sequence[str]]:
        if header is None:
            raise Invalid(f"{path} is empty.", field="path")
        return columns(header.cells), header.cells

    return Sheet.open(path, rejects_path or rejects_beside(path), head)


def _report(path: Path, shown: Sequence[str]) -> Rejects:
    try:
        return Rejects(path, shown)
    except OSError as error:
        raise Invalid(f"The report {path} cannot be written: {error.strerror}.", field="rejects") from None
