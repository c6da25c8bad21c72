"""`ringdesk accounts import FILE.csv`."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Annotated

import typer

from customers.accounts import importer
from customers.accounts.service import Accounts
from server.commands.common import Config, database, run, say, settings_of


def import_csv(
    file: Annotated[Path, typer.Argument(help="CSV with the columns account, balance, bill, due, period, …")],
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go; beside the file.")] = None,
    config: Config = None,
) -> None:
    """Bring balances and bills in from a CSV file: good rows go in, the others into a report with line numbers."""
    settings = settings_of(config)

    async def work() -> importer.Report:
        async with database(settings) as db:
            actor = f"cli:{getpass.getuser()}"
            return await importer.import_file(file, Accounts(db), actor, time.time(), rejects)

    report = run(work())
    say(
        f"read {report.read} rows: {report.created} new, {report.updated} changed, "
        f"{report.unchanged} as they were, {report.rejected} rejected"
    )
    if report.ownerless:
        say(f"of these {report.ownerless} belong to no customer that we know")
    if report.unknown_columns:
        say(f"columns passed over: {', '.join(report.unknown_columns)}")
    if report.rejects_path is not None:
        say(f"rejected rows, with the reasons: {report.rejects_path}")
