"""Running Asterisks that are lent from one act to the next, and how the logs of one act are told from another's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.real.account import stints
from tests.real.acts.act import Act
from tests.real.asterisk import Asterisk


class Pbxs:
    """Running Asterisks, one after the other lent to the acts that need such a one: to start one takes longer than
    most calls do. What an act failed on is not lent again."""

    def __init__(self) -> None:
        self._idle: dict[str, list[Asterisk]] = {}

    @asynccontextmanager
    async def lent(self, scene: Act, version: int) -> AsyncIterator[Asterisk]:
        """One on which nobody calls, and whose logs begin now."""
        key = f"{version} {scene.two_phones} {sorted(scene.queues.items())}"
        idle = self._idle.setdefault(key, [])
        if idle:
            pbx = idle.pop()
        else:
            pbx = await Asterisk(
                queues=scene.queues, version=version, two_phones=scene.two_phones
            ).__aenter__()
        try:
            await pbx.begin_again()
            yield pbx
        except BaseException:
            await pbx.__aexit__()
            raise
        idle.append(pbx)

    async def close(self) -> None:
        """Ends all of them."""
        for pbx in (one for idle in self._idle.values() for one in idle):
            await pbx.__aexit__()
        self._idle.clear()


def written(pbx: Asterisk) -> bool:
    """Whether its logs are written to their end: every call is over there too, and every talk has its length."""
    events = [(row["event"], row["linkedid"]) for row in pbx.cel()]
    begun = {linkedid for event, linkedid in events if event == "CHAN_START"}
    talks = [stint.talked for stint in stints(pbx.queue_log()) if stint.connected]
    return begun == {linkedid for event, linkedid in events if event == "LINKEDID_END"} and None not in talks
