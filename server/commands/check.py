"""`ringdesk check`: all that is wrong with settings and definitions, at once."""

from __future__ import annotations

import typer

from config.files import workflows_dir
from server.commands.common import Config, say, settings_of
from ticketing.definitions import check_files, workflow_files


def check(config: Config = None) -> None:
    """Read settings and workflows and say everything that is wrong with them; exit 1 if anything is."""
    settings = settings_of(config)
    folder = workflows_dir(settings.paths)
    files = workflow_files(folder)
    problems = check_files(files)
    for problem in problems:
        typer.echo(f"{problem.file}:{problem.line}: {problem.message} ({problem.fix})", err=True)
    if not files:
        typer.echo(f"{folder}: there is no workflow in this folder (see paths.workflows)", err=True)
    if problems or not files:
        raise typer.Exit(1)
    pbxs = ", ".join(pbx.name for pbx in settings.pbx) or "none"
    say(f"settings: good (PBX: {pbxs})")
    say(f"workflows: {len(files)} good ({folder})")
