"""`ringdesk migrate`: bring the database up to date."""

from __future__ import annotations

from core import migrate as migrations
from core.database import Database
from server.commands.common import Config, run, say, settings_of


def migrate(config: Config = None) -> None:
    """Bring the database up to date; nothing happens to one that is."""
    settings = settings_of(config)

    async def work() -> tuple[str | None, str]:
        db = Database(settings.database.url)
        try:
            before = await migrations.revision(db)
            await migrations.upgrade(db)
            return before, migrations.head()
        finally:
            await db.close()

    before, after = run(work())
    say(f"database: {after}" + (" (nothing to do)" if before == after else f", was {before or 'empty'}"))
