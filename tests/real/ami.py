"""A small AMI client for tests, written apart from cti so that the two do not share a mistake."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import BinaryIO, Self

Message = dict[str, str]
Match = Callable[[Message], bool]


class AmiError(Exception):
    """Asterisk answered with an error, or not in time."""


def named(event: str, **headers: str) -> Match:
    """Matches events of that name whose headers have these values."""
    wanted = {"Event": event, **headers}
    return lambda message: all(message.get(key) == value for key, value in wanted.items())


class Ami:
    """One logged-in AMI session; keeps every event, and writes each received byte to `tee` if set."""

    def __init__(self, port: int, user: str, secret: str) -> None:
        self._port, self._user, self._secret = port, user, secret
        self.tee: BinaryIO | None = None
        self._ids = itertools.count(1)
        self._arrived = asyncio.Condition()
        self.messages: list[Message] = []
        self.closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._task = asyncio.create_task(self._read())
        try:
            await self.action("Login", Username=self._user, Secret=self._secret)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, return_exceptions=True)

    async def action(self, name: str, fields: Mapping[str, str] | None = None, **more: str) -> Message:
        """Sends the action and returns its response; AmiError when Asterisk refuses it."""
        action_id = self._send(name, {**(fields or {}), **more})
        answer = await self.wait(lambda m: _answers(m, action_id))
        if answer["Response"] == "Error":
            raise AmiError(f"{name}: {answer.get('Message')}")
        return answer

    async def action_list(self, name: str, **fields: str) -> list[Message]:
        """Sends an action that is answered by a list and returns the list without its closing event."""
        action_id = self._send(name, fields)

        def ended(m: Message) -> bool:
            mine = m.get("ActionID") == action_id
            return mine and (m.get("EventList") in ("Complete", "Cancelled") or m.get("Response") == "Error")

        last = await self.wait(ended)
        if "Response" in last:
            raise AmiError(f"{name}: {last.get('Message')}")
        return [m for m in self.messages if m.get("ActionID") == action_id and "Event" in m and m is not last]

    async def wait(self, match: Match, *, since: int = 0, seconds: float = 60) -> Message:
        """The first message at or after position `since` that matches; AmiError after that many seconds."""
        try:
            async with asyncio.timeout(seconds), self._arrived:
                while True:
                    for message in self.messages[since:]:
                        if match(message):
                            return message
                    since = max(since, len(self.messages))
                    if self.closed.is_set():
                        raise AmiError("Asterisk closed the session")
                    await self._arrived.wait()
        except TimeoutError:
            last = [m.get("Event") or m.get("Response") for m in self.messages[-15:]]
            raise AmiError(f"not seen within {seconds} s; last messages: {last}") from None

    async def event(self, name: str, *, since: int = 0, seconds: float = 60, **headers: str) -> Message:
        """The first event of that name with these header values."""
        return await self.wait(named(name, **headers), since=since, seconds=seconds)

    def _send(self, name: str, fields: Mapping[str, str]) -> str:
        action_id = f"rig-{next(self._ids)}"
        lines = [f"Action: {name}", f"ActionID: {action_id}", *(f"{k}: {v}" for k, v in fields.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return action_id

    async def _read(self) -> None:
        lines: list[str] = []
        try:
            while line := await self._reader.readline():
                if self.tee:
                    self.tee.write(line)
                text = line.decode(errors="surrogateescape").rstrip("\r\n")
                if text:
                    lines.append(text)
                elif lines:
                    await self._add(dict(_header(item) for item in lines))
                    lines = []
        except ConnectionError:
            pass  # Asterisk was killed
        finally:
            self.closed.set()
            async with self._arrived:
                self._arrived.notify_all()

    async def _add(self, message: Message) -> None:
        async with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()


def _answers(message: Message, action_id: str) -> bool:
    # OriginateResponse is an event with a Response and the same ActionID.
    return "Response" in message and "Event" not in message and message.get("ActionID") == action_id


def _header(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key, value.removeprefix(" ")
