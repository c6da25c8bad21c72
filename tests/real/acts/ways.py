"""Other ways to a phone: Local channels, two phones of one agent, forwarding."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, bridged, gone, talks
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

LOCAL = {"service": QueueSetup(members=("Local/1001@agents",))}
LOCAL_KEPT = {"service": QueueSetup(members=("Local/1001@agents/n",))}


async def _through_the_queue(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", KNOWN, "Li Na", speaks=True) as caller:
        await phone.ringing()
        await talks(1.4)
        await phone.answer()
        await bridged(pbx, "PJSIP/1001", "PJSIP/trunk")
        await talks(2.2)
        await caller.hang_up()
        await gone(pbx)


@act(
    "The queue calls 1001 over a Local channel, which is optimised away once there is sound; the caller hangs up.",
    queues=LOCAL,
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue caller_hung_up"],
)
async def local_agent_optimised(pbx: Asterisk) -> None:
    await _through_the_queue(pbx)


@act(
    "The queue calls 1001 over a Local channel with /n, which stays; the caller hangs up.",
    queues=LOCAL_KEPT,
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue caller_hung_up"],
)
async def local_agent_kept(pbx: Asterisk) -> None:
    await _through_the_queue(pbx)


@act(
    "The queue calls two agents over Local channels; 1001 turns it down, 1002 answers and hangs up.",
    queues={"service": QueueSetup(members=("Local/1001@agents/n", "Local/1002@agents/n"))},
    **INBOUND,
    outcome="answered",
    queue="service",
    any_order=True,
    segments=["PJSIP/1001 queue (busy)", "PJSIP/1002 queue agent_hung_up"],
)
async def local_agents_ringall(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na"),
    ):
        await first.ringing()
        await second.ringing()
        await first.reject()
        await talks(0.6)
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(1.8)
        await second.hang_up()
        await gone(pbx)


@act(
    "A caller dials 1001's direct number; the agent's two phones ring, the second answers; the caller hangs up.",
    two_phones=("1001",),
    **INBOUND,
    outcome="answered",
    segments=["PJSIP/1001 direct caller_hung_up"],
)
async def two_phones_of_one_agent(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as desk,
        Phone(pbx, "1001", second=True) as browser,
        Caller(pbx, "4003", KNOWN, "Li Na") as caller,
    ):
        await desk.ringing()
        await browser.ringing()
        await talks(1.2)
        await browser.answer()
        await desk.wait("ended")
        await caller.answered()
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "The queue calls 1001 over a Local channel; both of its phones ring, one turns it down, the other answers.",
    queues=LOCAL_KEPT,
    two_phones=("1001",),
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue agent_hung_up"],
)
async def two_phones_in_a_queue(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as desk,
        Phone(pbx, "1001", second=True) as browser,
        Caller(pbx, "4001", KNOWN, "Li Na"),
    ):
        await desk.ringing()
        await browser.ringing()
        await desk.reject()
        await talks(1.2)
        await browser.answer()
        await pbx.ami.event("AgentConnect")
        await talks(1.8)
        await browser.hang_up()
        await gone(pbx)


@act(
    "A caller dials 1001's direct number; that phone forwards to 1002 (302), who answers; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    segments=["PJSIP/1001 direct (transferred)", "PJSIP/1002 direct caller_hung_up"],
)
async def forwarded_direct(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", forward="1002") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4003", KNOWN, "Li Na") as caller,
    ):
        await first.ringing()
        await first.reject()
        await second.ringing()
        await talks(1.2)
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "The queue rings 1001, whose phone forwards to 1002 (302); 1002 answers and hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    segments=["PJSIP/1001 queue (transferred)", "PJSIP/1002 queue agent_hung_up"],
)
async def forwarded_from_queue(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001", forward="1002") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN, "Li Na"),
    ):
        await first.ringing()
        await first.reject()
        await second.ringing()
        await talks(1.2)
        await second.answer()
        await bridged(pbx, "PJSIP/1002", "PJSIP/trunk")
        await talks(1.8)
        await second.hang_up()
        await gone(pbx)


ACTS: tuple[Act, ...] = (
    local_agent_optimised,
    local_agent_kept,
    local_agents_ringall,
    two_phones_of_one_agent,
    two_phones_in_a_queue,
    forwarded_direct,
    forwarded_from_queue,
)
