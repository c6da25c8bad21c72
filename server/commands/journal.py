"""`ringdesk replay` and `ringdesk trace`: what a journal makes of calls, and the story of one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cti.journal.files import records_in
from cti.journal.replay import Replay
from cti.journal.report import report
from server.commands.common import fail, say

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Journal files in their order.")]


def replay(files: Files) -> None:
    """Run journal files through the board and print its calls, segments and figures, the same every time."""
    it = Replay()
    for path in files:
        try:
            for record in records_in(path):
                it.take(record)
        except OSError as error:
            fail(f"cannot read {path}: {error.strerror or error}")
    if not it.counts:
        fail(f"there is nothing of a journal in {files[0]}")
    for line in report(it):
        say(line)
