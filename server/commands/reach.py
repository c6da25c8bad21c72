"""What the doctor says of the way into flows: whether a dialplan's AGI() would find Ringdesk where it listens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from config.settings import Settings
from cti.dialplan_findings import HERE
from cti.findings import Finding, Level

SECONDS = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 # what is asked of, not listened on


async def reach_findings(settings: Settings) -> list[Finding]:
    """Asks the port of flows for a connection, from here."""
    if not any(pbx.flow_context for pbx in settings.pbx):
        return []
    return [await _listens(settings), *from_elsewhere(settings)]


async def _listens(settings: Settings) -> Finding:
    host, port = settings.ivr.host, settings.ivr.port
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(_EVERYWHERE.get(host, host), port)
    except OSError as error:
        return Finding(
            Level.WARNING,
            f"Nothing answers at {host}:{port}, where flows are served: {str(error) or 'no answer in time'}",
            "Callers are not served; the dialplan sends them to its queue.",
            "Start `ringdesk serve`. Where it runs, its log says agi.no_port: another program has the port. "
            "Then change ivr.port of ringdesk.toml, and RINGDESK_AGI in [globals] of extensions.conf with it.",
        )
    writer.close()
    return Finding(Level.OK, f"Flows are served at {host}:{port}")


def from_elsewhere(settings: Settings) -> Iterator[Finding]:
    """What can be said without asking: a PBX on another machine does not reach our loopback address."""
    away = [pbx.name for pbx in settings.pbx if pbx.flow_context and pbx.host not in HERE]
    if away and settings.ivr.host in HERE:
        yield Finding(
            Level.WARNING,
            f"PBX {', '.join(away)} is another machine, and flows are served at {settings.ivr.host} only",
            "Its AGI() cannot reach Ringdesk.",
            "Set ivr.host of ringdesk.toml to an address of this machine that the PBX reaches, ivr.token too, and "
            "RINGDESK_AGI and RINGDESK_TOKEN in its [globals].",
        )
