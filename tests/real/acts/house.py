"""Calls within the house: taken from a colleague's phone, parked, in a conference, moved by hand."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, bridged, channel, gone, talks
from tests.real.acts.blind import answered_by_1001
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone


@act(
    "The queue rings 1001; 1002 takes the call with *8 from its own phone; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue (answered_elsewhere)", "PJSIP/1002 pickup caller_hung_up"],
)
async def pickup_of_queue_call(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Caller(pbx, "4001", KNOWN, "Li Na") as caller:
        await first.ringing()
        await talks(1.4)
        async with Caller(pbx, "*8", agent="1002") as taker:
            await taker.answered()
            await first.wait("ended")
            await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
            await talks(2.4)
            await caller.hang_up()
            await taker.ended()
        await gone(pbx)


@act(
    "A caller dials 1001's direct number; 1002 takes the call with **1001 and hangs up.",
    **INBOUND,
    outcome="answered",
    segments=["PJSIP/1001 direct (answered_elsewhere)", "PJSIP/1002 pickup agent_hung_up"],
)
async def pickup_of_direct_call(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Caller(pbx, "4003", KNOWN, "Li Na"):
        await first.ringing()
        await talks(1.4)
        async with Caller(pbx, "**1001", agent="1002") as taker:
            await taker.answered()
            await first.wait("ended")
            await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
            await talks(1.8)
            await taker.hang_up()
        await gone(pbx)


@act(
    "1001 parks the caller with the phone's key (700); 1002 fetches it at 701; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1002 transfer caller_hung_up"],
)
async def parked_and_fetched(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Caller(pbx, "4001", KNOWN, "Li Na") as caller:
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.refer("700")
        await pbx.ami.event("ParkedCall")
        await talks(1.4)
        async with Caller(pbx, "701", agent="1002") as fetches:
            await fetches.answered()
            await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
            await talks(2.2)
            await caller.hang_up()
            await fetches.ended()
        await gone(pbx)


@act(
    "1001 parks the caller, nobody fetches it; it rings at 1001 again, who answers and hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1001 transfer agent_hung_up"],
)
async def parked_and_forgotten(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Caller(pbx, "4001", KNOWN, "Li Na"):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.refer("700")
        await pbx.ami.event("ParkedCall")
        again = await first.ringing(count=2)
        await talks(1.2)
        await first.answer(again.call_id)
        await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")
        await talks(1.6)
        await first.hang_up()
        await gone(pbx)


@act(
    "1001 parks the caller, who gives up while it waits.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred"],
)
async def parked_and_left(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Caller(pbx, "4001", KNOWN, "Li Na") as caller:
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.refer("700")
        await pbx.ami.event("ParkedCall")
        await talks(1.4)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 sends the caller into conference room 800, then dials it too, as 1002 does; one after the other leaves.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=[
        "PJSIP/1001 queue transferred",
        "PJSIP/1001 transfer agent_hung_up",
        "PJSIP/1002 transfer agent_hung_up",
    ],
)
async def conference(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Caller(pbx, "4001", KNOWN, "Li Na") as caller:
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.refer("800")
        await pbx.ami.event("ConfbridgeJoin")
        await talks(0.6)
        async with Caller(pbx, "800", agent="1001") as one:
            await one.answered()
            await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")
            await talks(1.4)
            async with Caller(pbx, "800", agent="1002") as two:
                await two.answered()
                await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
                await talks(1.6)
                await one.hang_up()
                await talks(1.6)
                await two.hang_up()
        await caller.hang_up()
        await gone(pbx)


@act(
    "While the caller talks with 1001, AMI's Redirect sends its channel to 1002, who answers; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1002 transfer caller_hung_up"],
)
async def redirected(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(2.2)
        where = {
            "Channel": channel(pbx, "PJSIP/trunk"),
            "Context": "agents",
            "Exten": "1002",
            "Priority": "1",
        }
        await pbx.ami.action("Redirect", where)
        await second.ringing()
        await first.wait("ended")
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "The caller talks with 1001, 1002 with 1003; AMI's Bridge takes the caller to 1002; the others are left alone.",
    direction="inbound",
    caller=KNOWN,
    outcome="answered",
    segments=[
        "PJSIP/1001 queue transferred",
        "PJSIP/1002 transfer caller_hung_up",
        "PJSIP/1003 transfer cancelled",
    ],
)
async def masqueraded(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1003") as third,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        customer = channel(pbx, "PJSIP/trunk")
        async with Caller(pbx, "1003", agent="1002") as colleague:
            await third.ringing()
            await third.answer()
            await bridged(pbx, "PJSIP/1002", "PJSIP/1003")
            await talks(1.8)
            both = {"Channel1": customer, "Channel2": channel(pbx, "PJSIP/1002")}
            await pbx.ami.action("Bridge", both)
            await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
            await talks(2.2)
            await caller.hang_up()
            await colleague.ended()
        await gone(pbx)


ACTS: tuple[Act, ...] = (
    pickup_of_queue_call,
    pickup_of_direct_call,
    parked_and_fetched,
    parked_and_forgotten,
    parked_and_left,
    conference,
    redirected,
    masqueraded,
)
