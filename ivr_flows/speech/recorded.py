"""The folder of recordings that replace prompts, by name: `hotline.welcome.text.en.wav`, `say.hundred.zh_CN.wav`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from ivr_flows.speech.maker import NotMade
from ivr_flows.speech.sounds import recorded_key

log = structlog.get_logger(__name__)
LARGEST = 50_000_000


def recordings_in(folder: str) -> dict[str, tuple[Path, str]]:
    """File and key of each recording by its name. Empty where no folder is set; raises `OSError` where it is gone."""
    if not folder:
        return {}
    found = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() == ".wav" and path.is_file() and path.stat().st_size <= LARGEST:
            found[path.stem] = (path, recorded_key(path.read_bytes()))
    return found


def shape_of(folder: str) -> frozenset[tuple[str, int, int]]:
    """The names, times and sizes of the recordings: another one where something is new, gone or changed."""
    files = ((path, path.stat()) for path in Path(folder).iterdir() if path.suffix.lower() == ".wav")
    return frozenset((path.name, stat.st_mtime_ns, stat.st_size) for path, stat in files)


Adopt = Callable[[Path, str], Awaitable[object]]


class Recorded:
    """The recordings that are in force. Raises `OSError` at first where the folder is gone; later all stay as they are.

    Looks are for a task of their own: they read the disk in a thread, and turn what is new into the telephone's form
    before a caller asks for it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._seen = self._taken = shape_of(folder) if folder else frozenset()
        self._found: Mapping[str, tuple[Path, str]] = recordings_in(folder)
        self._sources = {key: path for path, key in self._found.values()}
        self._away = False
        self._turn = asyncio.Lock()

    def key(self, name: str) -> str | None:
        """The key of the recording of that name."""
        found = self._found.get(name)
        return found[1] if found else None

    def source(self, key: str) -> Path | None:
        """The file that a sound is made from; None where it is spoken."""
        return self._sources.get(key)

    async def follow(self, adopt: Adopt, *, at_once: bool = False) -> bool:
        """Take over what has changed; whether something has. A file that still grows is left for the next look, unless
        `at_once`. A recording that cannot be used leaves in force what there was by its name."""
        if not self._folder:
            return False
        async with self._turn:  # or an older look that ends later would win
            return await self._look(adopt, at_once)

    async def _look(self, adopt: Adopt, at_once: bool) -> bool:
        try:
            shape = await asyncio.to_thread(shape_of, self._folder)
            settled, self._seen = at_once or shape == self._seen, shape
            if shape == self._taken or not settled:
                self._away = False
                return False
            found = await asyncio.to_thread(recordings_in, self._folder)
        except OSError as error:
            if not self._away:
                log.error("recordings.folder_away", folder=self._folder, error=str(error))
            self._away = True
            return False
        self._away, self._taken = False, shape
        await self._take(found, adopt)
        return True

    async def _take(self, found: dict[str, tuple[Path, str]], adopt: Adopt) -> None:
        before = self._found
        for name, (path, key) in tuple(found.items()):
            if key in self._sources:
                continue
            try:
                await adopt(path, key)
            except NotMade as error:
                log.error("recordings.unusable", file=path.name, error=str(error))
                del found[name]
                if name in before:
                    found[name] = before[name]
        self._found = found
        self._sources = {key: path for path, key in found.values()}
        log.info("recordings.in_force", count=len(found))
