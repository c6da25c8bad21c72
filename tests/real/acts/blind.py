"""Blind transfers: to an agent, a queue and outside, by the phone's own key (REFER) and by AMI."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, bridged, channel, gone, talks
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone

OUTSIDE = "913912345678"


async def answered_by_1001(pbx: Asterisk, phone: Phone) -> None:
    """1001 lets it ring for a while and answers."""
    await phone.ringing()
    await talks(1.2)
    await phone.answer()
    await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")


async def _blind(pbx: Asterisk, to: str) -> None:
    where = {"Channel": channel(pbx, "PJSIP/1001"), "Context": "ringdesk-dial", "Exten": to}
    await pbx.ami.action("BlindTransfer", where)


@act(
    "1001 sends the caller to 1002 with the phone's transfer key; 1002 answers; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1002 transfer caller_hung_up"],
)
async def blind_refer_to_agent(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(2.4)
        await first.refer("1002")
        await second.ringing()
        await talks(1.2)
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 sends the caller to 1002 by mouse (AMI BlindTransfer); 1002 answers and hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1002 transfer agent_hung_up"],
)
async def blind_ami_to_agent(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na"),
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _blind(pbx, "1002")
        await second.ringing()
        await talks(1.2)
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(2.6)
        await second.hang_up()
        await gone(pbx)


@act(
    "1001 sends the caller with the phone's key to the emergency queue, where 1003 answers; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="emergency",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1003 queue caller_hung_up"],
)
async def blind_refer_to_queue(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1003") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.refer("4004")
        await second.ringing()
        await talks(1.4)
        await second.answer()
        await bridged(pbx, "PJSIP/1003", "PJSIP/trunk")
        await talks(2.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 sends the caller with the phone's key to a number outside; it is answered there; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred"],
)
async def blind_refer_to_outside(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "outside") as world,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.refer(OUTSIDE)
        await world.ringing()
        await world.answer()
        await talks(2.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 sends the caller by mouse to a number outside; it is answered there and hung up there.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred"],
)
async def blind_ami_to_outside(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "outside") as world,
        Caller(pbx, "4001", KNOWN, "Li Na"),
    ):
        await answered_by_1001(pbx, first)
        await talks(2.6)
        await _blind(pbx, OUTSIDE)
        await world.ringing()
        await world.answer()
        await talks(1.6)
        await world.hang_up()
        await gone(pbx)


@act(
    "1001 sends the caller by mouse to 1002, who does not answer; the caller gives up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1002 transfer (caller_hung_up)"],
)
async def blind_unanswered(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _blind(pbx, "1002")
        await second.ringing()
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 sends the caller to 1002 with the phone's key, 1002 sends it on to 1003 by mouse; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=[
        "PJSIP/1001 queue transferred",
        "PJSIP/1002 transfer transferred",
        "PJSIP/1003 transfer caller_hung_up",
    ],
)
async def blind_twice(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Phone(pbx, "1003") as third,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await first.refer("1002")
        await second.ringing()
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(2.6)
        where = {"Channel": channel(pbx, "PJSIP/1002"), "Context": "ringdesk-dial", "Exten": "1003"}
        await pbx.ami.action("BlindTransfer", where)
        await third.ringing()
        await third.answer()
        await bridged(pbx, "PJSIP/1003", "PJSIP/trunk")
        await talks(1.4)
        await caller.hang_up()
        await gone(pbx)


ACTS: tuple[Act, ...] = (
    blind_refer_to_agent,
    blind_ami_to_agent,
    blind_refer_to_queue,
    blind_refer_to_outside,
    blind_ami_to_outside,
    blind_unanswered,
    blind_twice,
)
