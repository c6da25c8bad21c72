"""`ringdesk tail`: the live events as JSON lines, without a gap after a break."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from contextlib import suppress
from typing import Annotated
from urllib.parse import quote

import typer
import websockets

from core.errors import Refused
from server.commands.common import Config, run, say, settings_of

RETRY_SECONDS = 0.5
RETRY_MOST_SECONDS = 15.0
REFUSED_STATUS = (401, 403, 404)


def tail(
    token: Annotated[str, typer.Option(help="API token; RINGDESK_TOKEN where not given.")] = "",
    url: Annotated[str, typer.Option(help="The server, such as http://127.0.0.1:8080.")] = "",
    count: Annotated[int, typer.Option(help="Stop after so many messages; 0 goes on.")] = 0,
    config: Config = None,
) -> None:
    """Print live events as JSON lines, as the token's user may see them."""
    settings = settings_of(config)
    base = url or settings.server.public_url or f"http://{settings.server.host}:{settings.server.port}"
    secret = token or os.environ.get("RINGDESK_TOKEN", "")
    if not secret:
        raise typer.BadParameter("give --token or RINGDESK_TOKEN (made by `ringdesk token add USER`)")
    with suppress(_PipeClosed):
        run(_follow(base.replace("http", "ws", 1).rstrip("/") + "/ws", secret, count))


class _PipeClosed(Exception):
    """Nobody reads our output any more, as after `ringdesk tail | head`."""


def _print(text: str) -> None:
    """A line on standard output. A closed pipe is no break of the link: it must not be mistaken for one."""
    try:
        say(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
        raise _PipeClosed from None


async def _follow(url: str, token: str, count: int) -> None:
    """Print until `count`; after a break come back with the last seq, so that nothing is missed or doubled."""
    place, seen, wait = "", 0, RETRY_SECONDS
    headers = {"Authorization": f"Bearer {token}"}
    while True:
        try:
            async with websockets.connect(url + place, additional_headers=headers, max_size=2**24) as line:
                wait = RETRY_SECONDS
                async for text in line:
                    message = json.loads(text)
                    if "seq" in message:
                        place = f"?epoch={quote(message['epoch'])}&seq={message['seq']}"
                    _print(str(text))
                    seen += 1
                    if seen == count:
                        return
        except websockets.InvalidStatus as refusal:
            status = refusal.response.status_code
            if status in REFUSED_STATUS:
                raise Refused(f"The server refused the token ({status}) at {url}.") from None
        except (OSError, websockets.WebSocketException):
            if not place:
                raise Refused(f"There is no Ringdesk server at {url}.") from None
        await asyncio.sleep(random.uniform(0, wait))  # noqa: S311 - jitter, no secret
        wait = min(wait * 2, RETRY_MOST_SECONDS)
