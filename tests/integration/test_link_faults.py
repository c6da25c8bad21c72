"""The link against a PBX that misbehaves: it says what is wrong, comes back, and never sends anything twice."""

import asyncio
import uuid

import msgspec
import pytest

from cti import events as e
from cti.actions import Dialled
from cti.connection import MAX_WAITERS
from cti.control import Order
from cti.messages import LinkState
from cti.vocabulary import AmiError, AmiRefused, AmiSocketError, AmiTimeout, Message, UnsafeValue
from tests.integration.ami_script import (
    BOOTED,
    QUICK,
    ScriptedAmi,
    Session,
    Sink,
    error,
    event,
    linked,
    listing,
    newchannel,
    success,
)

CORE_CHANNELS = (("Action", "CoreShowChannels"),)
ORDER = Order("PJSIP/1001", "913912345678", "agents", "ringdesk-7", caller="1001")


async def test_comes_up_in_order_on_two_connections() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        states = [item for item in sink.log if isinstance(item, LinkState)]
        assert states == [LinkState.CONNECTING, LinkState.SYNCING, LinkState.UP]
        assert sink.log.index(LinkState.UP) > sink.log.index(sink.pictures[0])
        assert [m["Events"] for m in pbx.asked("Login")] == ["system,call,agent", "off"]
        assert (link.version, sink.version, link.detail) == ("22.10.1", "22.10.1", "")
        order = ["CoreSettings", "CoreStatus", "CoreShowChannels", "BridgeList", "QueueStatus", "Status"]
        asked = [m["Action"] for m in pbx.received]
        assert [name for name in asked if name in order][-6:] == order
    assert sink.state is LinkState.DOWN


async def test_the_secret_does_not_travel_and_every_action_has_an_id_of_its_own() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink, secret="very-secret"):
        await sink.up()
        assert not [m for m in pbx.received if "very-secret" in m.headers.values()]
        ids = [m.action_id for m in pbx.received]
        assert len({uuid.UUID(text) for text in ids}) == len(ids)


async def test_a_pbx_without_challenge_gets_the_plain_login() -> None:
    sink = Sink()
    async with (
        ScriptedAmi(Challenge=lambda _, m: error(m, "Unknown")) as pbx,
        linked(pbx.port, sink, secret="s3"),
    ):
        await sink.up()
        assert pbx.asked("Login")[0]["Secret"] == "s3"


async def test_what_happens_during_the_resync_comes_after_the_picture() -> None:
    def busy(session: Session, asked: Message) -> bytes:
        session.server.of(events=True).write(newchannel("1.1") + event("RTCPSent") + newchannel("1.2"))
        return listing(asked)

    sink = Sink()
    async with ScriptedAmi(CoreShowChannels=busy) as pbx, linked(pbx.port, sink) as link:
        await sink.until(lambda: len([x for x in sink.events if isinstance(x, e.Newchannel)]) == 2)
        kinds = [type(item).__name__ for item in sink.log]
        assert kinds.index("Picture") < kinds.index("Newchannel")
        assert link.skipped == {b"RTCPSent": 1}


async def test_a_wrong_secret_says_so_and_is_tried_again() -> None:
    sink = Sink()
    async with (
        ScriptedAmi(Login=lambda _, m: error(m, "Authentication failed")) as pbx,
        linked(pbx.port, sink),
    ):
        await sink.told("login refused: check username and secret")
        await pbx.got("Login", 3)
        assert not sink.pictures


async def test_a_pbx_that_is_away_at_the_start_is_met_when_it_comes() -> None:
    async with ScriptedAmi() as pbx:
        port = pbx.port
    sink, late = Sink(), ScriptedAmi()
    late.port = port
    async with linked(port, sink):
        await sink.told(f"cannot connect to 127.0.0.1:{port}")
        async with late:
            await sink.up()


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x01\x00" * 50_000, b"\r\n"]
)
async def test_another_service_on_the_port_is_told(greeting: bytes) -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx:
        pbx.greeting = greeting
        async with linked(pbx.port, sink):
            await sink.told("no Asterisk manager port")
            assert not pbx.received


async def test_a_port_that_says_nothing_is_told() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx:
        pbx.greeting = b""
        async with linked(pbx.port, sink, action_seconds=0.05):
            await sink.told("no greeting")


@pytest.mark.parametrize("dead", [True, False], ids=["events", "actions"])
async def test_a_half_open_connection_is_dead_after_two_pings(dead: bool) -> None:
    def silent(session: Session, asked: Message) -> bytes:
        return b"" if (session.events != "off") is dead else success(asked)

    sink = Sink()
    async with ScriptedAmi(Ping=silent) as pbx, linked(pbx.port, sink, ping_seconds=0.03):
        await sink.told("no answer to 2 pings")
        assert len(pbx.asked("Ping")) >= 2
        pbx.answers["Ping"] = lambda _, m: success(m)
        await sink.until(lambda: sink.state is LinkState.UP and sink.details[-1] == "")


async def test_a_flood_of_events_is_all_read() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink, ping_seconds=0.5) as link:
        await sink.up()
        for start in range(0, 50_000, 1000):
            pbx.of(events=True).write(b"".join(newchannel(f"1.{n}") for n in range(start, start + 1000)))
        await sink.until(lambda: len(sink.events) >= 50_000)
        assert (link.state, link.counters.connects, link.counters.malformed) == (LinkState.UP, 1, 0)


async def test_more_events_than_the_buffer_holds_take_another_picture() -> None:
    floods = [300, 300]

    def flood(session: Session, asked: Message) -> bytes:
        count = floods.pop() if floods else 1
        session.server.of(events=True).write(b"".join(newchannel(f"1.{n}") for n in range(count)))
        return b""

    def ended(session: Session, asked: Message) -> bytes:
        # The flood has to be read first: the answer comes with the pong that follows it on the event connection.
        shown = session.server.asked("CoreShowChannels")[-1]
        session.write(listing(shown))
        return success(asked)

    sink = Sink()
    pace = msgspec.structs.replace(QUICK, buffer=100)
    async with (
        ScriptedAmi(CoreShowChannels=flood, Ping=ended) as pbx,
        linked(pbx.port, sink, pace, ping_seconds=0.05) as link,
    ):
        await sink.up()
        assert link.counters.overflows >= 2
        assert len(pbx.asked("CoreShowChannels")) == 3
        assert len(sink.pictures) == 1


async def test_a_connection_cut_in_the_middle_of_a_list_is_opened_again() -> None:
    def half(session: Session, asked: Message) -> bytes:
        whole = listing(asked, (("Event", "CoreShowChannel"), ("Uniqueid", "1.1")))
        session.server.answers["CoreShowChannels"] = lambda _, m: listing(m)
        session.write(whole[:-40])
        session.cut()
        return b""

    sink = Sink()
    async with ScriptedAmi(CoreShowChannels=half) as pbx, linked(pbx.port, sink):
        await sink.up()
        assert sink.pictures[0].channels == ()
        assert len(pbx.asked("CoreShowChannels")) == 2


@pytest.mark.parametrize(("which", "step"), [(0, 1), (1, 3)], ids=["events", "actions"])
async def test_a_cut_anywhere_in_an_exchange_is_survived(which: int, step: int) -> None:
    async def cut_at(at: int) -> bool:
        """Whether the exchange was long enough to be cut there."""
        sink = Sink()
        async with ScriptedAmi() as pbx:
            pbx.cut_after = [10**9] * which + [at]
            async with linked(pbx.port, sink) as link:
                await sink.up()
                assert link.counters.sink_errors == 0
                return len(pbx.sessions) > 2

    places = range(0, 2000, step)
    for at in places:
        if not await cut_at(at):
            break
    assert 250 < at < places[-1]


async def test_fully_booted_again_asks_for_everything_anew() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        pbx.of(events=True).write(BOOTED + newchannel("1.1"))
        await sink.up(pictures=2)
        kinds = [type(item).__name__ for item in sink.log]
        assert kinds.index("Newchannel") > len(kinds) - 1 - kinds[::-1].index("Picture")
        assert link.counters.connects == 1


async def test_another_start_up_date_behind_a_new_action_connection_asks_for_everything_anew() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink):
        await sink.up()
        pbx.startup = "09:30:00"
        pbx.of(events=False).cut()
        await sink.up(pictures=2)
        assert [picture.startup[-8:] for picture in sink.pictures] == ["08:00:00", "09:30:00"]


async def test_without_fully_booted_it_goes_on_and_names_the_permission() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx:
        pbx.booted = b""
        async with linked(pbx.port, sink, msgspec.structs.replace(QUICK, boot=0.05)) as link:
            await sink.up()
            assert "read=system" in link.detail


async def test_a_permission_that_lacks_is_named() -> None:
    sink = Sink()
    async with (
        ScriptedAmi(CoreShowChannels=lambda _, m: error(m, "Permission denied")) as pbx,
        linked(pbx.port, sink),
    ):
        await sink.told("permission denied for CoreShowChannels: the manager user needs write=reporting")


async def test_a_list_that_the_pbx_does_not_know_is_told_and_done_without() -> None:
    sink = Sink()
    async with (
        ScriptedAmi(
            DeviceStateList=lambda _, m: error(m, "Invalid/unknown command: DeviceStateList.")
        ) as pbx,
        linked(pbx.port, sink) as link,
    ):
        await sink.up()
        assert "DeviceStateList: Invalid/unknown command" in link.detail


async def test_where_no_action_connection_can_be_had_the_state_says_so() -> None:
    polite = ScriptedAmi().answers["Login"]

    def events_only(session: Session, asked: Message) -> bytes:
        return polite(session, asked) if asked["Events"] != "off" else error(asked, "Authentication failed")

    sink = Sink()
    async with ScriptedAmi(Login=events_only) as pbx, linked(pbx.port, sink) as link:
        await sink.told("no action connection: login refused")
        assert sink.state is LinkState.SYNCING
        with pytest.raises(AmiSocketError, match="no action connection"):
            await link.action(CORE_CHANNELS)
        pbx.answers["Login"] = polite
        await sink.up()
        assert link.detail == ""


async def test_events_go_on_while_the_action_connection_is_away() -> None:
    polite = ScriptedAmi().answers["Login"]
    sink = Sink()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink):
        await sink.up()
        pbx.answers["Login"] = lambda _, m: error(m, "Authentication failed")
        pbx.of(events=False).cut()
        await sink.told("no action connection")
        pbx.of(events=True).write(newchannel("1.1"))
        await sink.until(lambda: any(isinstance(x, e.Newchannel) for x in sink.events))
        assert sink.state is LinkState.UP
        pbx.answers["Login"] = polite
        await sink.until(lambda: sink.details[-1] == "")
        assert len(sink.pictures) == 1


async def test_answers_belong_to_their_action_in_any_order() -> None:
    held: list[tuple[Session, Message]] = []

    def turned(session: Session, asked: Message) -> bytes:
        held.append((session, asked))
        if len(held) == 3:
            for owner, message in reversed(held):
                owner.write(success(message, ("Value", message["Variable"])))
        return b""

    sink = Sink()
    async with ScriptedAmi(Getvar=turned) as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        answers = await asyncio.gather(
            *(link.action((("Action", "Getvar"), ("Variable", name))) for name in ("A", "B", "C"))
        )
        assert [answer["Value"] for answer in answers] == ["A", "B", "C"]


async def test_an_action_has_a_deadline_and_a_late_answer_disturbs_nobody() -> None:
    sink = Sink()
    async with ScriptedAmi(Getvar=lambda _, m: b"") as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        with pytest.raises(AmiTimeout):
            await link.action((("Action", "Getvar"), ("Variable", "A")), 0.02)
        pbx.of(events=False).write(success(pbx.asked("Getvar")[0]))
        pbx.answers["Hangup"] = lambda _, m: error(m, "No such channel")
        with pytest.raises(AmiRefused, match="No such channel"):
            await link.action((("Action", "Hangup"), ("Channel", "PJSIP/1-1")))


async def test_every_action_under_way_fails_when_the_connection_ends_and_none_is_repeated() -> None:
    sink = Sink()
    async with ScriptedAmi(QueuePause=lambda _, m: b"") as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        waiting = [asyncio.create_task(link.action((("Action", "QueuePause"),))) for _ in range(5)]
        await pbx.got("QueuePause", 5)
        pbx.of(events=False).cut()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [AmiSocketError] * 5
        await pbx.got("CoreStatus", 2)  # on a new action connection
        assert len(pbx.asked("QueuePause")) == 5


async def test_what_is_unsafe_or_no_action_of_ours_is_never_sent() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        before = len(pbx.received)
        with pytest.raises(UnsafeValue):
            await link.action((("Action", "Hangup"), ("Channel", "x\r\nAction: Originate")))
        with pytest.raises(AmiError, match="not an action"):
            await link.action((("Action", "Command"), ("Command", "core stop now")))
        await link.action((("Action", "CoreStatus"),))
        assert [m["Action"] for m in pbx.received[before:]] == ["CoreStatus"]


async def test_an_answered_originate_is_queued_and_a_refused_one_says_why() -> None:
    sink = Sink()
    async with ScriptedAmi(Originate=lambda _, m: success(m)) as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        assert (await link.originate(ORDER)).state is Dialled.QUEUED
        pbx.answers["Originate"] = lambda _, m: error(m, "Permission denied")
        refused = await link.originate(ORDER)
        assert refused.state is Dialled.REFUSED
        assert "write=originate" in refused.detail


@pytest.mark.parametrize(
    ("there", "state"),
    [("ringdesk-7", Dialled.QUEUED), ("ringdesk-8", Dialled.ABSENT)],
    ids=["seen", "absent"],
)
@pytest.mark.parametrize("how", ["unanswered", "cut"])
async def test_an_unanswered_originate_is_settled_by_its_channel_and_never_repeated(
    how: str, there: str, state: Dialled
) -> None:
    def lost(session: Session, _: Message) -> bytes:
        if how == "cut":
            session.cut()
        return b""

    sink = Sink()
    async with ScriptedAmi(Originate=lost) as pbx, linked(pbx.port, sink, action_seconds=0.2) as link:
        await sink.up()
        pbx.answers["CoreShowChannels"] = lambda _, m: listing(
            m, (("Event", "CoreShowChannel"), ("Uniqueid", there))
        )
        assert (await link.originate(ORDER)).state is state
        assert len(pbx.asked("Originate")) == 1


async def test_an_originate_that_nobody_can_be_asked_about_is_unknown() -> None:
    sink = Sink()
    pace = msgspec.structs.replace(QUICK, settle=0.05)

    async with ScriptedAmi() as pbx, linked(pbx.port, sink, pace) as link:
        await sink.up()

        def gone(session: Session, _: Message) -> bytes:
            pbx.answers["Login"] = lambda _, m: error(m, "Authentication failed")
            session.cut()
            return b""

        pbx.answers["Originate"] = gone
        assert (await link.originate(ORDER)).state is Dialled.UNKNOWN


async def test_a_fault_behind_the_sink_does_not_cost_the_connection() -> None:
    class Broken(Sink):
        def on_event(self, pbx: str, event: e.AmiEvent, at: float) -> None:
            super().on_event(pbx, event, at)
            raise RuntimeError("a bug")

    sink = Broken()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        pbx.of(events=True).write(newchannel("1.1") + newchannel("1.2"))
        await sink.until(lambda: len([x for x in sink.events if isinstance(x, e.Newchannel)]) == 2)
        assert link.counters.sink_errors >= 2
        assert link.state is LinkState.UP


async def test_a_pbx_that_reads_nothing_is_left_before_memory_fills() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        pbx.of(events=False).writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's has it
        action = (("Action", "Getvar"), ("Variable", "x" * 500_000))
        results = await asyncio.gather(*(link.action(action, 5) for _ in range(100)), return_exceptions=True)
        assert all(isinstance(result, AmiError) for result in results)
        assert "Asterisk reads nothing" in str(results[-1])


async def test_more_actions_than_may_be_under_way_are_refused_at_once() -> None:
    sink = Sink()
    async with ScriptedAmi(Getvar=lambda _, m: b"") as pbx, linked(pbx.port, sink) as link:
        await sink.up()
        asked = [link.action((("Action", "Getvar"),), 0.2) for _ in range(MAX_WAITERS + 5)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert ["too many actions" in str(result) for result in results].count(True) == 5
        assert (await link.action((("Action", "CoreStatus"),))).response == "Success"


async def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.connection.MAX_ITEMS", 10)
    items = [(("Event", "QueueParams"), ("Queue", str(number))) for number in range(11)]
    sink = Sink()
    async with ScriptedAmi(QueueStatus=lambda _, m: listing(m, *items)) as pbx, linked(pbx.port, sink):
        await sink.told("QueueStatus: more than 10 items")


async def test_a_list_that_asterisk_breaks_off_is_asked_for_again() -> None:
    def cancelled(session: Session, asked: Message) -> bytes:
        session.server.answers["Status"] = lambda _, m: listing(m)
        return listing(asked).replace(b"EventList: Complete", b"EventList: Cancelled")

    sink = Sink()
    async with ScriptedAmi(Status=cancelled) as pbx, linked(pbx.port, sink):
        await sink.told("Status: Asterisk broke the list off")
        await sink.up()


async def test_ending_the_task_ends_both_connections() -> None:
    sink = Sink()
    async with ScriptedAmi() as pbx:
        async with linked(pbx.port, sink):
            await sink.up()
        for session in pbx.sessions:
            async with asyncio.timeout(60):
                await session.writer.wait_closed()
        assert sink.details[-1] == "stopped"
