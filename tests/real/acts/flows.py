"""Acts around AGI: a caller in a flow goes on as the flow has said, is served, gives up, or finds nobody there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.agi_desk import Line, agi_desk
from tests.real.acts.act import INBOUND, KNOWN, Act, act, gone, talks
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone, rejects

HOTLINE = "4005"


async def sends(line: Line, next_: str, to: str = "") -> None:
    """The flow says where the dialplan goes on, and ends."""
    await line.ask("ANSWER")
    await line.ask("WAIT FOR DIGIT 600")
    await line.ask("SET VARIABLE QUEUE_PRIO 5")
    await line.ask(f'SET VARIABLE RINGDESK_TO "{to}"')
    await line.ask(f"SET VARIABLE RINGDESK_NEXT {next_}")
    await line.close()


@asynccontextmanager
async def in_flow(pbx: Asterisk, next_: str, to: str = "") -> AsyncIterator[Caller]:
    """A caller whom the flow has sent on."""
    async with agi_desk(pbx.agi_port) as (desk, _), Caller(pbx, HOTLINE, KNOWN, "Li Na") as caller:
        await sends(await desk.line(), next_, to)
        yield caller


@act(
    "A flow sends the caller to the queue; 1001 answers, the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
    passed="ivr",
)
async def agi_then_queue(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, in_flow(pbx, "queue", "service") as caller:
        await phone.ringing()
        await talks(1.2)
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "A flow sends the caller to the queue; 1001 answers and hangs up, the caller goes on into the survey and ends it.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
    passed="ivr",
)
async def agi_then_survey(pbx: Asterisk) -> None:
    async with (
        Phone(pbx, "1001") as phone,
        agi_desk(pbx.agi_port) as (desk, _),
        Caller(pbx, HOTLINE, KNOWN, "Li Na"),
    ):
        await sends(await desk.line(), "queue", "service")
        await phone.ringing()
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await talks(1.6)
        await phone.hang_up()
        survey = await desk.line()
        await survey.ask("WAIT FOR DIGIT 600")
        await survey.close()
        await gone(pbx)


@act("A flow serves the caller and hangs up.", **INBOUND, outcome="abandoned", passed="ivr")
async def agi_served(pbx: Asterisk) -> None:
    async with in_flow(pbx, "hangup"):
        await gone(pbx)


@act("A caller hangs up while a flow waits for a key.", **INBOUND, outcome="abandoned", passed="ivr")
async def agi_abandoned(pbx: Asterisk) -> None:
    async with agi_desk(pbx.agi_port) as (desk, _), Caller(pbx, HOTLINE, KNOWN, "Li Na") as caller:
        line = await desk.line()
        line.send("WAIT FOR DIGIT 20000")
        await talks(1.2)
        await caller.hang_up()
        await line.answer()
        await line.close()
        await gone(pbx)


@act(
    "A flow sends the caller to the phone of one agent, who answers; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    answered_by="PJSIP/1001",
    passed="ivr",
)
async def agi_to_agent(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, in_flow(pbx, "agent", "1001") as caller:
        await phone.ringing()
        await talks(1.2)
        await phone.answer()
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "A flow sends the caller to a number outside, which answers; the caller hangs up.",
    **INBOUND,
    outcome="answered",
    passed="ivr",
)
async def agi_to_number(pbx: Asterisk) -> None:
    async with Phone(pbx, "outside") as world, in_flow(pbx, "number", "913912345678") as caller:
        await world.ringing()
        await talks(1.2)
        await world.answer()
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


async def turned_down(pbx: Asterisk, account: str, kind: str, to: str) -> None:
    """The phone that a flow sends the caller to turns the call down: 1001 answers it in the queue."""
    async with (
        Phone(pbx, account, rejects()),
        Phone(pbx, "1001") as phone,
        in_flow(pbx, kind, to) as caller,
    ):
        await phone.ringing()
        await talks(1.2)
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


@act(
    "A flow sends the caller to a number outside, which is busy: the caller goes on to the queue, 1001 answers.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
    passed="ivr",
)
async def agi_number_busy(pbx: Asterisk) -> None:
    await turned_down(pbx, "outside", "number", "913912345678")


@act(
    "A flow sends the caller to 1002, who turns the call down: the caller goes on to the queue, 1001 answers.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
    passed="ivr",
)
async def agi_agent_busy(pbx: Asterisk) -> None:
    await turned_down(pbx, "1002", "agent", "1002")


@act(
    "Nobody listens for AGI: the caller goes on to the queue, 1001 answers, the caller hangs up.",
    **INBOUND,
    outcome="answered",
    queue="service",
    answered_by="PJSIP/1001",
)
async def agi_away(pbx: Asterisk) -> None:
    async with Phone(pbx, "1001") as phone, Caller(pbx, HOTLINE, KNOWN, "Li Na") as caller:
        await phone.ringing()
        await talks(1.2)
        await phone.answer()
        await pbx.ami.event("AgentConnect")
        await talks(1.6)
        await caller.hang_up()
        await gone(pbx)


ACTS: tuple[Act, ...] = (
    agi_then_queue,
    agi_then_survey,
    agi_served,
    agi_abandoned,
    agi_to_agent,
    agi_to_number,
    agi_number_busy,
    agi_agent_busy,
    agi_away,
)
