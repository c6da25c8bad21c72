"""Acts of callers whose names want to break something."""

from tests.real.acts.act import INBOUND, KNOWN, Act, act, gone
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone

HOSTILE = '"Q" \\ <b>x</b> 🔥 ${SHELL(id)} ; \x07\x1b[31m 张伟'
CUT = "张伟" * 20  # 120 bytes of UTF-8, of which chan_pjsip keeps 26 whole characters


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
    "The caller's name is 120 bytes of Chinese: Asterisk keeps 78, the whole characters within 79.",
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


ACTS: tuple[Act, ...] = (
    caller_name_hostile,
    caller_name_cut,
    caller_name_long,
    caller_anonymous,
)
