"""What may be dialled at all, asked before any call that we start. Pure.

A server that dials by itself is what toll fraud looks for: it calls home numbers only, never premium, emergency or
short ones, and within caps. Agents dial what their work needs; abroad and premium can be shut for them too.
Source of number types and emergency numbers: Google's libphonenumber metadata.
"""

from __future__ import annotations

import re
from enum import Enum

import msgspec
import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, shortnumberinfo

from config.settings import DialSettings
from cti.dialling import in_house

MOST_DIGITS = 15
"""E.164."""
_PREMIUM = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})
_CARRIER = re.compile(r"^(?:179\d\d|12593|12520|10193|11808)(?=\d{7})")
"""China's carrier prefixes, which would hide what comes behind them."""


class By(Enum):
    """Who starts the call."""

    SERVER = "server"
    AGENT = "agent"


class Allowed(msgspec.Struct, frozen=True):
    """It may be dialled; `e164` is empty for an extension and for what only the dialplan understands."""

    e164: str = ""


class Barred(msgspec.Struct, frozen=True):
    """It may not: `not_a_number`, `emergency`, `premium`, `international` or `prefix`."""

    code: str


Verdict = Allowed | Barred
BARRED = {
    "not_a_number": "it is no number that the dial policy lets through",
    "emergency": "it is an emergency number",
    "premium": "it is a premium number",
    "international": "it is abroad",
    "prefix": "its beginning is not allowed",
}
"""The same in words, for who wrote the number down."""
CAPPED = "as many calls as [dial] allows have been made"


def judge(policy: DialSettings, text: str, region: str, by: By) -> Verdict:
    """Whether `by` may have this dialled from a place in `region` (ISO 3166)."""
    dialled = re.sub(r"[ ().-]", "", text)
    if by is By.AGENT:
        return _agents(policy, dialled, region)
    if not re.fullmatch(r"\+?[0-9]{1,20}", dialled, re.ASCII):
        return Barred("not_a_number")
    if is_emergency(dialled, region):
        return Barred("emergency")
    number = _parsed(dialled, region)
    if number is None or in_house(dialled):
        return Barred("not_a_number")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if problem := _problem(policy, number, region, policy.international, policy.premium):
        return problem
    named = any(e164.startswith(prefix) for prefix in policy.allow)
    if policy.allow and not named:
        return Barred("prefix")
    # Of what is no valid number nobody knows the price; metadata that is behind can be helped by `allow`.
    if not phonenumbers.is_valid_number(number) and (not named or _abroad(number, region)):
        return Barred("not_a_number")
    return Allowed(e164)


def is_emergency(dialled: str, region: str) -> bool:
    """Whether it reaches 110, 119, 120, 112 … from there, with a country code or more digits behind it too."""
    bare = dialled.removeprefix("+")
    country = str(phonenumbers.country_code_for_region(region))
    tries = (bare, bare.removeprefix("00").removeprefix(country))
    return any(shortnumberinfo.is_emergency_number(one, region) for one in tries) or any(
        len(one) <= 6 and shortnumberinfo.connects_to_emergency_number(one, region) for one in tries
    )


def _agents(policy: DialSettings, dialled: str, region: str) -> Verdict:
    """People may dial extensions, feature codes, emergency numbers and what the metadata does not know."""
    if in_house(dialled) or not dialled.removeprefix("+").isdigit() or is_emergency(dialled, region):
        return Allowed()
    number = _parsed(dialled, region)
    if number is None:
        return Allowed()
    problem = _problem(policy, number, region, policy.agents_international, policy.agents_premium)
    return problem or Allowed(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _problem(
    policy: DialSettings, number: PhoneNumber, region: str, international: bool, premium: bool
) -> Barred | None:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if any(e164.startswith(prefix) for prefix in policy.deny):
        return Barred("prefix")
    if not premium and phonenumbers.number_type(number) in _PREMIUM:
        return Barred("premium")
    if not international and _abroad(number, region):
        return Barred("international")
    return None


def _abroad(number: PhoneNumber, region: str) -> bool:
    """Another region than ours, those with our country code too: +1 is dear islands beside the United States."""
    if number.country_code != phonenumbers.country_code_for_region(region):
        return True
    found = phonenumbers.region_code_for_number(number)
    return found is not None and found != region


def _parsed(dialled: str, region: str) -> PhoneNumber | None:
    """The number, without a carrier's prefix; None where it is none that could exist."""
    bare = _CARRIER.sub("", dialled) if region == "CN" else dialled
    try:
        number = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None
