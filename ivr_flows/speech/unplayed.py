"""Which sounds a PBX could not play: kept until they are there, for AMI tells nobody which files a PBX has."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from core.clock import Clock
from core.database import Database, insert_for
from core.tasks import Worker
from ivr_flows.messages import Caller
from ivr_flows.tables import unplayed_sounds as t

KEPT_SECONDS = 30 * 86400.0


class Unplayed(msgspec.Struct, frozen=True):
    """`sound` is the file's bare name, `at` when it was asked for last."""

    pbx: str
    sound: str
    at: float
    times: int


class UnplayedSounds:
    """Takes what lines report and writes it down; nobody waits for that."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self.worker: Worker[tuple[str, str]] = Worker("unplayed sounds", self._write, 100)

    def refused(self, sound: str, caller: Caller) -> None:
        """The PBX of this caller has no such sound."""
        self.worker.offer((caller.pbx[:40], sound.rpartition("/")[2][:64]))

    async def _write(self, item: tuple[str, str]) -> None:
        pbx, sound = item
        now = self._clock.now()
        async with self._db.begin() as tx:
            insert = insert_for(tx, t).values(pbx=pbx, sound=sound, at=now, times=1)
            again = {"at": now, "times": t.c.times + 1}
            await tx.execute(insert.on_conflict_do_update(index_elements=["pbx", "sound"], set_=again))
            await tx.execute(sa.delete(t).where(t.c.at < now - KEPT_SECONDS))


async def unplayed(db: Database) -> list[Unplayed]:
    """All of them, the latest first."""
    async with db.read() as tx:
        rows = await tx.execute(sa.select(t).order_by(t.c.at.desc(), t.c.sound))
        return [Unplayed(**row) for row in rows.mappings()]
