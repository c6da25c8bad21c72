"""SIPp as the phones of agents, the world outside and callers; a test gives orders and waits for what happens."""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from tests.real import ports
from tests.real.asterisk import Asterisk
from tests.real.sipp_process import Report, SipError, Sipp

__all__ = ["Behaviour", "Caller", "Phone", "Report", "SipError", "answers", "rejects"]
SCENARIOS = Path(__file__).parent / "scenarios"
SPEAK = '<nop><action><exec rtp_stream="sound.alaw,-1,8"/></action></nop>'


class Phone(Sipp):
    """A phone that is called: extension "1001" to "1005" of that Asterisk, or "outside" for the world behind the trunk.

    `behaviour` is told of each ring and may give an order: answers(), rejects(); None rings until the test says more.
    `status` is what it turns calls down with, `forward` the extension that it names then (302), `second` the other
    phone of an extension that has two. One that `speaks` sends sound once it is answered; the others are silent.
    """

    def __init__(
        self,
        pbx: Asterisk,
        extension: str,
        behaviour: "Behaviour | None" = None,
        status: str = "486 Busy Here",
        *,
        forward: str = "",
        second: bool = False,
        speaks: bool = False,
    ) -> None:
        outside = extension == "outside"
        phones = pbx.ports.seconds if second else pbx.ports.phones
        super().__init__(
            "127.0.0.2" if outside else "127.0.0.1", pbx.ports.outside if outside else phones[extension]
        )
        self.extension, self.behaviour, self.status = extension, behaviour, status
        self._pbx, self._forward, self._speaks = pbx, forward, speaks

    def prepare(self, folder: Path) -> None:
        silence(folder)

    def scenario(self) -> str:
        text = (SCENARIOS / "phone.xml").read_text()
        contact = f"Contact: {_address(self._pbx, self._forward)}\n" if self._forward else ""
        status = "302 Moved Temporarily" if self._forward else self.status
        speak = SPEAK if self._speaks else ""
        return text.replace("@STATUS@", status).replace("@CONTACT@", contact).replace("@SPEAK@", speak)

    def reported(self, report: Report) -> None:
        if report.state == "ringing" and self.behaviour:
            self.behaviour(self, report.call_id)

    async def ringing(self, count: int = 1) -> Report:
        """Returns when the phone rings for the count-th time since it was made."""
        return await self.wait("ringing", count=count)

    async def answer(self, call_id: str | None = None) -> None:
        """Picks up; returns when the PBX has confirmed it."""
        report = await self.ringing() if call_id is None and not self.reports else None
        call_id = call_id or (report or self.reports[-1]).call_id
        self.order("INFO", "answer", call_id)
        await self.wait("talking", call_id=call_id)

    async def hold(self) -> None:
        """Puts the caller on hold, by re-INVITE with a=sendonly."""
        self.order("INFO", "sendonly")
        await self.wait("sendonly")

    async def resume(self) -> None:
        """Takes the caller back."""
        self.order("INFO", "sendrecv")
        await self.wait("sendrecv")

    async def press(self, keys: str) -> None:
        """Presses keys (SIP INFO), one after the other."""
        pressed = sum(report.state == "pressed" for report in self.reports)
        for count, key in enumerate(keys, start=pressed + 1):
            self.order("PUBLISH", key)
            await self.wait("pressed", count=count)

    async def refer(self, to: str, replaces: "Caller | None" = None) -> None:
        """Sends the other side to an extension: at once, or in place of a second call that this agent has made."""
        await _refer(self, self._pbx, to, replaces)

    async def hang_up(self) -> None:
        """Ends the answered call and returns when the PBX has confirmed it."""
        call_id = self.reports[-1].call_id
        self.order("MESSAGE", "bye", call_id)
        await self.wait("ended", call_id=call_id)

    async def reject(self) -> None:
        """Turns the ringing call down."""
        call_id = self.reports[-1].call_id
        self.order("MESSAGE", "reject", call_id)
        await self.wait("ended", call_id=call_id)


Behaviour = Callable[[Phone, str], None]


def answers(after: float = 0) -> Behaviour:
    """A behaviour: picks up after that many seconds of ringing."""
    return lambda phone, call_id: _later(after, phone, "INFO", "answer", call_id)


def rejects(after: float = 0) -> Behaviour:
    """A behaviour: turns calls down after that many seconds of ringing."""
    return lambda phone, call_id: _later(after, phone, "MESSAGE", "reject", call_id)


class Caller(Sipp):
    """One call from outside to `did`, or from an agent's phone when `agent` names its extension.

    `name` is the display name as it goes into the From header, before SIP's quoting. One who `speaks` sends sound; the
    others are silent.
    """

    def __init__(
        self,
        pbx: Asterisk,
        did: str,
        number: str = "13800138000",
        name: str = "",
        agent: str = "",
        *,
        speaks: bool = False,
    ) -> None:
        host = "127.0.0.1" if agent else "127.0.0.2"
        super().__init__(host, ports.free_udp(host))
        self._pbx, self._did, self._agent = pbx, did, agent
        self._number, self._name, self._speaks = agent or number, name, speaks
        self.call_id = uuid.uuid4().hex

    def prepare(self, folder: Path) -> None:
        silence(folder)

    def scenario(self) -> str:
        auth = (SCENARIOS / "auth.xml").read_text() if self._agent else ""
        text = (SCENARIOS / "caller.xml").read_text().replace("@AUTH@", auth)
        values = {"DID": self._did, "NUMBER": self._number, "SECRET": self._pbx.secret}
        values["SPEAK"] = SPEAK if self._speaks else ""
        values |= {"BRANCH": "auth" if self._agent else "inv", "NAME": "[shown]" if self._name else ""}
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        return text

    def arguments(self) -> list[str]:
        # The name travels beside the scenario: SIPp would read brackets in it as keywords.
        escaped = self._name.replace("\\", "\\\\").replace('"', '\\"')
        shown = ["-key", "shown", f'"{escaped}" '] if self._name else []
        return [
            f"127.0.0.1:{self._pbx.sip_port}",
            *shown,
            "-m",
            "1",
            "-cid_str",
            self.call_id,
            "-max_retrans",
            "4",
        ]

    async def ringing(self) -> None:
        """Returns when the caller hears ringing."""
        await self.wait("ringing")

    async def answered(self) -> None:
        """Returns when the call is connected (by the dialplan or by a person)."""
        await self.wait("talking")

    async def press(self, key: str) -> None:
        """Presses a key (SIP INFO); returns when the PBX has confirmed it: SIPp takes no order before that."""
        pressed = sum(report.state == "pressed" for report in self.reports)
        self.order("INFO", key, self.call_id)
        await self.wait("pressed", count=pressed + 1)

    async def refer(self, to: str, replaces: "Caller | None" = None) -> None:
        """Sends the other side to an extension: at once, or in place of a second call that this agent has made."""
        await _refer(self, self._pbx, to, replaces)

    async def dialog(self) -> str:
        """The answered call as a Replaces header names it, to the PBX: its own tag is the to-tag."""
        ours, _, theirs = (await self.wait("talking")).detail.partition(" ")
        return f"{self.call_id};to-tag={theirs};from-tag={ours}"

    async def hang_up(self) -> None:
        """Gives up or hangs up, whichever it is now; returns when the PBX has confirmed it."""
        self.order("MESSAGE", "bye", self.call_id)
        await self.ended()

    async def ended(self) -> Report:
        """Returns when the call is over: detail is "hung up", "other side", "gave up" or "refused"."""
        return await self.wait("ended")


def hum(folder: Path) -> None:
    """A second of a square wave of 500 Hz, in A-law."""
    (folder / "sound.alaw").write_bytes((b"\xaa" * 8 + b"\x2a" * 8) * 500)


def silence(folder: Path) -> None:
    """A second of silence, in A-law."""
    (folder / "sound.alaw").write_bytes(b"\xd5" * 8000)


def _address(pbx: Asterisk, extension: str, headers: str = "") -> str:
    return f"<sip:{extension}@127.0.0.1:{pbx.sip_port}{headers}>"


async def _refer(phone: Sipp, pbx: Asterisk, to: str, replaces: Caller | None) -> None:
    """Returns when the PBX has accepted it."""
    headers = "" if replaces is None else f"?Replaces={quote(await replaces.dialog(), safe='')}"
    call_id = phone.reports[-1].call_id
    phone.order("REFER", "refer", call_id, f"Refer-To: {_address(pbx, to, headers)}\r\n")
    await phone.wait("referred", call_id=call_id)


def _later(seconds: float, phone: Phone, method: str, subject: str, call_id: str) -> None:
    asyncio.get_running_loop().call_later(seconds, phone.order, method, subject, call_id)
