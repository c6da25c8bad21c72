"""The calls that are recorded: what people do, in order. Each act gets a fresh Asterisk and a sink for outcomes.

An act ends when Asterisk has told its last word about the call (the last Hangup).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.real.ami import Message
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

KNOWN = "13800138000"
Play = Callable[[Asterisk], Awaitable[None]]


@dataclass(frozen=True)
class Act:
    """One scenario: how it is played, on which queues, and what a board must make of it."""

    play: Play
    story: str
    expect: Mapping[str, object]
    queues: Mapping[str, QueueSetup]


ACTS: dict[str, Act] = {}


def act(
    story: str, *, queues: Mapping[str, QueueSetup] | None = None, **expect: object
) -> Callable[[Play], Play]:
    """Registers the decorated function under its name; `expect` goes into the trace's companion file."""

    def register(play: Play) -> Play:
        ACTS[play.__name__] = Act(play, story, expect, queues or {"service": QueueSetup(members=("1001",))})
        return play

    return register


BOTH = {"service": QueueSetup(members=("1001", "1002"))}
ONE_BY_ONE = {"service": QueueSetup(members=("1001", "1002"), strategy="linear", timeout=2)}
INBOUND = {"direction": "inbound", "caller": KNOWN}


async def gone(pbx: Asterisk) -> None:
    """Returns when every channel that was made has been hung up."""

    def done(_: Message) -> bool:
        made = sum(m.get("Event") == "Newchannel" for m in pbx.ami.messages)
        return made == sum(m.get("Event") == "Hangup" for m in pbx.ami.messages) and made > 0

    await pbx.ami.wait(done)


@act(
    "A caller reaches the service queue, agent 1001 answers, they talk, the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
)
async def queue_answered(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", KNOWN, "Li Na") as caller:
        await phone.ringing()
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await caller.hang_up()
        await gone(pbx)


@act(
    "A caller waits while 1001's phone rings and gives up.",
    **INBOUND,
    outcome="abandoned",
    queue="service",
)
async def queue_abandoned(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", KNOWN, "Li Na") as caller:
        await phone.ringing()
        await caller.hang_up()
        await gone(pbx)


@act(
    "A caller gives up in a queue that nobody answers: no phone ever rang.",
    queues={"service": QueueSetup(members=())},
    **INBOUND,
    outcome="abandoned",
    queue="service",
)
async def queue_empty_abandoned(pbx: Asterisk) -> None:
    async with Caller(pbx, "4001", KNOWN, "Li Na") as caller:
        await pbx.ami.event("QueueCallerJoin")
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 lets it ring for 2 s, then the queue offers the call to 1002, who answers and hangs up.",
    queues=ONE_BY_ONE,
    **INBOUND,
    outcome="answered",
    queue="service",
    offered=["PJSIP/1001", "PJSIP/1002"],
    answered_by="PJSIP/1002",
)
async def queue_rna_then_answered(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Phone(pbx, "1002") as second, Caller(pbx, "4001", KNOWN, "Li Na"):
        await first.wait("ended")
        await second.ringing()
        await second.answer()
        await pbx.ami.event("AgentConnect")
        await second.hang_up()
        await gone(pbx)


@act(
    "1001 turns the call down (486 Busy Here); the queue offers it to 1002, who answers.",
    queues=ONE_BY_ONE,
    **INBOUND,
    outcome="answered",
    queue="service",
    offered=["PJSIP/1001", "PJSIP/1002"],
    answered_by="PJSIP/1002",
)
async def queue_rejected_then_answered(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as first, Phone(pbx, "1002") as second, Caller(pbx, "4001", KNOWN, "Li Na"):
        await first.ringing()
        await first.reject()
        await second.ringing()
        await second.answer()
        await pbx.ami.event("AgentConnect")
        await second.hang_up()
        await gone(pbx)


@act(
    "Both agents' phones ring at once; 1002 answers, 1001 stops ringing; the caller hangs up.",
    queues=BOTH,
    **INBOUND,
    outcome="answered",
    queue="service",
    offered=["PJSIP/1001", "PJSIP/1002"],
    answered_by="PJSIP/1002",
)
async def queue_two_agents_ringall(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as first,
        Phone(pbx, "1002") as second,
        Caller(pbx, "4001", KNOWN) as caller,
    ):
        await first.ringing()
        await second.ringing()
        await second.answer()
        await first.wait("ended")
        await pbx.ami.event("AgentConnect")
        await caller.hang_up()
        await gone(pbx)


@act(
    "Two callers wait for one agent: the first is answered and ends, then the second.",
    direction="inbound",
    callers=[KNOWN, "02158880001"],
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
)
async def queue_two_callers(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", KNOWN):
        await phone.ringing()
        async with Caller(pbx, "4001", "02158880001"):
            await pbx.ami.event("QueueCallerJoin", CallerIDNum="02158880001")
            await phone.answer()
            await phone.hang_up()
            ring = await phone.ringing(count=2)
            await phone.answer(ring.call_id)
            await phone.hang_up()
            await gone(pbx)


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
        await caller.hang_up()
        await gone(pbx)


@act(
    "1001 answers, puts the caller on hold with the phone's key, takes it back, hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
    held=1,
)
async def held(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", KNOWN, "Li Na"):
        await phone.ringing()
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await phone.hold()
        await pbx.ami.event("Hold")
        await phone.resume()
        await pbx.ami.event("Unhold")
        await phone.hang_up()
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
        await phone.answer()
        await caller.answered()
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
HOSTILE = '"Q" \\ <b>x</b> 🔥 ${SHELL(id)} ; \x07\x1b[31m 张伟'
CUT = "张伟" * 20  # 120 bytes of UTF-8; chan_pjsip keeps 79, which is in the middle of a character


@act(
    "The caller's name holds quotes, a backslash, markup, an emoji, control characters and dialplan syntax.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
    name=HOSTILE,
)
async def caller_name_hostile(pbx: Asterisk) -> None:
    await _named(pbx, HOSTILE)


@act(
    "The caller's name is 120 bytes of Chinese: Asterisk cuts it after 79, in the middle of a character.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
)
async def caller_name_cut(pbx: Asterisk) -> None:
    await _named(pbx, CUT)


@act(
    "The caller's name is 2,000 characters long.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
)
async def caller_name_long(pbx: Asterisk) -> None:
    await _named(pbx, "Ringdesk " * 222)


@act(
    "An anonymous caller.",
    direction="inbound",
    caller="anonymous",
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
)
async def caller_anonymous(pbx: Asterisk) -> None:
    await _named(pbx, "Anonymous", number="anonymous")


async def _named(pbx: Asterisk, name: str, number: str = KNOWN) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", number, name) as caller:
        await phone.ringing()
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await caller.hang_up()
        await gone(pbx)


@act(
    "Asterisk is shut down while a caller talks with 1001; the trace ends with the session.",
    **INBOUND,
    outcome="lost",
    queue="service",
    answered_by="PJSIP/1001",
)
async def shutdown_while_talking(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", KNOWN, "Li Na"):
        await phone.ringing()
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await pbx.stop()


@act(
    "1001 joins the queue as a dynamic member, is paused with a reason, goes on, and leaves.",
    queues={"service": QueueSetup(members=())},
)
async def agent_states(pbx: Asterisk) -> None:
    member = {"Queue": "service", "Interface": "PJSIP/1001"}
    async with pbx.session() as ours:
        await ours.action("QueueAdd", member | {"MemberName": "Zhang Wei", "StateInterface": "PJSIP/1001"})
        await ours.action("QueuePause", member | {"Paused": "true", "Reason": "lunch"})
        await ours.action("QueuePause", member | {"Paused": "false"})
        await ours.action("QueueRemove", member)
    await pbx.ami.event("QueueMemberRemoved")
