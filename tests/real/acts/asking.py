"""Attended transfers by mouse (AMI Atxfer): completed, taken back, left early, to outside, three together."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, bridged, channel, gone, talks
from tests.real.acts.blind import OUTSIDE, answered_by_1001
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone


async def _asks(pbx: Asterisk, to: str) -> None:
    """1001 asks by mouse. Its phone must send sound, as every phone does: the keys that Asterisk presses for it are
    read between its frames, and late where there are none.
    """
    where = {"Channel": channel(pbx, "PJSIP/1001"), "Context": "ringdesk-dial", "Exten": to}
    await pbx.ami.action("Atxfer", where)


@act(
    "1001 asks 1002 by mouse (AMI Atxfer), then hangs up, which connects the two; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1002 transfer caller_hung_up"],
    held=1,
)
async def attended_ami_completed(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", speaks=True) as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _asks(pbx, "1002")
        await second.ringing()
        await talks(1.2)
        await second.answer()
        await bridged(pbx, "PJSIP/1001", "PJSIP/1002")
        await talks(2.4)
        await first.hang_up()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 asks 1002 by mouse, takes it back (AMI CancelAtxfer) and goes on with the caller, who hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue caller_hung_up", "PJSIP/1002 transfer cancelled"],
    held=1,
)
async def attended_ami_cancelled(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", speaks=True) as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _asks(pbx, "1002")
        await second.ringing()
        await second.answer()
        await bridged(pbx, "PJSIP/1001", "PJSIP/1002")
        await talks(2.4)
        await pbx.ami.action("CancelAtxfer", {"Channel": channel(pbx, "PJSIP/1001")})
        await second.wait("ended")
        await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 asks 1002 by mouse and takes it back while 1002's phone rings; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue caller_hung_up", "PJSIP/1002 transfer (cancelled)"],
    held=1,
)
async def attended_ami_cancelled_ringing(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", speaks=True) as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _asks(pbx, "1002")
        await second.ringing()
        await talks(1.2)
        await pbx.ami.action("CancelAtxfer", {"Channel": channel(pbx, "PJSIP/1001")})
        await second.wait("ended")
        await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 asks 1002 by mouse and hangs up while 1002's phone rings; 1002 answers the caller, who hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1002 transfer caller_hung_up"],
    held=1,
)
async def attended_ami_left_ringing(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", speaks=True) as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _asks(pbx, "1002")
        await second.ringing()
        await talks(1.2)
        await first.hang_up()
        await talks(1.2)
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(2.2)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 asks 1002 by mouse, then brings all three together (*3); 1001 leaves, the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue agent_hung_up", "PJSIP/1002 transfer caller_hung_up"],
    held=1,
)
async def attended_ami_threeway(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", speaks=True) as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _asks(pbx, "1002")
        await second.ringing()
        await second.answer()
        await bridged(pbx, "PJSIP/1001", "PJSIP/1002")
        await talks(1.4)
        await first.press("*3")
        await bridged(pbx, "PJSIP/1001", "PJSIP/1002", "PJSIP/trunk")
        await talks(2.2)
        await first.hang_up()
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 asks 1002 by mouse; the caller hangs up meanwhile; the two go on for a while.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue caller_hung_up", "PJSIP/1002 transfer caller_hung_up"],
    held=1,
)
async def attended_ami_caller_gone(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", speaks=True) as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _asks(pbx, "1002")
        await second.ringing()
        await second.answer()
        await bridged(pbx, "PJSIP/1001", "PJSIP/1002")
        await talks(1.6)
        await caller.hang_up()
        await talks(1.6)
        await first.hang_up()
        await gone(pbx)


@act(
    "1001 asks by mouse at a number outside, then hangs up, which connects the two; outside hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue transferred"],
    held=1,
)
async def attended_ami_to_outside(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", speaks=True) as first,
        Phone(pbx, "outside") as world,
        Caller(pbx, "4001", KNOWN, "Li Na"),
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _asks(pbx, OUTSIDE)
        await world.ringing()
        await world.answer()
        await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")
        await talks(1.4)
        await first.hang_up()
        await pbx.ami.event("AttendedTransfer")
        await talks(2.2)
        await world.hang_up()
        await gone(pbx)


@act(
    "1001 asks by mouse at the emergency queue, 1003 answers, 1001 hangs up; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="emergency",
    segments=["PJSIP/1001 queue transferred", "PJSIP/1003 queue caller_hung_up"],
    held=1,
)
async def attended_ami_to_queue(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", speaks=True) as first,
        Phone(pbx, "1003") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as caller,
    ):
        await answered_by_1001(pbx, first)
        await talks(1.6)
        await _asks(pbx, "4004")
        await second.ringing()
        await talks(1.2)
        await second.answer()
        await pbx.ami.event("AgentConnect", Queue="emergency")
        await talks(1.4)
        await first.hang_up()
        await pbx.ami.event("AttendedTransfer")
        await talks(2.2)
        await caller.hang_up()
        await gone(pbx)


ACTS: tuple[Act, ...] = (
    attended_ami_completed,
    attended_ami_cancelled,
    attended_ami_cancelled_ringing,
    attended_ami_left_ringing,
    attended_ami_threeway,
    attended_ami_caller_gone,
    attended_ami_to_outside,
    attended_ami_to_queue,
)
