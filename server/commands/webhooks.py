"""`ringdesk webhook …`: what webhooks were told, and telling it again."""

from __future__ import annotations

import time
from typing import Annotated

import sqlalchemy as sa
import typer

from core.clock import iso
from server.commands.common import Config, database, fail, moment, run, say, settings_of
from ticketing.tables import webhook_deliveries as table
from ticketing.webhooks import replay as again
from ticketing.webhooks import state

Name = Annotated[str, typer.Option("--webhook", help="Only of the webhook with this name.")]


def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Deliveries, as `webhook list` shows them.")] = None,
    since: Annotated[
        str, typer.Option(help="All events since 2026-01-31 or 2026-01-31T13:00, in desk.time_zone.")
    ] = "",
    webhook: Name = "",
    config: Config = None,
) -> None:
    """Send deliveries again (the running server does it): those named, or all since a moment."""
    settings = settings_of(config)
    if bool(ids) is bool(since):
        fail("name deliveries, or say since when: --since 2026-01-31")
    start = moment(since, settings) if since else None

    async def work() -> int:
        async with database(settings) as db:
            return await again(db, time.time(), ids=ids or (), since=start, webhook=webhook)

    count = run(work())
    if not count:
        fail("there is no such delivery")
    say(f"{count} to be delivered again")


def list_deliveries(
    webhook: Name = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many, the newest first.")] = 50,
    config: Config = None,
) -> None:
    """List deliveries, the newest first: id, webhook, time, event, state, tries, last status."""
    settings = settings_of(config)
    query = sa.select(table).order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
    if webhook:
        query = query.where(table.c.webhook == webhook)

    async def work() -> list[str]:
        async with database(settings) as db, db.read() as tx:
            return [
                f"{row.id}\t{row.webhook}\t{iso(row.at)}\t{row.event}\t{state(row)}\t{row.tries}\t{row.status}"
                for row in await tx.execute(query)
            ]

    for line in run(work()):
        say(line)
