"""Transfers by command, as the API and the desk give them, on a real Asterisk of each version."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from config.settings import PbxSettings
from core.database import Database
from cti.messages import Call, CallEnded, CallState, EndReason, Seat
from tests.integration.test_switchboard import Room, asked, room_on
from tests.real.acts.act import talks
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

pytestmark = pytest.mark.real
LONG = 30.0
SEATS = tuple(
    Seat(user, user.title(), "main", f"PJSIP/{extension}", extension)
    for user, extension in (("li", "1001"), ("wang", "1002"))
)


@pytest.fixture(params=[16, 22])
async def pbx(request: pytest.FixtureRequest) -> AsyncIterator[Asterisk]:
    async with Asterisk({"service": QueueSetup(members=("1001",))}, version=request.param) as running:
        yield running


async def until_call(it: Room, state: CallState, agents: tuple[str, ...]) -> Call:
    """The one live call, as soon as it is in that state with these agents' segments live."""

    def found() -> Call | None:
        for call in it.calls:
            live = tuple(s.agent for s in call.segments if s.ended_at is None)
            if call.state is state and live == agents:
                return call
        return None

    await it.until(found, LONG)
    call = found()
    assert call is not None
    return call


async def test_an_attended_transfer_is_taken_back_and_then_completed(
    sqlite_db: Database, pbx: Asterisk
) -> None:
    settings = PbxSettings(
        "main", port=pbx.ami_port, username=pbx.user, secret=pbx.secret, trunks=("PJSIP/trunk",)
    )
    async with AsyncExitStack() as stack:
        it = await stack.enter_async_context(room_on(sqlite_db, pbx, settings, SEATS))
        await it.until(lambda: it.board.lines["main"].up, LONG)
        first = await stack.enter_async_context(Phone(pbx, "1001", speaks=True))
        second = await stack.enter_async_context(Phone(pbx, "1002"))
        caller = await stack.enter_async_context(Caller(pbx, "4001"))
        await first.answer()
        await pbx.ami.event("BridgeEnter")
        call = await until_call(it, CallState.TALKING, ("li",))

        await it.phones.transfer(asked("li"), call.id, "1002", "attended")
        await second.ringing()
        await second.answer()
        await until_call(it, CallState.HELD, ("li", "wang"))
        await it.until(lambda: it.board.lines["main"].board.asks("li", call.id), LONG)
        await it.phones.cancel_transfer(asked("li"), call.id)
        await second.wait("ended")
        back = await until_call(it, CallState.TALKING, ("li",))
        assert (back.id, back.segments[1].end_reason) == (call.id, EndReason.CANCELLED)

        await talks(
            1.0
        )  # Asterisk plays a tone first, and hears no key meanwhile; nothing tells that it is over
        await it.phones.transfer(asked("li"), call.id, "1002", "attended")
        again = await second.ringing(count=2)
        await second.answer(again.call_id)
        await it.until(lambda: it.board.lines["main"].board.asks("li", call.id), LONG)
        await it.phones.complete_transfer(asked("li"), call.id)
        given = await until_call(it, CallState.TALKING, ("wang",))
        assert given.id == call.id
        await caller.hang_up()
        await it.until(lambda: [e for e in it.told if isinstance(e, CallEnded)], LONG)
        (over,) = [e.call for e in it.told if isinstance(e, CallEnded)]
        assert [(s.agent, s.end_reason) for s in over.segments] == [
            ("li", EndReason.TRANSFERRED),
            ("wang", EndReason.CANCELLED),
            ("wang", EndReason.CALLER_HUNG_UP),
        ]
