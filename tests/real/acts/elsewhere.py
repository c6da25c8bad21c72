"""Calls that go on elsewhere or nowhere: other queues, time-outs, ring groups, refusals, colleagues, outside."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, bridged, gone, talks
from tests.real.acts.blind import OUTSIDE
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone, answers

OVERFLOW = {"service": QueueSetup(members=("1001",)), "emergency": QueueSetup(members=("1003",))}
HOME = {"direction": "internal", "caller": "1002"}


@act(
    "Nobody answers in the service queue within 2 s; the caller goes on to the emergency queue, where 1003 answers.",
    queues=OVERFLOW,
    **INBOUND,
    outcome="answered",
    queue="emergency",
    segments=["PJSIP/1001 queue (no_answer)", "PJSIP/1003 queue agent_hung_up"],
)
async def queue_overflow(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1003") as second,
        Caller(pbx, "4011", KNOWN, "Li Na"),
    ):
        await first.ringing()
        await second.ringing()
        await talks(1.2)
        await second.answer()
        await bridged(pbx, "PJSIP/1003", "PJSIP/trunk")
        await talks(1.8)
        await second.hang_up()
        await gone(pbx)


@act(
    "Nobody answers in the service queue within 2 s, and the PBX ends the call.",
    **INBOUND,
    outcome="no_answer",
    queue="service",
    segments=["PJSIP/1001 queue (no_answer)"],
)
async def queue_timeout(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Caller(pbx, "4012", KNOWN, "Li Na") as caller:
        await first.ringing()
        await caller.ended()
        await gone(pbx)


@act(
    "Two calls at once from one number: 1001 answers one, 1002 the other; both callers hang up.",
    queues={"service": QueueSetup(members=("1001", "1002"), strategy="linear")},
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=[["PJSIP/1001 queue caller_hung_up"], ["PJSIP/1002 queue caller_hung_up"]],
)
async def two_calls_of_one_number(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na") as one,
    ):
        await first.ringing()
        await first.answer()
        await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")
        async with Caller(pbx, "4001", KNOWN, "Li Na") as two:
            await second.ringing()
            await talks(1.2)
            await second.answer()
            await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
            await talks(1.6)
            await one.hang_up()
            await talks(1.4)
            await two.hang_up()
        await gone(pbx)


@act(
    "Two phones are dialled at once; 1002 answers, 1001 stops ringing; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    any_order=True,
    segments=["PJSIP/1001 direct (answered_elsewhere)", "PJSIP/1002 direct caller_hung_up"],
)
async def ring_group(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4013", KNOWN, "Li Na") as caller,
    ):
        await first.ringing()
        await second.ringing()
        await talks(1.2)
        await second.answer()
        await first.wait("ended")
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 does not answer its direct call within 2 s, then 1002 is dialled and answers; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    segments=["PJSIP/1001 direct (no_answer)", "PJSIP/1002 direct caller_hung_up"],
)
async def direct_then_colleague(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4014", KNOWN, "Li Na") as caller,
    ):
        await first.ringing()
        await second.ringing()
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


async def _dials_outside(pbx: Asterisk, status: str) -> None:
    async with (
        Phone(pbx, "outside", status=status) as world,
        Caller(pbx, OUTSIDE, agent="1001") as caller,
    ):
        await world.ringing()
        await talks(1.2)
        await world.reject()
        await caller.ended()
        await gone(pbx)


@act(
    "1001 dials outside from its phone: busy (486).",
    direction="outbound",
    caller="1001",
    outcome="busy",
    segments=["PJSIP/1001 outbound (busy)"],
)
async def outbound_is_busy(pbx: Asterisk) -> None:
    await _dials_outside(pbx, "486 Busy Here")


@act(
    "1001 dials outside from its phone and is turned down (603).",
    direction="outbound",
    caller="1001",
    outcome="busy",
    segments=["PJSIP/1001 outbound (busy)"],
)
async def outbound_is_rejected(pbx: Asterisk) -> None:
    await _dials_outside(pbx, "603 Decline")


@act(
    "1001 dials a number outside that does not exist (404).",
    direction="outbound",
    caller="1001",
    outcome="failed",
    segments=["PJSIP/1001 outbound (cancelled)"],
)
async def outbound_fails(pbx: Asterisk) -> None:
    await _dials_outside(pbx, "404 Not Found")


@act(
    "1001 dials outside from its phone; nobody answers there; 1001 gives up.",
    direction="outbound",
    caller="1001",
    outcome="no_answer",
    segments=["PJSIP/1001 outbound (cancelled)"],
)
async def outbound_unanswered(pbx: Asterisk) -> None:
    async with Phone(pbx, "outside") as world, Caller(pbx, OUTSIDE, agent="1001") as caller:
        await world.ringing()
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1002 dials 1001, who is busy.",
    **HOME,
    outcome="busy",
    segments=["PJSIP/1002 outbound (busy)", "PJSIP/1001 direct (busy)"],
)
async def internal_busy(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "1001", agent="1002") as caller:
        await phone.ringing()
        await phone.reject()
        await caller.ended()
        await gone(pbx)


@act(
    "1002 dials 1001, who sends the call on to 1003 with the phone's key; 1003 answers; 1002 hangs up.",
    **HOME,
    outcome="answered",
    segments=[
        "PJSIP/1002 outbound agent_hung_up",
        "PJSIP/1001 direct transferred",
        "PJSIP/1003 transfer caller_hung_up",
    ],
)
async def internal_transferred(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1003", answers(1.2)) as third,
        Caller(pbx, "1001", agent="1002") as caller,
    ):
        await first.ringing()
        await first.answer()
        await bridged(pbx, "PJSIP/1001", "PJSIP/1002")
        await talks(1.6)
        await first.refer("1003")
        await third.wait("talking")
        await bridged(pbx, "PJSIP/1003", "PJSIP/1002")
        await talks(2.2)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 dials outside, talks, and sends the other side on to 1002 with the phone's key; the other side hangs up.",
    direction="outbound",
    caller="1001",
    outcome="answered",
    segments=["PJSIP/1001 outbound transferred", "PJSIP/1002 transfer caller_hung_up"],
)
async def outbound_transferred(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "outside") as world,
        Phone(pbx, "1002") as second,
        Caller(pbx, OUTSIDE, agent="1001") as caller,
    ):
        await world.ringing()
        await talks(1.2)
        await world.answer()
        await caller.answered()
        await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")
        await talks(1.8)
        await caller.refer("1002")
        await second.ringing()
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(2.4)
        await world.hang_up()
        await gone(pbx)


ACTS: tuple[Act, ...] = (
    queue_overflow,
    queue_timeout,
    two_calls_of_one_number,
    ring_group,
    direct_then_colleague,
    outbound_is_busy,
    outbound_is_rejected,
    outbound_fails,
    outbound_unanswered,
    internal_busy,
    internal_transferred,
    outbound_transferred,
)
