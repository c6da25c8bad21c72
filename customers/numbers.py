"""Telephone numbers: what a line or a person wrote, made into one form that can be matched.

Numbers are kept in E.164. Reading is by Google's libphonenumber metadata, with China's numbering plan read by a
pattern of our own first: the metadata lacks some area codes, and it does not undo carrier prefixes together with
trunk zeros. Source: ITU E.164; China's plan: mobiles 1[3-9] + 9 digits, area codes 10, 2x + 8 digits and
3xx to 9xx + 7 or 8 digits, trunk prefix 0, carrier prefixes 179xx, 12593, 12520, 10193, 11808.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

import msgspec
import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

from customers.text import clean

SHOWN_LIMIT = 40
"""The longest text that is ever shown as a number; the longest real one takes 25 characters."""
TAIL = 8
LOCAL_DIGITS = 7
"""Fewer digits than this are an extension or a short code (95598, 110), never a subscriber's number."""
MOST_DIGITS = 22
"""E.164 has 15; a carrier prefix and an international prefix may stand before."""

_ANONYMOUS_WORDS = """
    anonymous unavailable restricted private withheld unknown blocked none null n/a na no-number nonumber
    private-number privatenumber unknown-number unknownnumber caller-id-blocked not-available id-withheld
    匿名 匿名来电 未知 未知号码 未知来电 保密 隐藏 隐藏号码 私人号码 无号码 号码未知 不可用 无法显示 未显示
"""
_ANONYMOUS = frozenset(_ANONYMOUS_WORDS.split())
_CARRIER = r"(?:179\d\d|12593|12520|10193|11808)"
_CHINA_NATIONAL = re.compile(r"1[3-9]\d{9}|(?:10|2\d)[2-8]\d{7}|[48]00\d{7}|[3-9]\d\d[2-8]\d{6,7}")
_CHINA = re.compile(rf"{_CARRIER}?(?:(?:\+|00)?86)?{_CARRIER}?0?({_CHINA_NATIONAL.pattern})")
_PUNCTUATION = re.compile(r"[\s().\-/·‐-―]+")
_DIALLED = re.compile(r"\+?[0-9]+")
_EXTENSION = re.compile(r"(?:转|轉|分机|ext\.?|x|#|,)\s*:?\s*([0-9]{1,6})$", re.IGNORECASE)
_CHINA_DASHED = re.compile(r"(0[0-9]{2,3}[-\s][0-9]{7,8})[-\s]([0-9]{1,6})")


class Kind(Enum):
    NUMBER = "number"
    EXTENSION = "extension"
    ANONYMOUS = "anonymous"
    OTHER = "other"
    """Text that is none of these, such as the user part of a SIP address."""


class Number(msgspec.Struct, frozen=True):
    """What a text says as a number.

    `shown` is how people of the region write it, or the cleaned text, at most 40 characters. `whole` is True for
    a complete, valid number: two whole numbers that differ are two lines. `digits` are the dialled digits.
    """

    kind: Kind
    shown: str
    e164: str | None = None
    whole: bool = False
    digits: str = ""
    extension: str = ""


def normalise(text: str, region: str = "CN") -> Number:
    """Read `text` as people or exchanges of `region` (ISO 3166, two letters) write numbers. Never raises."""
    said = clean(unicodedata.normalize("NFKC", text[:256]), 256)
    bare = _address(said)
    if _is_anonymous(bare):
        return Number(Kind.ANONYMOUS, said[:SHOWN_LIMIT].strip())
    body, extension = _split_extension(bare)
    dialled = _PUNCTUATION.sub("", body)
    digits = dialled.lstrip("+")
    if not _DIALLED.fullmatch(dialled) or len(digits) > MOST_DIGITS:
        return Number(Kind.OTHER, said[:SHOWN_LIMIT].strip())
    if not digits.strip("0"):
        return Number(Kind.ANONYMOUS, digits)
    if len(digits) < LOCAL_DIGITS and not dialled.startswith("+"):
        return Number(Kind.EXTENSION, digits, digits=digits)
    return _read(dialled, region.upper(), extension)


def variants(number: Number) -> tuple[str, ...]:
    """The digits without country code that a number of uncertain country may stand for, likeliest first.

    A whole number has none: it is compared as it is. At least nine digits, since shorter ones are a whole
    national number only in small countries and a local number everywhere else.
    """
    if number.kind is not Kind.NUMBER or number.whole:
        return ()
    bare = number.digits.lstrip("0")
    found = [bare, re.sub(rf"^{_CARRIER}0*", "", bare)]
    return tuple(dict.fromkeys(digits for digits in found if 9 <= len(digits) <= 15))


def tail(digits: str, n: int = TAIL) -> str:
    """The last `n` digits of a number."""
    return "".join(char for char in digits if char.isdigit())[-n:]


def split(e164: str) -> tuple[str, str]:
    """Country code and national digits of an E.164 number: +8613812345678 is 86, 13812345678."""
    digits = e164.lstrip("+")
    for length in (1, 2, 3):
        if int(digits[:length] or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length], digits[length:]
    return "", digits


def written(e164: str, region: str = "CN") -> str:
    """An E.164 number as people of `region` write it: 138 1234 5678 at home, +1 202-555-0123 abroad."""
    country, national = split(e164)
    # The metadata lacks some area codes, and an import writes a hundred thousand numbers: ten times quicker.
    if country == "86" and region.upper() == "CN" and _CHINA_NATIONAL.fullmatch(national):
        return _chinese(national)
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164[:SHOWN_LIMIT]
    if parsed.country_code != phonenumbers.country_code_for_region(region.upper()):
        return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)[:SHOWN_LIMIT]
    return phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)[:SHOWN_LIMIT]


def _chinese(national: str) -> str:
    """How China writes them: 138 1234 5678, 025 8765 4321, 0516 876 5432, 400 800 1234."""
    if (national[0] == "1" and len(national) == 11) or national[:3] in ("400", "800"):
        area = national[:3]
    else:
        area = "0" + national[: 2 if national[0] in "12" else 3]
    rest = national[len(area.lstrip("0")) :]
    return f"{area} {rest[:-4]} {rest[-4:]}"


def _address(said: str) -> str:
    # "Wang" <sip:13812345678@pbx;user=phone> and tel:+86... carry the number inside.
    inner = re.search(r"<([^<>]*)>$", said)
    bare = inner.group(1) if inner else said
    bare = re.sub(r"^(?:sips?|tel):", "", bare.strip(), flags=re.IGNORECASE)
    return re.split(r"[@;]", bare, maxsplit=1)[0].strip().strip("\"'").strip()


def _is_anonymous(bare: str) -> bool:
    return not any(char.isalnum() for char in bare) or "-".join(bare.casefold().split()) in _ANONYMOUS


def _split_extension(bare: str) -> tuple[str, str]:
    found = _CHINA_DASHED.fullmatch(bare)
    if found:
        return found.group(1), found.group(2)
    found = _EXTENSION.search(bare)
    if found and len(tail(bare[: found.start()], 20)) >= LOCAL_DIGITS:
        return bare[: found.start()], found.group(1)
    return bare, ""


def _read(dialled: str, region: str, extension: str) -> Number:
    china = _CHINA.fullmatch(dialled) if region == "CN" or dialled.startswith("+86") else None
    if china:
        return _number(f"+86{china.group(1)}", dialled, region, extension, whole=True)
    try:
        parsed = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return _number(None, dialled, region, extension)
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(parsed):
        return _number(e164, dialled, region, extension, whole=True)
    # Numbering plans grow faster than metadata: with its country code said, a possible number is kept.
    possible = phonenumbers.is_possible_number_with_reason(parsed) == ValidationResult.IS_POSSIBLE
    abroad = parsed.country_code != phonenumbers.country_code_for_region(region)
    said = dialled.startswith("+") or abroad
    whole_length = len(split(e164)[1]) > TAIL or abroad
    return _number(e164 if possible and said and whole_length else None, dialled, region, extension)


def _number(e164: str | None, dialled: str, region: str, extension: str, *, whole: bool = False) -> Number:
    return Number(
        Kind.NUMBER,
        written(e164, region) if e164 else dialled,
        e164,
        whole,
        dialled.lstrip("+"),
        extension,
    )
