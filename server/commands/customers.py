"""`ringdesk customers import FILE.csv`, `ringdesk customers pin ACCOUNT`."""

from __future__ import annotations

import getpass
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.bus import Bus
from customers import importer
from customers.pins import importer as pin_file
from customers.pins.service import Pins
from customers.service import Customers
from server.commands.common import Config, database, fail, run, say, settings_of
from server.commands.users import read_password


def import_csv(
    file: Annotated[
        Path, typer.Argument(help="CSV with the columns name, phones, grade, account, address, …")
    ],
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go; beside the file.")] = None,
    config: Config = None,
) -> None:
    """Bring customers in from a CSV file: good rows go in, the others into a report with line numbers."""
    settings = settings_of(config)
    region = settings.pbx[0].region if settings.pbx else "CN"
    bar = Progress(
        TextColumn("importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("bytes, {task.fields[rows]} rows"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )

    async def work() -> importer.ImportReport:
        async with database(settings) as db:
            customers = Customers(db, Bus(), region)
            task = bar.add_task("import", total=None, rows=0)

            def show(state: importer.Progress) -> None:
                bar.update(task, completed=state.done, total=state.size, rows=state.read)

            actor = f"cli:{getpass.getuser()}"
            return await importer.import_file(file, customers, actor, time.time(), show, rejects)

    with bar:
        report = run(work())
    say(
        f"read {report.read} rows: {report.created} new, {report.updated} changed, "
        f"{report.unchanged} as they were, {report.rejected} rejected"
    )
    if report.unknown_columns:
        say(f"columns passed over: {', '.join(report.unknown_columns)}")
    if report.rejects_path is not None:
        say(f"rejected rows, with the reasons: {report.rejects_path}")


def pin(
    account: Annotated[str, typer.Argument(help="The account, as billing or the customer's record has it.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take its PIN away.")] = False,
    unlock: Annotated[bool, typer.Option("--unlock", help="Let its PIN be tried again.")] = False,
    config: Config = None,
) -> None:
    """Give an account a PIN for the phone menu; the PIN is read from standard input."""
    settings = settings_of(config)
    if remove and unlock:
        fail("take one of --remove and --unlock")
    given = "" if remove or unlock else read_password("PIN: ")
    actor = f"cli:{getpass.getuser()}"

    async def work() -> str:
        async with database(settings) as db:
            pins, at = Pins(db, settings.ivr.pin), time.time()
            if remove:
                await pins.remove(actor, account, at)
                return f"account {account} has no PIN now"
            if unlock:
                await pins.unlock(actor, account, at)
                return f"the PIN of account {account} can be tried again"
            await pins.set(actor, account, given, at)
            return f"account {account} has a new PIN"

    say(run(work()))


def pins(
    file: Annotated[Path, typer.Argument(help="CSV with the columns account and pin.")],
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go; beside the file.")] = None,
    config: Config = None,
) -> None:
    """Give many accounts their PINs from a CSV file; rejected rows go into a report without the PINs."""
    settings = settings_of(config)

    async def work() -> pin_file.Report:
        async with database(settings) as db:
            actor = f"cli:{getpass.getuser()}"
            return await pin_file.import_file(file, Pins(db, settings.ivr.pin), actor, time.time(), rejects)

    report = run(work())
    say(f"read {report.read} rows: {report.set} PINs set, {report.read - report.set} rejected")
    if report.rejects_path is not None:
        say(f"rejected rows, with the reasons and without the PINs: {report.rejects_path}")
    say(f"delete {file} now: it holds PINs in plain text")
