"""Accounts from a file, as billing exports them: read in a stream, written in batches, with a report of rejects."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from customers.accounts import store
from customers.accounts.columns import columns, record
from customers.accounts.model import Account
from customers.accounts.service import Accounts
from customers.csvfile import Row
from customers.sheet import Reject, open_table

Draft = tuple[Row, Account]


class Report(msgspec.Struct, frozen=True):
    """What an import did, in rows. `ownerless` accounts went in without a customer whom we know."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    ownerless: int = 0
    rejected: int = 0
    rejects_path: Path | None = None
    unknown_columns: tuple[str, ...] = ()


async def import_file(
    path: Path, accounts: Accounts, actor: str, at: float, rejects_path: Path | None = None
) -> Report:
    """Bring the accounts of a CSV file in; a row is known again by its account, and good rows go in whatever the
    others are. Each batch is one transaction. Raises `Invalid` where the file cannot be read, has no usable first
    line, or the report cannot be written; nothing has gone in then.
    """
    sheet = await asyncio.to_thread(open_table, path, rejects_path, columns)

    def draft(row: Row) -> Draft:
        return row, record(row.cells, sheet.meaning)

    try:
        report = Report(unknown_columns=sheet.meaning.unknown)
        while (batch := await asyncio.to_thread(sheet.batch, draft)) is not None:
            drafts, rejects = batch
            async with accounts.db.begin() as tx:
                part, more = await _write(tx, actor, path.name, drafts, at)
            await asyncio.to_thread(sheet.reject, [*rejects, *more])
            report = _sum(report, part, len(drafts) + len(rejects), len(rejects) + len(more))
    finally:
        kept = await asyncio.to_thread(sheet.close)
    return replace(report, rejects_path=kept)


async def _write(
    tx: AsyncConnection, actor: str, file: str, drafts: Sequence[Draft], at: float
) -> tuple[Report, list[Reject]]:
    """Of several rows with one account the last one counts, as if they had come one after the other."""
    known = await store.by_accounts(tx, [account.account for _, account in drafts])
    owners = await store.owners(tx, [account.customer_id or account.account for _, account in drafts])
    created = updated = unchanged = ownerless = 0
    rejects: list[Reject] = []
    written: dict[str, Account] = {}
    for row, account in drafts:
        owner = owners.get(account.customer_id or account.account)
        if account.customer_id and owner is None:
            rejects.append((row, f"There is no customer “{account.customer_id[:40]}”."))
            continue
        before = written.get(account.account) or known.get(account.account)
        after = _after(before, account, owner, at)
        created, updated = created + (before is None), updated + (before is not None and after != before)
        unchanged += after == before
        ownerless += after.customer_id is None
        if after != before:
            written[after.account] = after
    await store.write(tx, list(written.values()))
    if written:
        await audit.record(tx, at, actor, "account.import", f"file:{file}", {"accounts": len(written)})
    return Report(0, created, updated, unchanged, ownerless), rejects


def _after(before: Account | None, row: Account, owner: str | None, at: float) -> Account:
    if before is None:
        return replace(row, customer_id=owner, updated_at=at, version=1)
    kept = replace(
        row,
        customer_id=owner or before.customer_id,
        updated_at=before.updated_at,
        version=before.version,
    )
    return before if kept == before else replace(kept, updated_at=at, version=before.version + 1)


def _sum(total: Report, part: Report, read: int, rejected: int) -> Report:
    return replace(
        total,
        read=total.read + read,
        created=total.created + part.created,
        updated=total.updated + part.updated,
        unchanged=total.unchanged + part.unchanged,
        ownerless=total.ownerless + part.ownerless,
        rejected=total.rejected + rejected,
    )
