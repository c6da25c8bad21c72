"""The folder of recordings that replace prompts, by name: `main.welcome.1.en.wav`, `say.hundred.zh_CN.wav`."""

from __future__ import annotations

from pathlib import Path

from ivr_flows.speech.sounds import recorded_key

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
