"""`ringdesk serve` as it is, but for one thing: before another room is asked for a caller, the test at PORT is asked
what is to happen. `held_serve.py PORT serve`.

`go`: the room answers. `gone`: it answers after the caller has hung up. `meanwhile`: it answers at once, and its answer
waits until the caller has hung up. `broken`: it fails with an error that nobody expects.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping

from ivr_flows.messages import Caller, Value
from server import rooms
from server.cli import app
from server.ivr_services import IvrServices
from server.sources import Existing

HELD_SECONDS = 120.0
"""Who is held waits for a hang-up, which takes longer on a busy machine than a caller is ever kept waiting."""


class HeldServices(IvrServices):
    """The real services behind a door."""

    def __init__(self, real: IvrServices, house: rooms.Rooms, port: int) -> None:
        super().__init__(real._table)
        self._house, self._port = house, port

    async def ask(self, service: str, args: Mapping[str, Value], caller: Caller) -> dict[str, Value]:
        order = await self._order(service, caller)
        if order == "broken":
            raise RuntimeError("broken on purpose")
        if order == "gone":
            await self._gone(caller)
        try:
            return await super().ask(service, args, caller)
        finally:
            if order == "meanwhile":
                await self._gone(caller)

    async def _order(self, service: str, caller: Caller) -> str:
        visits = self._house.visits.live()
        node = next((one.node for one in visits if one.id == caller.session), "")
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        asked = {"number": caller.number, "node": node, "service": service}
        writer.write(json.dumps(asked).encode() + b"\n")
        order = (await reader.readline()).decode().strip()
        writer.close()
        return order

    async def _gone(self, caller: Caller) -> None:
        """Returns when Asterisk has told us that the caller has hung up."""
        (wire,) = (
            one for one in self._house.ivr.server._wires if one.env.get("agi_uniqueid") == caller.uniqueid
        )
        while not wire.hung_up and wire.lost is None:  # noqa: ASYNC110 - a line has no event for it
            await asyncio.sleep(0.01)


def main() -> None:
    port, real = int(sys.argv.pop(1)), rooms.caller_services

    def held(house: rooms.Rooms, existing: Existing) -> IvrServices:
        return HeldServices(real(house, existing), house, port)

    rooms.caller_services = held
    rooms.ASK_SECONDS = HELD_SECONDS
    app()


if __name__ == "__main__":
    main()
