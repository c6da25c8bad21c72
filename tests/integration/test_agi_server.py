"""The FastAGI server over real sockets: what it serves, whom it turns away, and what it survives."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import resource
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, cast

import pytest

from config.settings import IvrSettings, PbxSettings
from core.tasks import Tasks
from cti.switchboard import Switchboard
from ivr_flows.agi.frames import IDLE_LINES, Asked
from ivr_flows.agi.server import ANSWERS_AT_ONCE, AT_ONCE, FastAgiServer, Gate, Limits
from ivr_flows.agi.session import Agi, Played
from ivr_flows.agi.words import (
    AGIAppError,
    AGIHangup,
    AGIInvalidCommand,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGIUsageError,
    ProtocolError,
    UnsafeArgument,
)
from ivr_flows.driver import Driver
from server.ivr import Ivr, PhoneLines
from server.settle import turn_away_without_files
from tests.agi_peer import SECONDS, Peer, peer
from tests.wait import until

Script = Callable[[Agi], Awaitable[object]]
LOCAL = ("127.0.0.1",)


class Running:
    """A server whose callers run `script`; `outcome` is what became of the last."""

    def __init__(self, gate: Gate, tasks: Tasks, limits: Limits | None) -> None:
        self.server = FastAgiServer(gate, self.handle, tasks, limits)
        self.port = 0
        self.script: Script = Agi.noop
        self.outcomes: asyncio.Queue[object] = asyncio.Queue()

    async def outcome(self) -> object:
        async with asyncio.timeout(SECONDS):
            return await self.outcomes.get()

    async def handle(self, agi: Agi, wanted: Asked) -> None:
        try:
            self.outcomes.put_nowait(await self.script(agi))
        except Exception as error:
            self.outcomes.put_nowait(error)
            raise


@asynccontextmanager
async def running(
    gate: Gate | None = None, limits: Limits | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Running]:
    tasks = Tasks()
    found = Running(gate or Gate(LOCAL), tasks, limits)
    found.port = await found.server.start(host, 0)
    try:
        yield found
    finally:
        await found.server.stop()
        await tasks.close()


@pytest.fixture
async def agi_server() -> AsyncIterator[Running]:
    async with running() as found:
        yield found


async def one_call(found: Running, script: Script, *exchanges: tuple[str, str]) -> object:
    """A call in which Asterisk gets these commands and gives these answers; returns what the script made of it."""
    found.script = script
    async with peer(found.port) as line:
        line.header()
        for expected, reply in exchanges:
            await line.answers(expected, reply)
        outcome = await found.outcome()
        await line.closed()
        return outcome


async def test_commands_have_the_usual_names_and_are_written_as_asterisk_reads_them(
    agi_server: Running,
) -> None:
    async def script(agi: Agi) -> list[object]:
        await agi.answer()
        return [
            played := await agi.stream_file("ringdesk/main.hello.0", "12"),
            played.endpos,
            await agi.stream_file("gone"),
            await agi.wait_for_digit(3000),
            await agi.get_data("beep", 3000, 4),
            (await agi.record_file("/var/spool/x", timeout=5000, silence=3)).endpos,
            await agi.say_digits("4001", "#"),
            await agi.say_number(12),
            await agi.get_variable("RINGDESK_CALL"),
            await agi.get_variable("NOTHING"),
            await agi.set_variable("RINGDESK_TO", 'a "b" \\c'),
            await agi.channel_status(),
            await agi.verbose("x\ny"),
            await agi.appexec("Wait", "1"),
            await agi.hangup(),
        ]

    outcome = await one_call(
        agi_server,
        script,
        ("ANSWER", "200 result=0"),
        ("STREAM FILE ringdesk/main.hello.0 12 0", "200 result=50 endpos=800"),
        ('STREAM FILE gone "" 0', "200 result=0 endpos=0"),
        ("WAIT FOR DIGIT 3000", "200 result=0"),
        ("GET DATA beep 3000 4", "200 result=12# (timeout)"),
        ('RECORD FILE /var/spool/x wav "#" 5000 beep s=3', "200 result=35 (dtmf) endpos=16000"),
        ('SAY DIGITS 4001 "#"', "200 result=35"),
        ('SAY NUMBER 12 ""', "200 result=0"),
        ("GET VARIABLE RINGDESK_CALL", "200 result=1 (1700000000.1)"),
        ("GET VARIABLE NOTHING", "200 result=0"),
        ('SET VARIABLE RINGDESK_TO "a \\"b\\" \\\\c"', "200 result=1"),
        ("CHANNEL STATUS", "200 result=6"),
        ('VERBOSE "x?y" 1', "200 result=1"),
        ("EXEC Wait 1", "200 result=0"),
        ("HANGUP", "200 result=1"),
    )
    assert outcome == [
        "2", 800, "", "", "12#", 16000, "#", "", "1700000000.1", "", None, 6, None, "0", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "script",
    [
        lambda agi: agi.set_variable("RINGDESK_TO", "x\nHANGUP"),
        lambda agi: agi.set_variable("X=1,Y", "x"),
        lambda agi: agi.get_variable("SHELL(id)"),
        lambda agi: agi.stream_file("../../etc/passwd"),
        lambda agi: agi.stream_file("a b"),
        lambda agi: agi.stream_file("beep", "1\n"),
        lambda agi: agi.record_file("a\nb"),
        lambda agi: agi.say_digits("1a"),
        lambda agi: agi.appexec("System", "${SHELL(id)}"),
        lambda agi: agi.appexec("Wait,1", ""),
        lambda agi: agi.verbose("x" * 3000, "\n"),
    ],
)
async def test_what_no_command_may_carry_is_never_sent(agi_server: Running, script: Script) -> None:
    assert isinstance(await one_call(agi_server, script), UnsafeArgument)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("200 result=-1", AGIResultHangup),
        ("511 Command Not Permitted on a dead channel or intercept routine", AGISIGHUPHangup),
        ("510 Invalid or unknown command", AGIInvalidCommand),
        ("520-Usage\nmore\n520 End of proper usage.", AGIUsageError),
        ("200 result=-1 (writefile)", AGIAppError),
        ("HANGUP\n200 result=0", AGISIGHUPHangup),
        ("what?", ProtocolError),
        ("200 result=0\n200 result=0", ProtocolError),
        ("200 result=1 (" + "x" * 9000 + ")", ProtocolError),
    ],
)
async def test_every_answer_that_is_no_success_ends_the_flow(
    agi_server: Running, reply: str, error: type[Exception]
) -> None:
    async def script(agi: Agi) -> None:
        await agi.noop()
        await agi.noop()

    outcome = await one_call(agi_server, script, ("NOOP", reply))
    assert isinstance(outcome, error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("200 result=6", Played),
        ("511 Command Not Permitted on a dead channel or intercept routine", AGISIGHUPHangup),
        ("200 result=-1", AGIResultHangup),
    ],
)
async def test_a_sound_that_is_not_there_is_told_from_a_hang_up(
    agi_server: Running, status: str, kind: type
) -> None:
    """Asterisk answers both in the same words; only the channel's state tells them apart."""
    played = await one_call(
        agi_server,
        lambda agi: agi.stream_file("nothing"),
        ('STREAM FILE nothing "" 0', "200 result=-1 endpos=0"),
        ("CHANNEL STATUS", status),
    )
    assert type(played) is kind
    assert kind is not Played or (played, played.endpos) == ("", 0)


async def test_what_was_recorded_before_a_hang_up_is_kept(agi_server: Running) -> None:
    sent = 'RECORD FILE x wav "#" 20000 beep'
    reply = await one_call(
        agi_server, lambda agi: agi.record_file("x"), (sent, "200 result=-1 (hangup) endpos=8000")
    )
    assert (reply.data, reply.endpos) == ("hangup", 8000)  # type: ignore[attr-defined]


async def test_asterisk_gone_in_mid_command_is_a_hang_up(agi_server: Running) -> None:
    agi_server.script = lambda agi: agi.wait_for_digit(60_000)
    async with peer(agi_server.port) as line:
        line.header()
        assert await line.command() == "WAIT FOR DIGIT 60000"
    assert isinstance(await agi_server.outcome(), AGIHangup)
    await until(lambda: agi_server.server.sessions == 0)


async def test_a_strange_address_is_cut_and_a_strange_token_closed() -> None:
    async with running(Gate(["127.0.0.2", "10.0.0.0/8"], "s3cret")) as found:
        async with peer(found.port) as line:
            line.header()
            await line.closed()
        async with peer(found.port, source="127.0.0.2") as line:
            line.header(network_script="main?token=guess")
            await line.closed()
        async with peer(found.port, source="127.0.0.2") as line:
            line.header(network_script="main?token=s3cret")
            await line.answers("NOOP")
            await line.closed()
        assert found.server.refused == {"peer": 1, "token": 1}


async def test_a_caller_who_brings_line_ends_in_its_name_is_served_like_any_other(
    agi_server: Running,
) -> None:
    async with peer(agi_server.port) as line:
        line.header(calleridname="x\n\nagi_network_script: other\nHANGUP")
        await line.answers("NOOP")
        await line.closed()


async def test_who_sends_no_header_is_cut_and_nobody_else() -> None:
    async with running(limits=Limits(header_seconds=0.5)) as found:
        async with peer(found.port) as slow:
            slow.writer.write(b"agi_network: yes\nagi_net")
            await slow.closed()
        assert found.server.refused["broken"] == 1


async def test_a_flood_of_half_open_lines_pushes_out_its_own_oldest_and_callers_are_served() -> None:
    async with running(limits=Limits(headers=20, header_seconds=600)) as found, AsyncExitStack() as stack:
        half = [await stack.enter_async_context(peer(found.port)) for _ in range(200)]
        half[-1].writer.write(b"agi_network: yes\n")
        async with peer(found.port) as line:
            line.header()
            await line.answers("NOOP")
            await line.closed()
        assert found.server.refused["broken"] >= 180
        await half[0].closed()


async def most_in_one_go(counted: Callable[[], int], end: int) -> int:
    """The greatest step of a count between two turns of the loop, on its way to `end`."""
    steps, before = [0], counted()
    async with asyncio.timeout(SECONDS):
        while before != end:
            await asyncio.sleep(0)
            now = counted()
            steps.append(abs(now - before))
            before = now
    return max(steps)


async def test_a_flood_is_taken_and_cut_in_small_portions() -> None:
    async with running(limits=Limits(header_seconds=1.0)) as found, AsyncExitStack() as stack:
        # The system takes them for us while our loop stands still.
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", found.port), SECONDS))
        assert found.server.lines == 0
        assert 0 < await most_in_one_go(lambda: found.server.lines, 200) <= AT_ONCE
        assert 0 < await most_in_one_go(lambda: found.server.refused["broken"], 200) <= AT_ONCE
        await until(lambda: found.server.lines == 0)


@pytest.mark.parametrize("line", ["HANGUP", "100 Trying", "1", "520-Usage"])
async def test_who_sends_no_end_of_lines_that_answer_nothing_is_cut(agi_server: Running, line: str) -> None:
    async with peer(agi_server.port) as caller:
        caller.header()
        assert await caller.command() == "NOOP"
        caller.send(*[line] * (IDLE_LINES + 1))
        assert isinstance(await agi_server.outcome(), ProtocolError)
        await caller.closed()
    assert agi_server.server.refused["broken"] == 1


async def test_hundreds_who_answer_in_one_moment_go_on_in_small_portions(agi_server: Running) -> None:
    """Each in the order of its answer, and others of this loop have their turn between them."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(peer(agi_server.port)) for _ in range(220)]
        for line in lines:
            line.header()
        for line in lines:
            assert await line.command() == "NOOP"
        for line in lines:
            line.send("200 result=0")
        assert 0 < await most_in_one_go(agi_server.outcomes.qsize, len(lines)) <= ANSWERS_AT_ONCE
        for line in lines:
            await line.closed()


async def test_callers_beyond_the_limit_go_on_to_the_queue_at_once() -> None:
    async with running(limits=Limits(sessions=2)) as found, AsyncExitStack() as stack:
        for _ in range(2):
            line = await stack.enter_async_context(peer(found.port))
            line.header()
            assert await line.command() == "NOOP"
        async with peer(found.port) as line:
            await line.closed()
        assert found.server.refused["full"] == 1


async def test_an_answer_that_does_not_come_ends_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr_flows.agi.commands.GRACE_SECONDS", 0.2)
    async with running() as found, peer(found.port) as line:
        line.header()
        assert await line.command() == "NOOP"
        await line.closed()


async def test_the_server_ends_and_every_caller_goes_on() -> None:
    async with running() as found, AsyncExitStack() as stack:
        lines: list[Peer] = [await stack.enter_async_context(peer(found.port)) for _ in range(20)]
        for line in lines:
            line.header()
        for line in lines:
            assert await line.command() == "NOOP"
        await found.server.stop()
        for line in lines:
            await line.closed()
        with pytest.raises(OSError, match="onnect"):
            async with peer(found.port):
                pass


async def test_callers_who_came_while_there_was_room_do_not_all_get_it(agi_server: Running) -> None:
    async with running(limits=Limits(sessions=2)) as found, AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(peer(found.port)) for _ in range(6)]
        await until(lambda: len(found.server._wires) == 6)
        for line in lines:
            line.header()
        served = [line for line in lines if await line.command() == "NOOP"]
        assert len(served) == 2
        assert (found.server.sessions, found.server.refused["full"]) == (2, 4)
        # And the next who comes when one has gone is served.
        served[0].send("200 result=0")
        await served[0].closed()
        await until(lambda: found.server.sessions == 1)
        late = await stack.enter_async_context(peer(found.port))
        late.header()
        assert await late.command() == "NOOP"


async def test_hundreds_of_callers_take_no_thread() -> None:
    async with running() as found, AsyncExitStack() as stack:
        before = threading.active_count()
        lines = [await stack.enter_async_context(peer(found.port)) for _ in range(300)]
        for line in lines:
            line.header()
        for line in lines:
            assert await line.command() == "NOOP"
        assert (found.server.sessions, threading.active_count()) == (300, before)


async def test_who_goes_before_its_header_is_complete_leaves_nothing(agi_server: Running) -> None:
    for piece in (b"", b"agi_network: yes\n", b"agi_network: yes\nagi_threadid: 1\nHANGUP\n"):
        async with peer(agi_server.port) as line:
            line.writer.write(piece)
    await until(lambda: not agi_server.server._wires and not agi_server.server._headers)
    assert agi_server.server.served == 0


async def test_a_flow_that_raises_ends_its_own_line_and_no_other(agi_server: Running) -> None:
    async def broken(agi: Agi) -> None:
        await agi.noop()
        raise ZeroDivisionError

    assert isinstance(await one_call(agi_server, broken, ("NOOP", "200 result=0")), ZeroDivisionError)
    assert await one_call(agi_server, Agi.noop, ("NOOP", "200 result=0")) is None


async def test_a_handler_that_does_not_let_go_holds_up_nobody() -> None:
    """Stopping ends it after `STOP_SECONDS`, whatever it waits for."""
    never = asyncio.Event()
    async with running() as found, peer(found.port) as line:
        found.script = lambda agi: never.wait()
        line.header()
        await until(lambda: found.server.sessions == 1)
        async with asyncio.timeout(SECONDS):
            await found.server.stop()
        await line.closed()
        await until(lambda: found.server.sessions == 0)


async def test_callers_are_turned_away_while_the_process_has_no_file_left() -> None:
    """Nobody waits at the door in silence, and who comes when there are files again is served."""
    async with running() as found, AsyncExitStack() as stack:
        turn_away_without_files(asyncio.get_running_loop(), found.server.turn_away)
        waiting = [socket.socket() for _ in range(3 * AT_ONCE)]  # have their files before there are none
        for one in waiting:
            stack.callback(one.close)
            one.setblocking(False)
        stack.callback(asyncio.get_running_loop().set_exception_handler, None)
        with no_files_left():
            async with asyncio.timeout(SECONDS):
                for one in waiting:
                    await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", found.port))
                for one in waiting:
                    with contextlib.suppress(ConnectionResetError):
                        assert await asyncio.get_running_loop().sock_recv(one, 1) == b""
        assert found.server.refused["files"] == len(waiting)
        assert found.server.lines == 0
        await one_call(found, Agi.noop, ("NOOP", "200 result=0"))


@contextmanager
def no_files_left() -> Iterator[None]:
    """All files that this process may have open are."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 20, most))
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))


async def test_a_peer_comes_by_ipv6_as_well() -> None:
    async with running(Gate(["::1"]), host="::1") as found, peer(found.port, "::1") as line:
        line.header()
        await line.answers("NOOP")
        await line.closed()


@pytest.mark.parametrize(
    ("allowed", "peer_", "lets_in"),
    [
        (["192.0.2.0/24"], "192.0.2.255", True),
        (["192.0.2.0/24"], "192.0.3.0", False),
        (["192.0.2.77/24"], "192.0.2.1", True),  # with bits of a host in it, as people write it
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1"], "192.0.2.10", False),
        (["192.0.2.0/24"], "::ffff:192.0.2.9", True),
        (["2001:db8::/32"], "2001:db8::9", True),
        (["2001:db8::/32"], "2001:db9::9", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["0.0.0.0/0"], "::1", False),
        ([], "127.0.0.1", False),
        (["127.0.0.1"], "", False),
        (["127.0.0.1"], "localhost", False),
    ],
)
def test_peers_are_those_of_the_list(allowed: list[str], peer_: str, lets_in: bool) -> None:
    gate = Gate(allowed)
    assert [gate.lets_in(peer_) for _ in range(2)] == [lets_in, lets_in]


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("s3cret-Token1", True),
        ("s3cret-Token", False),
        ("s3cret-Token12", False),
        ("", False),
        ("ключ", False),
    ],
)
def test_the_token_is_the_whole_of_it(given: str, known: bool) -> None:
    assert Gate([], "s3cret-Token1").knows(Asked("main", {"token": given})) is known
    assert Gate([]).knows(Asked("main", {"token": given}))


def test_the_token_is_compared_in_a_time_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return same(one, other)

    same = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    gate = Gate([], "s3cret-Token1")
    for wrong in ("s3cret-Token2", "x3cret-Token1", ""):
        assert not gate.knows(Asked("main", {"token": wrong}))
    assert [other for _, other in compared] == [b"s3cret-Token2", b"x3cret-Token1", b""]


async def test_a_pbx_is_let_in_by_the_name_that_its_settings_have() -> None:
    tasks = Tasks()
    pbx = PbxSettings("main", host="localhost", port=1, username="u", secret="s")
    lines = PhoneLines([pbx], cast(Switchboard, None), cast(Any, None))
    ivr = Ivr(IvrSettings(port=0), [pbx], lines, Driver(cast(Any, None)).serve, tasks)
    try:
        await ivr.start()
        assert "127.0.0.1" in lines.addresses["main"]
        assert ivr.server.gate.lets_in("127.0.0.1")
        assert not ivr.server.gate.lets_in("127.0.0.2")
        assert lines.pbx_of("127.0.0.1", "") == "main"
    finally:
        await ivr.stop()
        await tasks.close()


async def test_a_pbx_stays_let_in_while_nobody_can_say_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.ivr.LOOK_SECONDS", 0.01)
    asked, tasks = list[str](), Tasks()

    def away(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    pbx = PbxSettings("main", host="localhost", port=1, username="u", secret="s")
    lines = PhoneLines([pbx], cast(Switchboard, None), cast(Any, None))
    ivr = Ivr(IvrSettings(port=0), [pbx], lines, Driver(cast(Any, None)).serve, tasks)
    try:
        await ivr.start()
        monkeypatch.setattr(socket, "getaddrinfo", away)
        await until(lambda: len(asked) > 1)  # at the second question the first answer has been looked at
        assert ivr.server.gate.lets_in("127.0.0.1")
        assert lines.pbx_of("127.0.0.1", "") == "main"
    finally:
        await ivr.stop()
        await tasks.close()


def test_what_is_at_the_address_of_a_pbx_speaks_for_no_other_one() -> None:
    pbxs = [PbxSettings(name, host="x", username="u", secret="s") for name in ("main", "east", "west")]
    lines = PhoneLines(pbxs, cast(Switchboard, None), cast(Any, None))
    lines.addresses = {"main": frozenset({"192.0.2.1"}), "east": frozenset({"192.0.2.2"})}
    told = {
        (peer_, named): lines.pbx_of(peer_, named)
        for peer_ in ("192.0.2.2", "10.0.0.9")
        for named in ("west", "x")
    }
    assert told == {
        ("192.0.2.2", "west"): "east",
        ("192.0.2.2", "x"): "east",
        ("10.0.0.9", "west"): "west",  # of ivr.allow: whose other address it is, only the dialplan can say
        ("10.0.0.9", "x"): "main",
    }


async def test_it_is_told_while_another_program_has_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.ivr.AGAIN_SECONDS", 0.01)
    tasks, told = Tasks(), list[bool]()
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    lines = PhoneLines([], cast(Switchboard, None), cast(Any, None))
    ivr = Ivr(IvrSettings(port=port), [], lines, Driver(cast(Any, None)).serve, tasks)
    ivr.unserved = told.append
    try:
        await ivr.start()
        assert told == [True]
        other.close()
        await until(lambda: told == [True, False])
        assert ivr.port == port
    finally:
        await ivr.stop()
        await tasks.close()
