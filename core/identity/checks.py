"""What a user's name, phone and preferences may look like: pure."""

from __future__ import annotations

import re

from core.errors import Invalid

LANGUAGES = ("", "en", "zh_CN")
THEMES = ("auto", "light", "dark")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_INTERFACE = re.compile(r"[A-Za-z0-9]{1,20}/[A-Za-z0-9_.@:+-]{1,90}")
_EXTENSION = re.compile(r"[0-9*#+]{0,32}")


def user_name(text: str) -> str:
    """The name as it is kept (lower case); raises `Invalid`."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise Invalid(
            "A user's name has 1 to 64 letters (a to z), digits, dots, dashes or underscores.", field="name"
        )
    return name


def interface(text: str) -> str:
    """A phone's name in Asterisk, such as PJSIP/1001; raises `Invalid`."""
    if not _INTERFACE.fullmatch(text):
        raise Invalid(f"{text!r} is no phone of Asterisk; write it like PJSIP/1001.", field="interface")
    return text


def extension(text: str, of_interface: str) -> str:
    """The number that rings the phone; the digits of the interface where none is given. Raises `Invalid`."""
    given = text or of_interface.partition("/")[2]
    if text and not _EXTENSION.fullmatch(text):
        raise Invalid(f"{text!r} is no extension.", field="extension")
    return given if _EXTENSION.fullmatch(given) else ""


def full_name(text: str, name: str) -> str:
    """The name for showing: without control characters, at most 120 characters, `name` where it is empty."""
    clean = "".join(c for c in text if c.isprintable()).strip()
    return clean[:120] or name


def one_of(value: str, allowed: tuple[str, ...], field: str) -> str:
    """`value`, or `Invalid` naming what is allowed."""
    if value not in allowed:
        raise Invalid(f"{field} must be one of {', '.join(repr(a) for a in allowed)}.", field=field)
    return value
