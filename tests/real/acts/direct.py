"""Acts without a queue: the menu, direct numbers, colleagues, and calls to outside."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, gone, talks
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone

CLICK = {
    "Channel": "PJSIP/1001",
    "Context": "agents",
    "Exten": "913912345678",
    "Priority": "1",
    "Async": "true",
    "Timeout": "20000",
    "ChannelId": "ringdesk-originate-1",
    "CallerID": "1001",
    "Variable": "__RINGDESK_CALL=opaque-call-id-1",
}


@act(
    "A caller chooses 1 in the menu, waits in the queue, is answered by 1001, who hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
    passed="ivr",
)
async def ivr_then_queue(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4002", KNOWN, "Li Na") as caller:
        await caller.answered()
        await pbx.ami.event("Newexten", Application="Read")
        await caller.press("1")
        await phone.ringing()
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await talks(1.6)
        await phone.hang_up()
        await gone(pbx)


@act(
    "A caller hangs up in the menu, before any queue.",
    **INBOUND,
    outcome="abandoned",
    passed="ivr",
)
async def ivr_abandoned(pbx: Asterisk) -> None:
    async with Caller(pbx, "4002", KNOWN, "Li Na") as caller:
        await caller.answered()
        await pbx.ami.event("Newexten", Application="Read")
        await talks(1.2)
        await caller.hang_up()
        await gone(pbx)


@act(
    "A caller dials 1001's direct number; it is answered, the caller hangs up.",
    **INBOUND,
    outcome="answered",
    answered_by="PJSIP/1001",
)
async def direct_inbound_answered(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4003", KNOWN, "Li Na") as caller:
        await phone.ringing()
        await talks(1.2)
        await phone.answer()
        await caller.answered()
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "A caller dials 1001's direct number, nobody answers, the caller gives up.",
    **INBOUND,
    outcome="no_answer",
    offered=["PJSIP/1001"],
)
async def direct_inbound_no_answer(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4003", KNOWN, "Li Na") as caller:
        await phone.ringing()
        await caller.ringing()
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "1002 dials 1001 from its phone; 1001 answers and hangs up.",
    direction="internal",
    caller="1002",
    outcome="answered",
    answered_by="PJSIP/1001",
)
async def internal_call(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "1001", agent="1002") as caller:
        await phone.ringing()
        await phone.answer()
        await caller.answered()
        await talks(1.8)
        await phone.hang_up()
        await gone(pbx)


@act(
    "1001 dials outside from its phone; it is answered there, 1001 hangs up.",
    direction="outbound",
    caller="1001",
    dialled="913912345678",
    outcome="answered",
)
async def outbound_from_phone(pbx: Asterisk) -> None:
    async with Phone(pbx, "outside") as world, Caller(pbx, "913912345678", agent="1001") as caller:
        await world.ringing()
        await world.answer()
        await caller.answered()
        await talks(1.8)
        await caller.hang_up()
        await gone(pbx)


@act(
    "Click-to-dial: 1001's phone is rung by Originate, answers, then outside rings and answers; outside hangs up.",
    direction="outbound",
    agent="PJSIP/1001",
    dialled="913912345678",
    outcome="answered",
    channel_id="ringdesk-originate-1",
    call="opaque-call-id-1",
)
async def outbound_answered(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Phone(pbx, "outside") as world, pbx.session() as clicks:
        await clicks.action("Originate", CLICK)
        await phone.ringing()
        await phone.answer()
        await world.ringing()
        await world.answer()
        await talks(1.8)
        await world.hang_up()
        await gone(pbx)


@act(
    "Click-to-dial to a number that is busy.",
    direction="outbound",
    agent="PJSIP/1001",
    dialled="913912345678",
    outcome="busy",
    channel_id="ringdesk-originate-1",
    call="opaque-call-id-1",
)
async def outbound_busy(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Phone(pbx, "outside") as world, pbx.session() as clicks:
        await clicks.action("Originate", CLICK)
        await phone.ringing()
        await phone.answer()
        await world.ringing()
        await talks(1.2)
        await world.reject()
        await gone(pbx)


@act(
    "Click-to-dial, but the agent's own phone is not picked up within 2 s.",
    direction="outbound",
    agent="PJSIP/1001",
    dialled="913912345678",
    outcome="no_answer",
    channel_id="ringdesk-originate-1",
    call="opaque-call-id-1",
)
async def outbound_agent_no_answer(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, pbx.session() as clicks:
        await clicks.action("Originate", CLICK | {"Timeout": "2000"})
        await phone.ringing()
        await pbx.ami.event("OriginateResponse")
        await gone(pbx)


ACTS: tuple[Act, ...] = (
    ivr_then_queue,
    ivr_abandoned,
    direct_inbound_answered,
    direct_inbound_no_answer,
    internal_call,
    outbound_from_phone,
    outbound_answered,
    outbound_busy,
    outbound_agent_no_answer,
)
