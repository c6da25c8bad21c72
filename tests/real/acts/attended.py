"""Attended transfers by the phone's own keys (REFER with Replaces): completed, taken back, to outside."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, bridged, gone, talks
from tests.real.acts.blind import OUTSIDE, answered_by_1001
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone


@act(
    "1001 holds the caller, calls 1002 on a second line, connects the two (REFER with Replaces); the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1002 transfer caller_hung_up"],
    held=1,
)
async def attended_refer_completed(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.hold()
        async with Caller(pbx, "1002", agent="1001") as asks:
            await second.ringing()
            await talks(1.2)
            await second.answer()
            await asks.answered()
            await talks(2.4)
            await first.refer("1002", asks)
            await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
            await asks.ended()
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 holds the caller and calls 1002, who declines to take it; 1001 goes on with the caller and hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue agent_hung_up", "PJSIP/1002 transfer cancelled"],
    held=1,
)
async def attended_refer_cancelled(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na"),
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.hold()
        async with Caller(pbx, "1002", agent="1001") as asks:
            await second.ringing()
            await second.answer()
            await asks.answered()
            await talks(2.4)
            await asks.hang_up()
            await second.wait("ended")
        await first.resume()
        await talks(1.8)
        await first.hang_up()
        await gone(pbx)


@act(
    "1001 holds the caller and calls 1002, who does not answer; 1001 gives that up, goes on with the caller.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue caller_hung_up", "PJSIP/1002 transfer (cancelled)"],
    held=1,
)
async def attended_refer_unanswered(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.hold()
        async with Caller(pbx, "1002", agent="1001") as asks:
            await second.ringing()
            await talks(1.6)
            await asks.hang_up()
            await second.wait("ended")
        await first.resume()
        await talks(2.4)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 holds the caller, calls a number outside, connects the two; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred"],
    held=1,
)
async def attended_refer_to_outside(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "outside") as world,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.hold()
        async with Caller(pbx, OUTSIDE, agent="1001") as asks:
            await world.ringing()
            await world.answer()
            await asks.answered()
            await talks(1.4)
            await first.refer(OUTSIDE, asks)
            await asks.ended()
        await talks(2.4)
        await caller.hang_up()
        await gone(pbx)


ACTS: tuple[Act, ...] = (
    attended_refer_completed,
    attended_refer_cancelled,
    attended_refer_unanswered,
    attended_refer_to_outside,
)
