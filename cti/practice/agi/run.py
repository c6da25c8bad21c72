"""The AGI application: one caller in the hands of a FastAGI server, until the server lets go or the caller is gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from cti.practice.agi import commands
from cti.practice.agi.doing import Doing
from cti.practice.agi.language import HANGUP, header
from cti.practice.channels import Channel
from cti.practice.timeline import Act, Timeline
from cti.practice.wire import lines, one_line
from cti.practice.world import World

LET_GO_SECONDS = 5.0
"""After a hang-up a server has so long to close the line. A real Asterisk waits for ever, and its channel stays."""


class Sounds(Protocol):
    """The sounds of the PBX, and where it records. Names are without what stands behind the dot."""

    def length(self, name: str) -> float | None:
        """Seconds of a sound; None where there is none."""
        ...

    def may_record(self, name: str, kind: str) -> bool:
        """Whether a file of that kind can be written there."""
        ...

    def record(self, name: str, seconds: float) -> None:
        """Write what the caller said in so many seconds."""
        ...


class Out(Protocol):
    """The line to the server."""

    def send(self, text: str) -> None: ...
    def close(self) -> None: ...


class Service(Protocol):
    """Where AGI leads. `address` is HOST:PORT."""

    @property
    def address(self) -> str: ...
    @property
    def sounds(self) -> Sounds: ...

    def connect(self, run: AgiRun) -> None:
        """Have the run `opened`, or `closed` where nobody listens."""
        ...


class AgiRun:
    """A flow of the channel. `then` goes on in the dialplan, `bury` ends the call of a caller who is gone."""

    def __init__(self, world: World, caller: Channel, service: Service, then: Act, bury: Act) -> None:
        self.world, self.caller, self.sounds = world, caller, service.sounds
        self.timeline: Timeline = world.timeline
        self.dead = False
        """The caller has hung up."""
        self.speech: float | None = None
        """How long the caller speaks into a recording; None: to its end."""
        self.watchers: list[Callable[[str], None]] = []
        """Told of each command as it begins."""
        self.over: list[Act] = []
        """Called when it has ended and the caller has gone on, or is gone."""
        self._service, self._then, self._bury = service, then, bury
        self._out: Out | None = None
        self._ended = self._closed = False
        self._busy = False
        self._doing: Doing | None = None
        self._waiting: deque[str] = deque()
        self._script = ""

    def start(self, script: str) -> None:
        """Call the server; `script` is what follows the address, `hotline?token=`."""
        self._script = script
        self.caller.flow = self
        self._service.connect(self)

    @property
    def listens(self) -> bool:
        """Whether a key would be heard now."""
        return self._doing is not None and self._doing.listens

    def variable(self, name: str) -> str:
        """A variable of the channel, or what Asterisk knows by that name."""
        caller = self.caller
        known = {"EXTEN": caller.exten, "CONTEXT": caller.context, "UNIQUEID": caller.uniqueid}
        return {"RINGDESK_CALL": caller.tag, **known, **caller.variables}.get(name, "")

    # --- the line ---------------------------------------------------------------------------------------

    def opened(self, out: Out) -> None:
        """The line is there."""
        self._out = out
        out.send(header(self.caller, self._service.address, self._script))
        if self.dead:
            out.send(f"{HANGUP}\n")

    def take(self, line: str) -> None:
        """A command came; it is carried out when those before it are answered."""
        self._waiting.append(line)
        self._work()

    def closed(self) -> None:
        """The server has let go, or never came. A command under way is done first, as in Asterisk."""
        self._closed = True
        if not self._busy:
            self._end()

    def _work(self) -> None:
        while self._waiting and not self._busy and not self._ended:
            line = self._waiting.popleft()
            self._busy = True
            for watcher in self.watchers:
                watcher(line)
            commands.perform(self, line)

    def do(self, doing: Doing) -> None:
        """A command takes its time."""
        self._doing = doing

    def answer(self, told: str) -> None:
        """The command under way is done."""
        self._busy, self._doing = False, None
        self._send(one_line(told) if not told.startswith("520-") else told)
        if self._closed:
            self._end()
        else:
            self._work()

    def _send(self, told: str) -> None:
        if self._out and not self._closed:
            self._out.send(f"{told}\n")

    def _end(self) -> None:
        if self._ended:
            return
        self._stop()
        if self.caller.alive:
            (self._bury if self.dead else self._then)()
        for watcher in self.over:
            watcher()

    def _stop(self) -> None:
        self._ended = self._closed = True
        self.caller.flow = None
        self._waiting.clear()
        if self._doing:
            self._doing.stop()
        if self._out:
            self._out.close()

    # --- the caller -------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """The caller presses a key; lost where no command takes it, as in Asterisk."""
        if not self.dead and not self._ended:
            self.world.tell("DTMFEnd", self.caller.lines(), _digit(key))
            if self._doing:
                self._doing.press(key)

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        if not end:  # taken elsewhere: the server hears of a hang-up
            self._send(HANGUP)
            self._stop()
        elif self.dead or self._closed:
            self._stop()
            self._bury()
        else:
            self.hung_up()

    def hung_up(self) -> None:
        """The caller is gone: the command under way says so, then the line; the server may still do a little."""
        self.dead = True
        if self._doing:
            self._doing.hung_up()
        self._send(HANGUP)
        if not self._ended:
            self.timeline.later(LET_GO_SECONDS, self._end)


def _digit(key: str) -> bytes:
    return lines(Digit=key, DurationMs=160, Direction="Received")
