"""What is said of a piece: one utterance for fixed text, words of the vocabulary for a value. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

import msgspec

from ivr_flows.messages import Language, Piece, Said
from ivr_flows.speech import chinese, english

LARGEST = 999_999_999_999
"""Larger numbers are read digit by digit."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SIGNS = MappingProxyType({"+": "plus", "*": "star", "#": "hash"})
_NUMBER = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,6}))?", re.ASCII)
_MONEY = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,2}))? ?([A-Z]{3})", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)
_TYPED_DATE = re.compile(r"(\d{4})?(\d{2})(\d{2})", re.ASCII)
"""As a caller types it: 1210, or 20261210."""
_TIME = re.compile(r"(\d{2}):?(\d{2})(?::\d{2})?", re.ASCII)
"""Also without the colon: a telephone has none."""
_SPAN = re.compile(r"\d{1,6}", re.ASCII)
LEAP_YEAR = 2028


class Utterance(msgspec.Struct, frozen=True):
    """One sound. `name` is what a recording is called that replaces it; empty for a text of the moment."""

    name: str
    text: str
    language: Language
    voice: Language
    """The language of the voice that reads it: letters are read by the English one."""


class Unspeakable(ValueError):
    """The text is no value of its kind."""


def vocabulary(language: Language) -> Mapping[str, str]:
    """Every word that a value may need, by name."""
    return _module(language).VOCABULARY  # type: ignore[no-any-return]


def word_utterances(language: Language) -> list[Utterance]:
    """Every sound that a value may need."""
    letters = [f"letter_{letter}" for letter in _LETTERS]
    return [_word(word, language) for word in (*vocabulary(language), *letters)]


def utterances(piece: Piece, this_year: int) -> list[Utterance]:
    """What is to be heard of the piece. A value that is none of its kind is read as it is written."""
    if piece.said is not Said.PROMPT:
        try:
            return [_word(word, piece.language) for word in words_of(piece, this_year)]
        except Unspeakable:
            return [Utterance("", piece.text, piece.language, piece.language)] if piece.text.strip() else []
    return [Utterance(piece.name, piece.text, piece.language, piece.language)] if piece.text.strip() else []


def words_of(piece: Piece, this_year: int) -> list[str]:
    """The names of the words for the piece's value; a date's year is said where it is not `this_year`.

    Raises `Unspeakable`.
    """
    language = _module(piece.language)
    text = piece.text.strip()
    if piece.said is Said.DIGITS:
        return list(_digits(text, language))
    if piece.said is Said.NUMBER:
        return _number(text, language)
    if piece.said is Said.MONEY:
        return _money(text, language)
    if piece.said is Said.DATE:
        return _date(text, language, this_year)
    if piece.said is Said.TIME:
        return _time(text, language)
    return _minutes(text, language)


def _module(language: Language) -> Any:
    module: ModuleType = chinese if language is Language.ZH else english
    return module


def _word(word: str, language: Language) -> Utterance:
    if word.startswith("letter_"):
        return Utterance(f"say.{word}", word[-1].upper(), language, Language.EN)
    return Utterance(f"say.{word}", vocabulary(language)[word], language, language)


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise Unspeakable(text)
    return found


def _digits(text: str, language: Any) -> Iterator[str]:
    """Digits, letters and the keys of a telephone; dashes and blanks are only for the eye."""
    for sign in text.lower():
        if sign in "0123456789":
            yield language.digit(int(sign))
        elif sign in _LETTERS:
            yield f"letter_{sign}"
        elif sign in _SIGNS:
            yield _SIGNS[sign]
        elif sign not in " -./()":
            raise Unspeakable(text)


def _number(text: str, language: Any) -> list[str]:
    minus, whole, places = _match(_NUMBER, text).groups()
    sign = ["minus"] if minus and (int(whole) or int(places or 0)) else []
    if int(whole) > LARGEST:
        return [*sign, *_digits(whole, language)]
    if places:
        return [*sign, *language.decimal(int(whole), [int(place) for place in places])]
    return [*sign, *(language.number if minus else language.quantity)(int(whole))]


def _money(text: str, language: Any) -> list[str]:
    minus, major, minor, currency = _match(_MONEY, text).groups()
    if currency not in language.CURRENCIES:
        raise Unspeakable(text)
    hundredths = int((minor or "0").ljust(2, "0"))
    sign = ["minus"] if minus and (int(major) or hundredths) else []
    return [*sign, *language.money(int(major), hundredths, currency)]


def _date(text: str, language: Any, this_year: int) -> list[str]:
    found = _TYPED_DATE.fullmatch(text) or _match(_DATE, text)
    year, month, day = (int(part) if part else None for part in found.groups())
    if month is None or not 1 <= month <= 12 or (day is not None and not 1 <= day <= _days(year, month)):
        raise Unspeakable(text)
    return language.date(None if year == this_year else year, month, day)  # type: ignore[no-any-return]


def _days(year: int | None, month: int) -> int:
    """How many days a month has; in a year that is not said February has 29."""
    return monthrange(year or LEAP_YEAR, month)[1]


def _time(text: str, language: Any) -> list[str]:
    hour, minute = (int(part) for part in _match(_TIME, text).groups())
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise Unspeakable(text)
    return language.time(hour, minute)  # type: ignore[no-any-return]


def _minutes(text: str, language: Any) -> list[str]:
    return language.minutes(int(_match(_SPAN, text)[0]))  # type: ignore[no-any-return]
