"""The journal of a server, as its settings say."""

from __future__ import annotations

from config.settings import Settings
from cti.journal.journal import Journal
from server.version import VERSION


def journal_of(settings: Settings) -> Journal | None:
    """A journal to be given to a house; None where it is switched off."""
    if not settings.journal.enabled:
        return None
    return Journal(settings.journal, settings.pbx, VERSION)
