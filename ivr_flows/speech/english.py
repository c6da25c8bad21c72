"""Values in English words, by the names of the vocabulary. Pure.

British, as the shipped voice: "one hundred and one", "the fifth of March", "two thirty in the afternoon".
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

Words = list[str]


def _row(text: str) -> list[str]:
    return text.split()


_ONES = _row(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = _row("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _row(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_MONTHS = _row("January February March April May June July August September October November December")
_THEMSELVES = _row(
    "hundred thousand million billion and minus point plus star hash the of noon midnight yuan fen dollar dollars "
    "cent cents euro euros pound pounds penny pence hour hours minute minutes"
)
_SCALES = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))

CURRENCIES = MappingProxyType(
    {
        "CNY": ("yuan", "yuan", "fen", "fen"),
        "USD": ("dollar", "dollars", "cent", "cents"),
        "EUR": ("euro", "euros", "cent", "cents"),
        "GBP": ("pound", "pounds", "penny", "pence"),
        "HKD": ("hkdollar", "hkdollars", "cent", "cents"),
    }
)
"""One and many of the coin and of its hundredth."""

VOCABULARY = MappingProxyType(
    {
        **{f"n{value}": word for value, word in enumerate(_ONES)},
        **{f"n{value * 10}": word for value, word in enumerate(_TENS, 2)},
        **{f"th{value}": word for value, word in enumerate(_ORDINALS, 1)},
        "th30": "thirtieth",
        **{f"month{value}": word for value, word in enumerate(_MONTHS, 1)},
        **{word: word for word in _THEMSELVES},
        "hkdollar": "Hong Kong dollar",
        "hkdollars": "Hong Kong dollars",
        "oclock": "o'clock",
        "oh": "oh",
        "morning": "in the morning",
        "afternoon": "in the afternoon",
        "evening": "in the evening",
        "night": "at night",
    }
)


def number(value: int) -> Words:
    """A whole number from 0 to 999,999,999,999: "and" stands before tens and ones only."""
    words: Words = []
    for size, name in _SCALES:
        if value >= size:
            words += [*_below_thousand(value // size), name]
            value %= size
    if words and 0 < value < 100:
        words.append("and")
    return words + _below_thousand(value) if value or not words else words


def quantity(value: int) -> Words:
    """A number of things: the same as the number in this language."""
    return number(value)


def digit(value: int) -> str:
    """One of a row of digits, such as an account's."""
    return f"n{value}"


def money(major: int, minor: int, currency: str) -> Words:
    """An amount in a known currency: hundredths are left out where there are none."""
    one, many, small_one, small_many = CURRENCIES[currency]
    small = [*number(minor), small_one if minor == 1 else small_many]
    if minor and not major:
        return small
    words = [*number(major), one if major == 1 else many]
    return [*words, "and", *small] if minor else words


def date(year: int | None, month: int, day: int | None) -> Words:
    """The fifth of March, with the year where it is given; without a day the month alone."""
    words = [f"month{month}"] if day is None else ["the", *_ordinal(day), "of", f"month{month}"]
    return words if year is None else words + _year(year)


def _year(value: int) -> Words:
    """Nineteen ninety nine, nineteen oh five, nineteen hundred; from two thousand on as the number."""
    century, rest = divmod(value, 100)
    if not 11 <= century <= 19:
        return number(value)
    return [*number(century), *(["hundred"] if rest == 0 else _past(rest))]


def time(hour: int, minute: int) -> Words:
    """Twelve hours and the part of the day; 24:00 is midnight."""
    if minute == 0 and hour in (0, 24):
        return ["midnight"]
    if minute == 0 and hour == 12:
        return ["n12", "noon"]
    return [*number((hour - 1) % 12 + 1), *_past(minute), _part_of_day(hour)]


def minutes(value: int) -> Words:
    """A span: one hour and five minutes."""
    hours, rest = divmod(value, 60)
    small = [*number(rest), "minute" if rest == 1 else "minutes"]
    if not hours:
        return small
    words = [*number(hours), "hour" if hours == 1 else "hours"]
    return [*words, "and", *small] if rest else words


def decimal(whole: int, places: Sequence[int]) -> Words:
    """A number with decimal places, read one by one."""
    return [*number(whole), "point", *(digit(place) for place in places)]


def _below_thousand(value: int) -> Words:
    hundreds, rest = divmod(value, 100)
    words = [f"n{hundreds}", "hundred"] if hundreds else []
    if rest or not hundreds:
        words += ["and"] if hundreds else []
        words += [f"n{rest}"] if rest < 20 else _tens(rest)
    return words


def _tens(value: int) -> Words:
    tens, ones = divmod(value, 10)
    return [f"n{tens * 10}", f"n{ones}"] if ones else [f"n{tens * 10}"]


def _past(minute: int) -> Words:
    if minute == 0:
        return ["oclock"]
    return ["oh", f"n{minute}"] if minute < 10 else _below_thousand(minute)


def _ordinal(day: int) -> Words:
    if day <= 20 or day == 30:
        return [f"th{day}"]
    return [f"n{day // 10 * 10}", f"th{day % 10}"]


def _part_of_day(hour: int) -> str:
    if hour in (0, 24):
        return "night"
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
