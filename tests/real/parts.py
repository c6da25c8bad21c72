"""Where the real parts are on this machine, and what a test does when one is missing."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest


def parts_dir() -> Path:
    """The folder in which tools/parts.sh keeps what is not a package of this machine."""
    return Path(os.environ.get("RINGDESK_PARTS") or Path.home() / ".cache" / "ringdesk")


def _asterisk(folder: str) -> Callable[[], Path | None]:
    def look() -> Path | None:
        root = parts_dir() / folder
        usable = os.geteuid() == 0 and shutil.which("unshare") and (root / "usr/sbin/asterisk").exists()
        return root if usable else None  # chroot and mounts are root's

    return look


def _program(*names: str) -> Callable[[], Path | None]:
    def look() -> Path | None:
        found = next((path for name in names if (path := shutil.which(name))), None)
        return Path(found) if found else None

    return look


def _postgresql() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return folders[-1] if folders else None


FINDERS: Mapping[str, Callable[[], Path | None]] = {
    "asterisk": _asterisk("asterisk22"),
    "asterisk16": _asterisk("asterisk16"),
    "sipp": _program("sipp"),
    "chromium": _program("chromium", "chromium-browser"),
    "postgresql": _postgresql,
    "espeak-ng": _program("espeak-ng"),
}


def find(part: str) -> Path | None:
    """The part's program or folder (asterisk: root of its tree; postgresql: folder of its programs), or None."""
    return FINDERS[part]()


def require(part: str) -> Path:
    """The part, or the test is skipped naming it; with CI=true a missing part is a failure."""
    return find(part) or _missing(part)


def _missing(part: str) -> NoReturn:
    reason = f"real part missing: {part} (as root on Debian: tools/parts.sh {part})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
