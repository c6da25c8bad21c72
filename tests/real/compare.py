"""`python -m tests.real.compare [NAME ...]`: plays calls on Asterisk 16 and 22 and compares what Ringdesk stored of
them with Asterisk's own CEL and queue_log; without names it plays all, and writes docs/call-shapes.md.
"""

import asyncio
import logging
import shutil
import sys
import tempfile
import traceback
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from config.settings import PbxSettings
from core.bus import Bus
from core.clock import SystemClock
from core.database import Database
from core.migrate import upgrade
from core.tasks import Tasks
from cti.messages import Call, Direction, Seat, Segment
from cti.recorder import Recorder
from cti.store import CallFilter, CallStore
from cti.switchboard import Switchboard
from tests.real import astconf
from tests.real.account import Stint, Told, ToldCall, calls, stints
from tests.real.acts import ACTS, SHAPES
from tests.real.acts.act import Act
from tests.real.asterisk import PARTS, Asterisk
from tests.real.lent import Pbxs, written
from tests.wait import until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "call-shapes.md"
AT_ONCE = 12
VERSIONS = tuple(sorted(PARTS))
COMPARED: Mapping[str, Act] = {
    **{name: scene for name, scene in ACTS.items() if "outcome" in scene.expect and "caller_" not in name},
    **SHAPES,
}
LEFT_OUT = ("shutdown_while_talking",)  # it ends the PBX, and with it the PBX's account
SECOND = 1.0
# queue_log lets an agent talk until the caller hangs up, also when the caller was taken elsewhere meanwhile.
QUEUE_LOG_TALKS_ON = ("redirected", "masqueraded")
_SEATS = tuple(Seat(f"agent{e}", f"Agent {e}", "main", f"PJSIP/{e}", e) for e in astconf.AGENTS)


def shapes() -> list[str]:
    """Names of all calls that are compared."""
    return [name for name in COMPARED if name not in LEFT_OUT]


@dataclass(frozen=True)
class Account:
    """One run: what Ringdesk stored, and what Asterisk's two logs say of it."""

    ours: Sequence[Call]
    cel: Sequence[ToldCall]
    queue_log: Sequence[Stint]


@dataclass(frozen=True)
class Compared:
    """A shape on a version: the cells of its row, what differs, and which times differ by a second or more."""

    name: str
    version: int
    wait: str
    talk: str
    differences: tuple[str, ...] = ()
    times: tuple[str, ...] = ()

    @property
    def row(self) -> str:
        same = "**no**" if self.differences or self.times else "yes"
        return f"| {self.name} | {self.version} | {self.wait} | {self.talk} | {same} |"


@asynccontextmanager
async def _ringdesk(database: Path, pbx: Asterisk) -> AsyncIterator[tuple[Switchboard, Recorder, CallStore]]:
    """Ringdesk's telephone side at that PBX: its link, its board, its store."""
    db = Database(f"sqlite:///{database}")
    bus, clock, store, tasks = Bus(), SystemClock(), CallStore(db), Tasks()
    settings = PbxSettings(
        "main", port=pbx.ami_port, username=pbx.user, secret=pbx.secret, trunks=("PJSIP/trunk",)
    )
    board, recorder = Switchboard((settings,), bus, store, clock), Recorder(store)
    recorder.subscribe(bus)
    recorder.start(tasks)
    board.set_seats(_SEATS, clock.now())
    try:
        await board.start(tasks)
        yield board, recorder, store
    finally:
        await board.stop()
        await tasks.close()
        await db.close()


async def account_of(scene: Act, version: int, template: Path, pbxs: Pbxs) -> Account:
    """Plays the act with Ringdesk looking on. `template` is a database without calls."""
    with tempfile.TemporaryDirectory(prefix="ringdesk-compare-") as folder:
        database = Path(folder) / "ringdesk.db"
        shutil.copy(template, database)
        async with pbxs.lent(scene, version) as pbx:
            async with _ringdesk(database, pbx) as (board, recorder, store):
                await until(lambda: board.lines["main"].up, seconds=30)
                await scene.play(pbx)
                await until(lambda: not board.snapshot().calls, seconds=30)
                await recorder.flush(30)
                ours = await store.list(CallFilter(), limit=50)
            await until(lambda: written(pbx), seconds=30)
            return Account(sorted(ours, key=_began), calls(pbx.cel()), stints(pbx.queue_log()))


def _began(call: Call) -> float:
    return call.started_at


def compare(name: str, version: int, account: Account) -> Compared:
    """Our calls beside Asterisk's, and every difference of a second or more."""
    waits, talks, found, times = [], [], [], []
    if len(account.ours) != len(account.cel):
        found.append(f"{len(account.ours)} calls, CEL has {len(account.cel)}")
    for ours, theirs in zip(account.ours, account.cel, strict=False):
        queued = [stint for stint in account.queue_log if stint.uniqueid in theirs.uniqueids]
        queue_wait = _queue_wait(queued)
        waits.append(_cell(ours.wait_seconds, theirs.wait, queue_wait))
        times += _differ("wait", ours.wait_seconds, theirs.wait, queue_wait)
        if differ := _agents_differ(ours, theirs):
            found.append(differ)
        talks.append("?" if differ else _talks(name, ours, theirs, queued, times))
    return Compared(name, version, "; ".join(waits), "; ".join(talks), tuple(found), tuple(times))


def _queue_wait(queued: Sequence[Stint]) -> float | None:
    """From the first queue that the caller entered to the first agent, or to the end of its last queue."""
    if not queued or any(not stint.left for stint in queued):
        return None
    first = next((stint for stint in queued if stint.connected), queued[-1])
    return float(first.left - queued[0].entered)


def _agents_differ(ours: Call, theirs: ToldCall) -> str:
    """Not the same agents in the same order, or not the same of them answered; "" where all is the same."""
    mine, parts = sorted(ours.segments, key=_mine), sorted(theirs.parts, key=_theirs)
    answered = [(s.interface, s.answered_at is not None) for s in mine]
    if answered == [(p.interface, p.answered is not None) for p in parts]:
        return ""
    return f"segments {[_mine(s) for s in mine]}, CEL has {[_theirs(p) for p in parts]}"


def _talks(name: str, ours: Call, theirs: ToldCall, queued: Sequence[Stint], times: list[str]) -> str:
    """The agents of one call and how long each talked. Times that differ are added to `times`."""
    mine, parts = sorted(ours.segments, key=_mine), sorted(theirs.parts, key=_theirs)
    connected = iter([] if name in QUEUE_LOG_TALKS_ON else [s for s in queued if s.connected])
    logged = {segment.id: next(connected, None) for segment in _in_queue(ours)}
    cells = []
    for segment, part in zip(mine, parts, strict=True):
        stint = logged.get(segment.id)
        seconds = None if stint is None or stint.talked is None else float(stint.talked)
        agent = segment.interface.rpartition("/")[2]
        times += _differ(f"{agent}'s talk", _talk(segment), part.talk)
        times += _differ(f"{agent}'s stay", _lasted(segment), part.lasted, seconds)
        shown = _cell(_talk(segment), part.talk, seconds)
        cells.append(f"{agent} {shown}" if part.answered is not None else f"{agent} –")
    total = sum(p.talk for p in parts if not (ours.direction is Direction.INTERNAL and p is parts[0]))
    if any(s.answered_at is not None for s in mine) and ours.direction is not Direction.INTERNAL:
        times += _differ("the call's talk", ours.talk_seconds + ours.hold_seconds, total)
    return ", ".join(cells) or "no agent"


def _in_queue(call: Call) -> list[Segment]:
    """The segments that a queue's log tells of, in the order of their answers."""
    answered = [s for s in call.segments if s.queue is not None and s.answered_at is not None]
    return sorted(answered, key=lambda s: s.answered_at or 0.0)


def _mine(segment: Segment) -> tuple[str, float]:
    return segment.interface, segment.offered_at


def _theirs(part: Told) -> tuple[str, float]:
    return part.interface, part.began


def _talk(segment: Segment) -> float:
    """With the caller, hold included: CEL and queue_log know no hold."""
    return _lasted(segment) - segment.consult_seconds


def _lasted(segment: Segment) -> float:
    if segment.answered_at is None or segment.ended_at is None:
        return 0.0
    return segment.ended_at - segment.answered_at


def _differ(what: str, ours: float, cel: float, logged: float | None = None) -> list[str]:
    """queue_log subtracts two whole seconds, so that alone may make it err by just under one."""
    found = [f"{what}: {ours:.2f} s, CEL {cel:.2f} s"] if abs(ours - cel) >= SECOND else []
    if logged is not None and abs(ours - logged) > SECOND + 0.1:
        found.append(f"{what}: {ours:.2f} s, queue_log {logged:.0f} s")
    return found


def _cell(ours: float, cel: float, logged: float | None) -> str:
    return f"{ours:.1f} / {cel:.1f}" + ("" if logged is None else f" / {logged:.0f}")


async def run(names: Iterable[str], versions: Iterable[int] = VERSIONS) -> list[Compared]:
    """Plays the named calls on those versions, some at a time; one that cannot be played differs by that.

    Where only times differ the call is played once more, alone: several Asterisks at once keep a small machine from
    reading an event for a second, which is no fault of what is compared. A fault is there the second time too.
    """
    gate, versions, pbxs = asyncio.Semaphore(AT_ONCE), tuple(versions), Pbxs()
    with tempfile.TemporaryDirectory(prefix="ringdesk-compare-") as folder:
        template = Path(folder) / "template.db"
        db = Database(f"sqlite:///{template}")
        await upgrade(db)
        await db.close()

        async def one(name: str, version: int) -> Compared:
            async with gate:
                return await _played(name, version, template, pbxs)

        # Both versions of a shape side by side, the longest shapes first: they are the last of the registry.
        wanted = [(name, version) for name in reversed(list(names)) for version in versions]
        try:
            done = await asyncio.gather(*(one(name, version) for name, version in wanted))
            for at, row in enumerate(done):
                if row.times and not row.differences:
                    done[at] = await _played(row.name, row.version, template, pbxs)
        finally:
            await pbxs.close()
    return sorted(done, key=lambda row: (shapes().index(row.name), row.version))


async def _played(name: str, version: int, template: Path, pbxs: Pbxs) -> Compared:
    try:
        return compare(name, version, await account_of(COMPARED[name], version, template, pbxs))
    except Exception as error:
        return Compared(name, version, "?", "?", ("".join(traceback.format_exception(error)),))


HEAD = """# Calls of every shape, beside Asterisk's own account

Made by `python -m tests.real.compare` (root; the real parts of `make test`), which plays each call on Asterisk 16.28
and 22.10 with SIPp's phones while Ringdesk looks on over AMI, and then compares the rows of Ringdesk's database with
what Asterisk wrote itself. `tests/integration/test_call_shapes.py` does the same at every run of the tests.

Seconds. **Wait**: Ringdesk / CEL / queue_log (whole seconds), from the first queue, or the beginning, to the first
answer or the end. **Talk** of each agent in turn: Ringdesk / CEL / queue_log; – where the phone was not answered. Hold
is in it, for neither log knows of hold; a consultation is not, but it is in queue_log's figure. **Same**: the calls,
the agents of each, who answered, the waits, the talk of each agent and of the call differ by less than a second (from
queue_log, which subtracts whole seconds, by no more than one). Where only times differ the call is played once more,
alone, and that counts.

Where the caller is taken elsewhere by AMI (`redirected`, `masqueraded`) queue_log lets the first agent talk until the
caller hangs up; CEL shows that its channel was gone. Ringdesk goes by CEL, and queue_log's figure is not shown.

What each call is: `tests/real/acts/`; how Asterisk's logs are read: `tests/real/account.py`.

| call | Asterisk | wait | talk | same |
|---|---|---|---|---|
"""


def page(rows: Sequence[Compared]) -> str:
    """The table as docs/call-shapes.md has it."""
    return HEAD + "".join(f"{row.row}\n" for row in rows)


async def main(names: list[str]) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    rows = await run(names or shapes())
    for row in rows:
        print(row.row, *row.differences, *row.times, sep="\n    ")
    if not names:
        PAGE.write_text(page(rows))
    return int(any(row.differences or row.times for row in rows))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
