"""The practice PBX's AMI: who gets in, what it answers, whom it cuts off."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from cti.practice.pbx import SECRET, USERNAME, PracticePbx, Setup
from cti.practice.session import GREETING, Account
from cti.practice.timeline import ManualTimeline

SECONDS = 60.0
ACCOUNTS = {
    USERNAME: Account(SECRET),
    "reader": Account(SECRET, "call", ""),
    "sleepy": Account(SECRET, writetimeout=0.05),
}


class Client:
    """A bare AMI client: sends pairs, reads blocks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, action: str, **fields: str) -> dict[str, str]:
        """Send the action and return its response; events before it are passed over."""
        self.send(action, **fields)
        while "Response" not in (message := await self.read()) or message["ActionID"] != action:
            pass
        return message

    async def login(self, username: str = USERNAME, secret: str = SECRET, **more: str) -> dict[str, str]:
        return await self.ask("Login", Username=username, Secret=secret, **more)

    def send(self, action: str, **fields: str) -> None:
        pairs = {"Action": action, "ActionID": action, **fields}
        self.writer.write(("".join(f"{key}: {value}\r\n" for key, value in pairs.items()) + "\r\n").encode())

    async def read(self) -> dict[str, str]:
        async with asyncio.timeout(SECONDS):
            raw = await self.reader.readuntil(b"\r\n\r\n")
        return dict(line.split(": ", 1) for line in raw.decode().rstrip("\r\n").split("\r\n"))

    async def event(self, name: str) -> dict[str, str]:
        while (message := await self.read()).get("Event") != name:
            pass
        return message

    async def closed(self) -> None:
        """Return when the other side has closed the connection."""
        try:
            async with asyncio.timeout(SECONDS):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            pass


@pytest.fixture
async def pbx() -> AsyncIterator[PracticePbx]:
    setup = Setup(members={"service": ("1001",)}, accounts=ACCOUNTS)
    async with PracticePbx(timeline=ManualTimeline(), setup=setup) as running:
        yield running


@pytest.fixture
async def client(pbx: PracticePbx) -> AsyncIterator[Client]:
    made = Client(*await asyncio.open_connection(pbx.host, pbx.port))
    assert await made.reader.readexactly(len(GREETING)) == GREETING
    yield made
    made.writer.close()


async def test_login_is_answered_and_followed_by_fully_booted(client: Client) -> None:
    assert (await client.login())["Message"] == "Authentication accepted"
    assert (await client.read())["Event"] == "FullyBooted"


async def test_login_by_challenge(client: Client) -> None:
    challenge = (await client.ask("Challenge", AuthType="MD5"))["Challenge"]
    key = hashlib.md5((challenge + SECRET).encode()).hexdigest()
    answer = await client.ask("Login", AuthType="MD5", Username=USERNAME, Key=key)
    assert answer["Response"] == "Success"


@pytest.mark.parametrize(("username", "secret"), [(USERNAME, "wrong"), ("nobody", SECRET), ("", "")])
async def test_wrong_login_is_refused_and_the_session_closed(
    client: Client, username: str, secret: str
) -> None:
    assert (await client.login(username, secret))["Message"] == "Authentication failed"
    await client.closed()


async def test_nothing_is_done_before_the_login(client: Client, pbx: PracticePbx) -> None:
    answer = await client.ask("QueueAdd", Queue="service", Interface="PJSIP/1002")
    assert answer["Message"] == "Permission denied"
    assert set(pbx.queues.queues["service"].members) == {"PJSIP/1001"}


@pytest.mark.parametrize(
    ("action", "fields", "message"),
    [
        ("Nope", {}, "Invalid/unknown command: Nope. Use Action: ListCommands to show available commands."),
        ("Hangup", {}, "No channel specified"),
        ("Hangup", {"Channel": "PJSIP/none-1"}, "No such channel"),
        (
            "QueueAdd",
            {"Queue": "nope", "Interface": "x/1"},
            "Unable to add interface to queue: No such queue",
        ),
        (
            "QueueAdd",
            {"Queue": "service", "Interface": "PJSIP/1001"},
            "Unable to add interface: Already there",
        ),
        ("QueueRemove", {"Queue": "service", "Interface": "x/1"}, "Unable to remove interface: Not there"),
        ("QueueRemove", {"Queue": "service", "Interface": "PJSIP/1001"}, "Member not dynamic"),
        ("QueuePause", {"Interface": "PJSIP/1009", "Paused": "true"}, "Interface not found"),
        ("Originate", {"Channel": "PJSIP/1001"}, "Originate with 'Exten' requires 'Context' and 'Priority'"),
        ("BlindTransfer", {"Channel": "x", "Exten": "1"}, "Channel specified does not exist"),
        ("BridgeInfo", {"BridgeUniqueid": "nope"}, "Specified BridgeUniqueid not found"),
        ("Status", {"Channel": "nope"}, "No such channel"),
    ],
)
async def test_refusals_read_as_asterisks_own(
    client: Client, action: str, fields: dict[str, str], message: str
) -> None:
    await client.login()
    answer = await client.ask(action, **fields)
    assert (answer["Response"], answer["Message"]) == ("Error", message)


async def test_permissions_to_write_are_checked(client: Client) -> None:
    await client.login("reader")
    assert (await client.ask("Originate", Channel="PJSIP/1001"))["Message"] == "Permission denied"


async def test_permissions_to_read_choose_the_events(client: Client, pbx: PracticePbx) -> None:
    await client.login("reader")
    caller = pbx.caller("13800138000")
    pbx.hang_up(caller)
    seen = []
    while not seen or seen[-1].get("Uniqueid") != caller.uniqueid or seen[-1]["Event"] != "Hangup":
        seen.append(await client.read())
    assert "Newchannel" in {message["Event"] for message in seen}
    assert not {"QueueCallerJoin", "FullyBooted"} & {message["Event"] for message in seen}


async def test_events_off_at_login_and_on_later(client: Client, pbx: PracticePbx) -> None:
    await client.login(Events="off")
    pbx.hang_up(pbx.caller("10000"))
    assert (await client.ask("Events", EventMask="call"))["Events"] == "On"
    pbx.caller("20000")
    assert (await client.event("Newchannel"))["CallerIDNum"] == "20000"


async def test_answer_to_queue_add_comes_before_its_event(client: Client) -> None:
    await client.login()
    await client.event("FullyBooted")
    client.send("QueueAdd", Queue="service", Interface="PJSIP/1002", MemberName="Li")
    assert (await client.read())["Response"] == "Success"
    assert (await client.event("QueueMemberAdded"))["MemberName"] == "Li"


async def test_originate_without_async_holds_back_its_session(client: Client, pbx: PracticePbx) -> None:
    await client.login()
    await client.event("FullyBooted")
    client.send("Originate", Channel="PJSIP/1001", Context="agents", Exten="1002", Priority="1")
    await pbx.until(lambda: pbx.ringing("1001"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.reader.readexactly(1), 0.05)
    pbx.answer("1001")
    assert (await client.event("Newchannel"))["Channel"].startswith("PJSIP/1001")


async def test_reader_who_stops_reading_is_cut_off(client: Client, pbx: PracticePbx) -> None:
    await client.login("sleepy")
    client.reader.set_exception(OSError("reads no more"))
    client.writer.transport.pause_reading()
    while pbx.server.sessions:
        pbx.hang_up(pbx.caller("13800138000"))
        await asyncio.sleep(0)
    assert not pbx.server.sessions


async def test_action_without_an_end_closes_the_session(client: Client) -> None:
    client.writer.write(b"Action: " + b"x" * 200_000)
    await client.closed()


async def test_restart_drops_sessions_calls_and_dynamic_members(client: Client, pbx: PracticePbx) -> None:
    await client.login()
    await client.ask("QueueAdd", Queue="service", Interface="PJSIP/1002")
    pbx.caller("13800138000")
    port = pbx.port
    began = pbx.world.started
    await pbx.restart()
    await client.closed()
    assert int(pbx.world.started) > int(began)
    assert (pbx.port, pbx.world.channels) == (port, {})
    assert set(pbx.queues.queues["service"].members) == {"PJSIP/1001"}
