"""`ringdesk schema …`: the JSON Schema of a kind of file, for editors."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec
import typer

from ivr_flows.definitions import flow_schema
from server.commands.common import Config, say
from ticketing.calendar_files import calendar_schema
from ticketing.definitions import workflow_schema


class Kind(Enum):
    WORKFLOW = "workflow"
    CALENDAR = "calendar"
    FLOW = "flow"


SCHEMAS = {Kind.WORKFLOW: workflow_schema, Kind.CALENDAR: calendar_schema, Kind.FLOW: flow_schema}


def schema(kind: Annotated[Kind, typer.Argument(help="Which kind of file.")], config: Config = None) -> None:
    """Print the JSON Schema of a definition file."""
    say(msgspec.json.format(msgspec.json.encode(SCHEMAS[kind]()), indent=2).decode())
