"""The voice of flows in a running server: which files say these pieces, made now where there are none yet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from config.files import sounds_dir
from config.settings import SpeechSettings
from core.clock import Clock
from core.tasks import Tasks
from ivr_flows.messages import Caller, Piece
from ivr_flows.speech import maker
from ivr_flows.speech.recorded import Recorded
from ivr_flows.speech.sounds import MOMENT, recording_name, sound_key
from ivr_flows.speech.spoken import Utterance, utterances

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
"""Between looks at the folder of recordings."""
AT_ONCE = 2
"""Commands that run at once: speech takes a core, and calls go before new texts."""
IN_LINE = 50
FAILED_SECONDS = 60.0
"""A text that could not be spoken is tried again after so long, not for each caller."""


class SpokenVoice:
    """Says pieces from the folder of sounds. `refused` hears which names the PBX could not play."""

    def __init__(
        self,
        speech: SpeechSettings,
        zone: ZoneInfo,
        clock: Clock,
        tasks: Tasks,
        refused: Callable[[str, Caller], None] = lambda sound, caller: None,
    ) -> None:
        self._speech, self._zone, self._clock, self._tasks = speech, zone, clock, tasks
        self._refused = refused
        self._folder = sounds_dir(speech)
        self._shown = speech.pbx_folder or str(self._folder)
        self._recorded = Recorded(speech.recorded)
        self._making: dict[str, asyncio.Task[None]] = {}
        self._failed: dict[str, float] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.left_out = 0
        """Sounds that a caller did not hear since there was no file in time."""

    async def sounds(self, pieces: tuple[Piece, ...]) -> tuple[str, ...]:
        """See `messages.Voice`. What is made too late for this caller is there for the next one."""
        year = datetime.fromtimestamp(self._clock.now(), self._zone).year
        wanted = [self._keyed(one) for piece in pieces for one in utterances(piece, year)]
        late = {key: one for key, one in wanted if not self._there(key)}
        if late:
            await self._make(late)
        ready = tuple(key for key, _ in wanted if key not in late or self._there(key))
        self.left_out += len(wanted) - len(ready)
        return tuple(f"{self._shown}/{key}" for key in ready)

    async def run(self) -> None:
        """Looks for new, changed and deleted recordings as long as the house runs."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.follow()
            except Exception:
                log.exception("voice.look_failed")

    async def follow(self, *, at_once: bool = False) -> bool:
        """One look; whether something has changed."""
        return await self._recorded.follow(self._adopt, at_once=at_once)

    async def _adopt(self, source: Path, key: str) -> None:
        async with self._turns:
            await maker.adopt(source, key, self._folder)

    def not_played(self, sound: str, caller: Caller) -> None:
        """See `messages.Voice`."""
        log.warning("voice.not_played", sound=sound, pbx=caller.pbx)
        self._refused(sound, caller)

    def _keyed(self, utterance: Utterance) -> tuple[str, Utterance]:
        recorded = self._recorded.key(recording_name(utterance)) if utterance.name else None
        return recorded or sound_key(utterance, self._speech), utterance

    def _there(self, key: str) -> bool:
        path = self._folder / f"{key}.wav"
        if not key.startswith(MOMENT):
            return path.is_file()
        with suppress(OSError):
            os.utime(path)  # used: `prune` goes by it
            return True
        return False

    async def _make(self, late: dict[str, Utterance]) -> None:
        """Wait for these, as long as a caller may wait; the making goes on after that."""
        tasks = [task for key, one in late.items() if (task := self._task(key, one)) is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self._speech.seconds)

    def _task(self, key: str, utterance: Utterance) -> asyncio.Task[None] | None:
        if key in self._making:
            return self._making[key]
        failed = self._failed.get(key)
        recently = failed is not None and self._clock.monotonic() - failed < FAILED_SECONDS
        if recently or len(self._making) >= IN_LINE or self._tasks.closed:
            return None
        task = self._tasks.spawn(self._speak(key, utterance), "voice")
        self._making[key] = task
        task.add_done_callback(lambda _: self._making.pop(key, None))
        return task

    async def _speak(self, key: str, utterance: Utterance) -> None:
        async with self._turns:
            try:
                source = self._recorded.source(key)
                if source is not None:
                    await maker.adopt(source, key, self._folder)
                else:
                    await maker.speak(utterance, key, self._folder, self._speech)
                self._failed.pop(key, None)
            except maker.NotMade as error:
                if len(self._failed) >= IN_LINE:
                    self._failed.clear()
                self._failed[key] = self._clock.monotonic()
                log.error("voice.not_made", prompt=recording_name(utterance), error=str(error))
