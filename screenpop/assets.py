"""The files that browsers load: their addresses carry a hash of the whole tree, so that they may be cached for good.

One hash for all files, in the path and not in a query, keeps the relative imports between our ES modules on the
same version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

STATIC = Path(__file__).parent / "static"
CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
}


class Assets:
    """A tree of static files as it was when this was made; reads every file once for the hash."""

    def __init__(self, root: Path = STATIC) -> None:
        self._files = {
            path.relative_to(root).as_posix(): path
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.suffix in CONTENT_TYPES
        }
        self.version = _digest(self._files)

    def url(self, name: str) -> str:
        """The address of one file."""
        return f"/static/{self.version}/{name}"

    def find(self, name: str) -> tuple[Path, str] | None:
        """Path and content type of a file of the tree; None for anything else, whatever dots are in the name."""
        path = self._files.get(name)
        return None if path is None else (path, CONTENT_TYPES[path.suffix])


def _digest(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
