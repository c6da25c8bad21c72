"""`ringdesk schema …`: the JSON Schema of a kind of file, for editors."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec
import typer

from server.commands.common import Config, say
from ticketing.calendar_files import calendar_schema
from ticketing.definitions import workflow_schema


class Kind(Enum):
    WORKFLOW = "workflow"
    CALENDAR = "calendar"


def schema(kind: Annotated[Kind, typer.Argument(help="Which kind of file.")], config: Config = None) -> None:
    """Print the JSON Schema of a definition file."""
    found = workflow_schema() if kind is Kind.WORKFLOW else calendar_schema()
    say(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
