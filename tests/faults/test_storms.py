"""The practice PBX at its wildest: a flood of events, and a line that loses, doubles and swaps them."""

from __future__ import annotations

import asyncio

from core.database import Database
from cti.messages import AgentState, CallEnded, LinkState, Outcome, Seat
from cti.practice import load
from cti.practice.pbx import PracticePbx, Setup
from tests.faults.lossy import LossyLine, Trouble
from tests.faults.soak import resident_bytes, times
from tests.integration.test_switchboard import Room, room
from tests.wait import until

RATE = 20_000
SECONDS = times(2, 120)
ROUNDS = times(3, 200)
CALLS = 40
MEGABYTES = 48
LONG = 60.0
EXTENSIONS = tuple(str(1001 + number) for number in range(12))
AGENTS = tuple(Seat(f"u{ext}", f"User {ext}", "main", f"PJSIP/{ext}", ext) for ext in EXTENSIONS)
SERVING = Setup(members={"service": EXTENSIONS}, strategy="rrmemory", retry=1, wrapuptime=0)


def ended(it: Room) -> int:
    """How many calls have ended since this was asked last."""
    count = sum(isinstance(event, CallEnded) for event in it.told)
    it.told.clear()
    return count


async def test_twenty_thousand_events_a_second_are_all_read_and_nothing_is_left(sqlite_db: Database) -> None:
    async with PracticePbx(setup=Setup(members={})) as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        link = it.board.lines["main"].link
        first, told, over, early = pbx.world.processed, 0, 0, 0
        for _ in range(SECONDS):
            told += await load.flood(pbx, RATE, 1.0)
            over += ended(it)
            early = early or resident_bytes()
        made = pbx.world.processed - first
        async with asyncio.timeout(LONG):
            while over < made:
                await it.until(lambda: it.told)
                over += ended(it)
        assert over == made
        assert it.calls == ()
        assert (link.counters.connects, link.counters.malformed, link.counters.sink_errors) == (1, 0, 0)
        grown = resident_bytes() - early
        assert grown < MEGABYTES << 20
        print(f"{told} events, {made} calls in {SECONDS} s; none missing; grown {grown / 2**20:.1f} MiB")


async def test_a_line_that_drops_doubles_and_swaps_leaves_nothing_after_the_next_resync(
    sqlite_db: Database,
) -> None:
    async with PracticePbx(setup=SERVING) as pbx:
        for seed in range(ROUNDS):
            trouble = Trouble(seed, drop=0.05, double=0.05, swap=0.05)
            async with (
                LossyLine(pbx.port) as line,
                room(sqlite_db, pbx, AGENTS, port=line.port, wrapup={}) as it,
            ):
                await _round(pbx, line, trouble, it)
            assert trouble.done["dropped"], trouble.done
            if seed == ROUNDS - 1:
                print(f"{ROUNDS} rounds of {CALLS} calls; the last line's events: {dict(trouble.done)}")


async def _round(pbx: PracticePbx, line: LossyLine, trouble: Trouble, it: Room) -> None:
    """Calls on the bad line; some still live when it is cut and is good from then on."""
    await it.up()
    line.trouble = trouble
    await load.calls(pbx, CALLS, 400, ring=0.005, talk=0.01)
    live = [pbx.caller(f"139{number:08d}") for number in range(5)]
    it.board.tick(0.0)
    line.trouble = None
    line.cut()
    epoch = it.board.lines["main"].pbx.epoch
    await it.until(lambda: it.board.lines["main"].up and it.board.lines["main"].pbx.epoch > epoch)
    # Exactly what the PBX has: a board may believe neither more nor less.
    ours = {f"main-{channel.uniqueid}" for channel in live}
    assert {call.id for call in it.calls} == ours
    for channel in live:
        pbx.hang_up(channel)
    await it.until(lambda: it.calls == ())
    await until(lambda: not pbx.world.channels)
    for seat in AGENTS:
        await it.state(seat.user, AgentState.READY)
    assert await it.recorder.flush()
    assert await it.store.live("main") == {}


async def test_a_line_that_goes_dead_is_noticed_and_what_happened_meanwhile_is_no_ghost(
    sqlite_db: Database,
) -> None:
    async with (
        PracticePbx(setup=SERVING) as pbx,
        LossyLine(pbx.port) as line,
        room(sqlite_db, pbx, AGENTS, port=line.port, ping_seconds=0.2) as it,
    ):
        await it.up()
        gone, stays = pbx.caller("13800138000"), pbx.caller("13800138001")
        await it.until(lambda: len(it.calls) == 2)
        line.die()
        pbx.hang_up(gone)
        late = pbx.caller("13800138002")
        await it.until(lambda: it.board.lines["main"].pbx.state is LinkState.DOWN)
        assert "no answer to 2 pings" in it.board.lines["main"].pbx.detail
        await it.up()
        assert {call.id for call in it.calls} == {f"main-{one.uniqueid}" for one in (stays, late)}
        lost = [event.call for event in it.told if isinstance(event, CallEnded)]
        assert [(call.id, call.outcome, call.incomplete) for call in lost] == [
            (f"main-{gone.uniqueid}", Outcome.LOST, True)
        ]
