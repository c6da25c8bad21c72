"""A flow on a line whose other end is in the hands of the test: what Asterisk is asked, and what a visit leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.clock import SystemClock
from ivr_flows.messages import Ended, Language, Value
from tests.agi_peer import Peer, peer
from tests.unit.ivr_flows.ivr_house import IvrHouse, ivr_house
from tests.wait import until

HELLO = 'STREAM FILE main.hello.text "0123456789*#" 0'
AGAIN = 'STREAM FILE main.again.text "0123456789*#" 0'
NUMBER = 'STREAM FILE main.number.text "0123456789*#" 0'
NEWS = 'STREAM FILE main.news.text "0123456789*#" 0'
BYE = 'STREAM FILE main.bye.text "" 0'
PLAYED = "200 result=0 endpos=8000"
HANG_UP = "SET VARIABLE RINGDESK_NEXT hangup"


def key(char: str) -> str:
    """Asterisk's answer where that key came."""
    return f"200 result={ord(char)} endpos=800"


@pytest.fixture
async def house() -> AsyncIterator[IvrHouse]:
    async with ivr_house(SystemClock()) as found:
        yield found


@asynccontextmanager
async def call(house: IvrHouse) -> AsyncIterator[Peer]:
    """A caller, answered."""
    async with peer(house.port) as line:
        line.header()
        await line.answers("ANSWER")
        await line.answers("GET VARIABLE RINGDESK_CALL", "200 result=1 (1700000000.1)")
        yield line


async def to_service(line: Peer) -> None:
    """The flow hands the caller to the queue `service`."""
    await line.answers("SET VARIABLE QUEUE_PRIO 3", "200 result=1")
    await line.answers("SET VARIABLE RINGDESK_TO service", "200 result=1")
    await line.answers("SET VARIABLE RINGDESK_NEXT queue", "200 result=1")
    await line.closed()


async def test_a_caller_types_and_is_served(house: IvrHouse) -> None:
    async with call(house) as line:
        await line.answers(HELLO, key("1"))
        await line.answers(NUMBER, key("4"))
        await line.answers("WAIT FOR DIGIT 3000", key("0"))
        await line.answers("WAIT FOR DIGIT 3000", key("#"))
        await line.answers(AGAIN, PLAYED)
        await line.answers("WAIT FOR DIGIT 5000", key("1"))
        await line.answers(BYE, PLAYED)
        await line.answers(HANG_UP, "200 result=1")
        await line.closed()
    visit = await house.ended()
    assert (visit.ended, visit.flow, visit.call_id) == (Ended.SERVED, "main", "main-1700000000.1")
    assert visit.path == ("main/hello", "main/number", "main/again", "main/bye")
    assert len(visit.entered) == 4
    assert list(visit.entered) == sorted(visit.entered)
    assert visit.answers == {"topic": "typed"}
    assert (visit.number, visit.language) == ("13800138000", Language.EN)
    assert [one.node for one in house.told][:3] == ["main/hello", "main/number", "main/again"]


async def test_the_hash_after_an_entry_that_is_complete_without_it_is_not_the_next_answer(
    house: IvrHouse,
) -> None:
    async with call(house) as line:
        await line.answers(HELLO, key("1"))
        await line.answers(NUMBER, key("1"))
        for char in "234":
            await line.answers("WAIT FOR DIGIT 3000", key(char))
        await line.answers(AGAIN, key("#"))
        await line.answers('STREAM FILE main.again.text "0123456789*#" 800', key("1"))
        await line.answers(BYE, PLAYED)
        await line.answers(HANG_UP, "200 result=1")
        await line.closed()
    assert (await house.ended()).ended is Ended.SERVED


async def test_a_key_during_the_words_before_a_question_is_its_answer(house: IvrHouse) -> None:
    async with call(house) as line:
        await line.answers(HELLO, key("7"))
        await line.answers(NEWS, key("1"))
        await line.answers(BYE, PLAYED)
        await line.answers(HANG_UP, "200 result=1")
    visit = await house.ended()
    assert visit.path == ("main/hello", "main/news", "main/again", "main/bye")
    assert [one.node for one in house.told] == [*visit.path, "main/bye"]


async def test_who_hangs_up_during_the_words_before_a_question_was_not_asked_it(house: IvrHouse) -> None:
    for words, path in (
        (NEWS, ("main/hello", "main/news")),
        (AGAIN, ("main/hello", "main/news", "main/again")),
    ):
        async with call(house) as line:
            await line.answers(HELLO, key("7"))
            if words == AGAIN:
                await line.answers(NEWS, PLAYED)
            await line.answers(words, "200 result=-1 endpos=80")
            await line.closed()
        visit = await house.ended()
        assert (visit.ended, visit.path, visit.node) == (Ended.HUNG_UP, path, path[-1])
        assert len(visit.entered) == len(path)
        house.told.clear()


async def test_who_presses_nothing_reaches_the_queue(house: IvrHouse) -> None:
    async with call(house) as line:
        await line.answers(HELLO, PLAYED)
        await line.answers("WAIT FOR DIGIT 5000", "200 result=0")
        await line.answers('STREAM FILE common.silent.text "0123456789*#" 0', PLAYED)
        await line.answers(HELLO, PLAYED)
        await line.answers("WAIT FOR DIGIT 5000", "200 result=0")
        await to_service(line)
    visit = await house.ended()
    assert (visit.ended, visit.detail) == (Ended.TRANSFERRED, "queue:service")


async def test_an_agent_is_a_phone_to_the_dialplan(house: IvrHouse) -> None:
    async with call(house) as line:
        await line.answers(HELLO, key("5"))
        await line.answers("SET VARIABLE QUEUE_PRIO 7", "200 result=1")  # for the queue that it may end in
        await line.answers("SET VARIABLE RINGDESK_TO 1001", "200 result=1")
        await line.answers("SET VARIABLE RINGDESK_NEXT agent", "200 result=1")
        await line.closed()


@pytest.mark.parametrize(
    ("pressed", "told", "left"),
    [
        pytest.param("6", ["no transfer to this number: it is abroad"], "", id="barred"),
        pytest.param("8", ["no transfer to this agent"], "", id="nobody"),
        pytest.param("0", ["agent: no answer in time"], "", id="hangs"),
        pytest.param("*", [], "that agent is not free", id="not free"),
        pytest.param(
            "9",
            ["the flow broke: OSError: no such table: users"],
            "OSError: no such table: users",
            id="raises",
        ),
    ],
)
async def test_where_a_caller_cannot_go_the_dialplan_is_told_nothing_and_takes_its_queue(
    house: IvrHouse, pressed: str, told: list[str], left: str
) -> None:
    async with call(house) as line:
        await line.answers(HELLO, key(pressed))
        if pressed == "*":
            await line.answers("SET VARIABLE QUEUE_PRIO 7", "200 result=1")
        await line.closed()
    assert (await house.ended()).detail == (left or told[0])
    assert [one.what for one in house.visits.troubles] == told


async def test_what_asterisk_refuses_is_told_from_a_line_that_broke(house: IvrHouse) -> None:
    async with call(house) as line:
        await line.answers(HELLO, key("2"))
        await line.answers('STREAM FILE main.words.text "" 0', PLAYED)
        assert (await line.command()).startswith("RECORD FILE")
        line.send("200 result=-1 (writefile)")
        await line.closed()
    assert (await house.ended()).ended is Ended.FAILED
    told = [one.what for one in house.visits.troubles]
    assert told == ["the telephone system refused: RECORD FILE: writefile"]


async def test_words_are_kept_and_silence_is_not(house: IvrHouse) -> None:
    record = 'RECORD FILE /var/spool/rec1 wav "#" 60000 beep s=3'
    async with call(house) as line:
        await line.answers(HELLO, key("2"))
        await line.answers('STREAM FILE main.words.text "" 0', PLAYED)
        await line.answers(record, "200 result=0 (timeout) endpos=8000")
        await line.answers('STREAM FILE common.unheard.text "" 0', PLAYED)
        await line.answers('STREAM FILE main.words.text "" 0', PLAYED)
        await line.answers(record, "200 result=35 (dtmf) endpos=24000")
        await line.answers(BYE, PLAYED)
        await line.answers(HANG_UP, "200 result=1")
        await line.closed()
    visit = await house.ended()
    assert house.recordings.kept == [("rec1", 0.0), ("rec1", 3.0)]
    assert visit.recordings == ("rec1",)


async def test_words_before_a_hang_up_are_kept(house: IvrHouse) -> None:
    async with call(house) as line:
        await line.answers(HELLO, key("2"))
        await line.answers('STREAM FILE main.words.text "" 0', PLAYED)
        await line.command()
        line.send("200 result=-1 (hangup) endpos=16000", "HANGUP")
        await line.closed()
    visit = await house.ended()
    assert (visit.ended, visit.recordings) == (Ended.HUNG_UP, ("rec1",))
    assert house.recordings.kept == [("rec1", 2.0)]


@pytest.mark.parametrize("reply", ["200 result=-1 endpos=80", "HANGUP\n200 result=-1", "511 dead"])
async def test_a_hang_up_is_noted_where_it_happened(house: IvrHouse, reply: str) -> None:
    async with call(house) as line:
        await line.answers(HELLO, key("1"))
        await line.answers(NUMBER, reply)
        await line.closed()
    visit = await house.ended()
    assert (visit.ended, visit.node) == (Ended.HUNG_UP, "main/number")
    assert not house.visits.live()


async def test_who_hangs_up_while_another_room_is_asked_was_there_and_its_answer_is_kept(
    house: IvrHouse,
) -> None:
    async def hung_up() -> dict[str, Value]:
        line.send("HANGUP")
        await until(lambda: any(wire.hung_up for wire in house.server._wires))
        return {"waiting": 7, "longest_minutes": 0, "ready": 0}

    house.services.answer = hung_up
    async with call(house) as line:
        await line.answers(HELLO, key("3"))
        await line.closed()
    visit = await house.ended()
    assert (visit.ended, visit.node, visit.path[-1]) == (Ended.HUNG_UP, "main/ask", "main/ask")
    assert visit.answers == {"state.waiting": 7}


async def never() -> dict[str, Value]:
    await asyncio.Event().wait()
    return {}


async def broken() -> dict[str, Value]:
    raise RuntimeError("a bug")


@pytest.mark.parametrize("answer", [None, never, broken])
async def test_a_service_that_refuses_hangs_or_breaks_costs_the_caller_nothing(
    house: IvrHouse, answer: None
) -> None:
    if answer is not None:
        house.services.answer = answer
    async with call(house) as line:
        await line.answers(HELLO, key("3"))
        await to_service(line)
    assert (await house.ended()).ended is Ended.TRANSFERRED


async def test_a_question_that_nobody_can_hear_ends_the_flow(house: IvrHouse) -> None:
    async with call(house) as line:
        await line.answers(HELLO, "200 result=0 endpos=0")
        await line.closed()
    visit = await house.ended()
    assert (visit.ended, visit.detail) == (Ended.FAILED, "no sound for main.hello.text")
    assert house.voice.missing == ["main.hello.text"]


async def test_nothing_to_play_at_all_ends_the_flow(house: IvrHouse) -> None:
    house.voice.none = True
    async with call(house) as line:
        await line.closed()
    assert (await house.ended()).ended is Ended.FAILED


async def test_a_flow_that_is_not_there_is_told_and_the_caller_goes_on(house: IvrHouse) -> None:
    async with peer(house.port) as line:
        line.header(network_script="gone")
        await line.answers("ANSWER")
        await line.answers("GET VARIABLE RINGDESK_CALL", "200 result=0")
        await line.closed()
    visit = await house.ended()
    assert (visit.ended, visit.flow, visit.detail) == (Ended.FAILED, "gone", "there is no such flow")


async def test_the_server_ends_in_mid_flow_and_the_visit_says_so(house: IvrHouse) -> None:
    async with call(house) as line:
        assert await line.command() == HELLO
        await house.server.stop()
        await line.closed()
    visit = await house.ended()
    assert (visit.ended, visit.detail) == (Ended.FAILED, "AGIError: the server was stopped")
