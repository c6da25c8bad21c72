"""From the number that an agent means to the one that the dialplan takes. Pure."""

from __future__ import annotations

import re

import phonenumbers

from cti.control import dial_target

EXTENSION_DIGITS = 6


def in_house(number: str) -> bool:
    """Whether it is short enough to be an extension or a service number of the dialplan."""
    return len(number) <= EXTENSION_DIGITS or not number.lstrip("+").isdigit()


def called_number(text: str, region: str) -> str:
    """What is dialled from a place in `region`: +86 139… becomes 139… in China. Invalid for what cannot be dialled."""
    target = dial_target(text)
    if not target.startswith("+"):
        return target
    try:
        parsed = phonenumbers.parse(target, None)
    except phonenumbers.NumberParseException:
        return target
    local = phonenumbers.format_out_of_country_calling_number(parsed, region)
    return re.sub(r"[^0-9+]", "", local) or target


def with_prefix(number: str, prefix: str) -> str:
    """The number with what the dialplan wants in front of outside numbers."""
    return number if in_house(number) else prefix + number
