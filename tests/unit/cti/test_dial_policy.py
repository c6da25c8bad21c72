"""What the server and what agents may have dialled."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import DialSettings
from cti.dial_policy import Allowed, Barred, By, judge

PLAIN = DialSettings()
LOOSE = DialSettings(international=True, premium=True)


@pytest.mark.parametrize(
    ("number", "region", "e164"),
    [
        ("13800138000", "CN", "+8613800138000"),
        ("+8613800138000", "CN", "+8613800138000"),
        ("010-87654321", "CN", "+861087654321"),
        ("008613800138000", "CN", "+8613800138000"),
        ("02079460018", "GB", "+442079460018"),
        ("(202) 456-1111", "US", "+12024561111"),
        ("17951 13800138000", "CN", "+8613800138000"),
    ],
)
def test_the_server_dials_at_home(number: str, region: str, e164: str) -> None:
    assert judge(PLAIN, number, region, By.SERVER) == Allowed(e164)


@pytest.mark.parametrize(
    ("number", "region", "code"),
    [
        ("+442079460018", "CN", "international"),
        ("00442079460018", "CN", "international"),
        ("1795100442079460018", "CN", "international"),
        ("+18765551234", "US", "international"),  # Jamaica has the country code of the United States
        ("+8619012345", "GB", "international"),
        ("+447911123456", "CN", "international"),
        ("09098790879", "GB", "premium"),
        ("1-900-555-1234", "US", "premium"),
        ("08431234567", "GB", "premium"),
        ("913912345678", "CN", "not_a_number"),
        ("110", "CN", "emergency"),
        ("119", "CN", "emergency"),
        ("112", "GB", "emergency"),
        ("999", "GB", "emergency"),
        ("911", "US", "emergency"),
        ("+86110", "CN", "emergency"),
        ("0086119", "CN", "emergency"),
        ("95598", "CN", "not_a_number"),
        ("1001", "CN", "not_a_number"),
        ("", "CN", "not_a_number"),
        ("*72", "CN", "not_a_number"),
        ("anonymous", "CN", "not_a_number"),
        ("13800138000&PJSIP/x", "CN", "not_a_number"),
        ("13800138000\r\nAction: Originate", "CN", "not_a_number"),
        ("1" * 40, "CN", "not_a_number"),
    ],
)
def test_what_the_server_never_dials(number: str, region: str, code: str) -> None:
    assert judge(PLAIN, number, region, By.SERVER) == Barred(code)


def test_prefixes_narrow_it_down_and_bar_for_everyone() -> None:
    only = DialSettings(allow=("+8610", "+86138"), deny=("+861087",))
    assert judge(only, "13800138000", "CN", By.SERVER) == Allowed("+8613800138000")
    assert judge(only, "13900139000", "CN", By.SERVER) == Barred("prefix")
    assert judge(only, "01087654321", "CN", By.SERVER) == Barred("prefix")
    assert judge(only, "01087654321", "CN", By.AGENT) == Barred("prefix")
    assert judge(only, "13900139000", "CN", By.AGENT) == Allowed("+8613900139000")


def test_an_installation_may_open_it() -> None:
    assert judge(LOOSE, "+442079460018", "CN", By.SERVER) == Allowed("+442079460018")
    assert judge(LOOSE, "09098790879", "GB", By.SERVER) == Allowed("+449098790879")
    assert judge(LOOSE, "999", "GB", By.SERVER) == Barred("emergency")


@pytest.mark.parametrize(
    ("number", "policy", "verdict"),
    [
        ("1002", PLAIN, Allowed()),
        ("110", PLAIN, Allowed()),
        ("*97", PLAIN, Allowed()),
        ("913912345678", PLAIN, Allowed("+86913912345678")),  # a 9 in front, for the dialplan
        ("+442079460018", PLAIN, Allowed("+442079460018")),
        ("+442079460018", DialSettings(agents_international=False), Barred("international")),
        ("00442079460018", DialSettings(agents_international=False), Barred("international")),
        ("+449098790879", PLAIN, Barred("premium")),
        ("+449098790879", DialSettings(agents_premium=True), Allowed("+449098790879")),
    ],
)
def test_agents_dial_what_their_work_needs(number: str, policy: DialSettings, verdict: object) -> None:
    assert judge(policy, number, "CN", By.AGENT) == verdict


@given(
    st.text(max_size=40) | st.from_regex(r"\+?[0-9*# ().-]{0,24}", fullmatch=True),
    st.sampled_from(["CN", "GB", "US"]),
)
def test_whatever_comes_the_server_dials_a_number_of_its_own_country_or_nothing(
    text: str, region: str
) -> None:
    verdict = judge(PLAIN, text, region, By.SERVER)
    if isinstance(verdict, Allowed):
        number = phonenumbers.parse(verdict.e164)
        assert number.country_code == phonenumbers.country_code_for_region(region)
        assert phonenumbers.number_type(number) not in (
            phonenumbers.PhoneNumberType.PREMIUM_RATE,
            phonenumbers.PhoneNumberType.SHARED_COST,
        )
        assert len(verdict.e164) > 7
    else:
        assert verdict.code in {"not_a_number", "emergency", "premium", "international", "prefix"}
