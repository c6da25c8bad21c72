"""Acts around a queue: answered, given up, not picked up, turned down, held, and the agents themselves."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, gone, talks
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

BOTH = {"service": QueueSetup(members=("1001", "1002"))}
ONE_BY_ONE = {"service": QueueSetup(members=("1001", "1002"), strategy="linear", timeout=2)}


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
        await talks(1.2)
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await talks(2.2)
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
        await talks(2.2)
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
        await talks(1.6)
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
        await talks(1.6)
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
        await talks(1.6)
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
        await talks(1.6)
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
        await talks(1.2)
        await phone.hold()
        await pbx.ami.event("Hold")
        await talks(1.4)
        await phone.resume()
        await pbx.ami.event("Unhold")
        await talks(1.2)
        await phone.hang_up()
        await gone(pbx)


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


@act(
    "Asterisk is shut down while a caller talks with 1001; the trace ends with the session.",
    **INBOUND,
    # `core stop now` hangs every call up properly: it was answered and has ended, nobody lost sight of it.
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
)
async def shutdown_while_talking(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, "4001", KNOWN, "Li Na"):
        await phone.ringing()
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await pbx.stop()


ACTS: tuple[Act, ...] = (
    queue_answered,
    queue_abandoned,
    queue_empty_abandoned,
    queue_rna_then_answered,
    queue_rejected_then_answered,
    queue_two_agents_ringall,
    queue_two_callers,
    held,
    agent_states,
    shutdown_while_talking,
)
