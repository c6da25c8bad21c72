"""Customers from a file: read in a stream, written in batches, with a report of the rows that did not go in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from core.ids import new_id
from customers import records, store
from customers.columns import Columns, columns, record
from customers.csvfile import Row
from customers.merging import Draft, Plan
from customers.messages import Customer
from customers.service import Customers
from customers.sharing import share
from customers.sheet import Sheet, open_table


class Progress(msgspec.Struct, frozen=True):
    """How far an import is: rows so far, and bytes of the file for a progress bar."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    done: int = 0
    size: int = 0


class ImportReport(msgspec.Struct, frozen=True):
    """What an import did, in rows. `rejects_path` is the report of rejected rows, None where none was."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    rejects_path: Path | None
    unknown_columns: tuple[str, ...] = ()
    encoding: str = ""


async def import_file(  # noqa: PLR0913, PLR0917 - a file, a room, who and when, and two options
    path: Path,
    customers: Customers,
    actor: str,
    at: float,
    progress: Callable[[Progress], None] = lambda _: None,
    rejects_path: Path | None = None,
) -> ImportReport:
    """Bring the customers of a CSV file in; good rows go in whatever the others are.

    A row is known again by its account, else by its name together with one of its numbers, so that the same file
    twice changes nothing. Each batch is one transaction; when an import is broken off, start it again. Events are
    not published: a hundred thousand would say nothing to anyone. Raises `Invalid` where the file cannot be read,
    has no usable first line, or the report cannot be written; nothing has gone in then.
    """
    sheet = await asyncio.to_thread(open_table, path, rejects_path, columns)

    def draft(row: Row) -> Draft:
        customer, filled = record(row.cells, sheet.meaning, new_id(at), customers.region, at)
        return Draft(row, customer, filled)

    try:
        state = Progress(size=sheet.file.size)
        while (batch := await asyncio.to_thread(sheet.batch, draft)) is not None:
            drafts, rejects = batch
            plan = await _write_batch(customers, actor, path.name, drafts, at)
            await asyncio.to_thread(sheet.reject, [*rejects, *plan.rejects])
            state = _further(state, len(drafts) + len(rejects), plan, sheet)
            progress(state)
    finally:
        kept = await asyncio.to_thread(sheet.close)
    return ImportReport(
        state.read,
        state.created,
        state.updated,
        state.unchanged,
        state.rejected,
        kept,
        sheet.meaning.unknown,
        sheet.file.encoding,
    )


def _further(state: Progress, read: int, plan: Plan, sheet: Sheet[Columns]) -> Progress:
    return Progress(
        state.read + read,
        state.created + plan.created,
        state.updated + plan.updated,
        state.unchanged + plan.unchanged,
        sheet.rejects.count,
        sheet.file.done,
        sheet.file.size,
    )


async def _write_batch(
    customers: Customers, actor: str, file: str, drafts: Sequence[Draft], at: float
) -> Plan:
    """One transaction: all at once, or, where the database refuses one, row by row without that one."""
    async with customers.db.begin() as tx:
        try:
            plan = await _write(tx, actor, drafts, at)
        except (sa.exc.IntegrityError, sa.exc.DataError):
            plan = await _one_by_one(tx, actor, drafts, at)
        if plan.ids:
            await audit.record(tx, at, actor, "customer.import", f"file:{file}", {"created": plan.ids})
    return plan


async def _one_by_one(tx: AsyncConnection, actor: str, drafts: Iterable[Draft], at: float) -> Plan:
    total = Plan((), at)
    for draft in drafts:
        try:
            total.add(await _write(tx, actor, [draft], at))
        except (sa.exc.IntegrityError, sa.exc.DataError):
            total.rejects.append(
                (draft.row, "the database refuses it: does another customer have the account?")
            )
    return total


async def _write(tx: AsyncConnection, actor: str, drafts: Sequence[Draft], at: float) -> Plan:
    async with tx.begin_nested():
        plan = Plan(await _known(tx, drafts), at)
        for draft in drafts:
            plan.take(draft)
        inserts, updates = plan.inserts(), plan.updates()
        await store.insert(tx, inserts)
        await store.update(tx, [after for _, after in updates])
        for before, after in updates:
            await audit.record(
                tx, at, actor, "customer.change", f"customer:{after.id}", records.changes(before, after)
            )
        written = [*inserts, *(after for _, after in updates)]
        lines = sorted({phone.e164 for customer in written for phone in customer.phones})
        await share(tx, actor, {customer.id for customer in written}, lines, at)
    return plan


async def _known(tx: AsyncConnection, drafts: Sequence[Draft]) -> list[Customer]:
    """Whoever these rows may mean; numbers are looked up only for rows whose account is none of ours."""
    accounts = sorted({draft.customer.account for draft in drafts if draft.customer.account})
    known = await store.by_accounts(tx, accounts) if accounts else []
    taken = {customer.account for customer in known}
    others = [draft.customer for draft in drafts if draft.customer.account not in taken]
    names = sorted({records.name_key(customer) for customer in others})
    lines = sorted({phone.e164 for customer in others for phone in customer.phones})
    if lines:
        known += await store.by_numbers_and_names(tx, lines, names)
    return list({customer.id: customer for customer in known}.values())
