"""Text from outside, made safe to keep and to compare."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # hold emoji and some scripts together; harmless, and names break without them


def clean(text: str, limit: int, *, lines: bool = False) -> str:
    """`text` without control, format and surrogate characters, spaces collapsed, at most `limit` characters.

    With `lines`, line breaks are kept. Bidirectional overrides go too: they make a page lie.
    """
    # Cutting first bounds the work on hostile text; four times, since cleaning only shortens.
    text = unicodedata.normalize("NFC", text[: limit * 4].replace("\r\n", "\n"))
    kept = "".join(_kept(char, lines) for char in text)
    if not lines:
        kept = " ".join(kept.split())
    return kept.strip()[:limit].rstrip()


def _kept(char: str, lines: bool) -> str:
    if char in "\n\t\r":
        return "\n" if lines and char == "\n" else " "
    if char in _JOINERS or unicodedata.category(char)[0] != "C":
        return char
    return ""


def fold(text: str) -> str:
    """`text` as it is compared: one width, one case, single spaces (Ａbc  甲 and abc 甲 are the same)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
