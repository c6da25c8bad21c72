"""Makes one sound file: the text-to-speech command, then `telephone.py`, each a program of its own with a deadline."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from config.settings import SpeechSettings
from ivr_flows.speech import telephone
from ivr_flows.speech.sounds import command_line
from ivr_flows.speech.spoken import Utterance

SECONDS = 30.0
"""After so long a command is killed: it hangs, or the text is far too long for a telephone."""


class NotMade(Exception):
    """There is no sound; the message says why, for the log and the command line."""


async def speak(utterance: Utterance, key: str, folder: Path, speech: SpeechSettings) -> Path:
    """Have the utterance spoken into `folder/key.wav`, whole or not at all. Raises `NotMade`."""
    with _writing(), tempfile.TemporaryDirectory(prefix="ringdesk-") as scratch:
        raw = Path(scratch, "raw.wav")
        line, given = command_line(speech, utterance, str(raw))
        await _run(line, given)
        return await adopt(raw, key, folder)


async def adopt(source: Path, key: str, folder: Path) -> Path:
    """Have any wav file as `folder/key.wav` in the telephone's form. Raises `NotMade`."""
    target = folder / f"{key}.wav"
    with _writing():
        name = _begun(folder)
        try:
            line = [sys.executable, "-I", "-S", telephone.__file__, str(source), name]
            await _run(line, b"", source.name)
            os.chmod(name, 0o644)  # the PBX is another user
            os.replace(name, target)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)
    return target


@contextmanager
def _writing() -> Iterator[None]:
    """What a disk refuses is a sound that is not made, and no fault of ours."""
    try:
        yield
    except OSError as error:
        raise NotMade(f"cannot write {error.filename or 'a file'}: {error.strerror}") from error


def _begun(folder: Path) -> str:
    """An empty file beside the others, under a name that nobody plays."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".making-", suffix=".wav", dir=folder)
    os.close(handle)
    return name


async def _run(line: Sequence[str], given: bytes, what: str = "") -> None:
    """Run a command to its end. Secrets of our settings are not in its environment. Raises `NotMade`, which names the
    command, or `what` it was to read."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGDESK_")}
    try:
        process = await asyncio.create_subprocess_exec(
            *line,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
    except (OSError, ValueError) as error:
        raise NotMade(f"cannot run {line[0]}: {error}") from error
    try:
        async with asyncio.timeout(SECONDS):
            _, complaint = await process.communicate(given)
    except TimeoutError:
        raise NotMade(f"{line[0]} did not end within {SECONDS:g} s") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        why = complaint.decode("utf-8", "replace").strip().splitlines()
        last = why[-1][:200] if why else process.returncode
        raise NotMade(f"{what}: {last}" if what else f"{Path(line[0]).name} failed: {last}")
