"""Values are spoken right in both languages: tables of what people say, and properties over all values."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.messages import Language, Piece, Said
from ivr_flows.speech import chinese, english
from ivr_flows.speech.spoken import LARGEST, Unspeakable, utterances, vocabulary, word_utterances, words_of
from tests.unit.ivr_flows.speech import readers

YEAR = 2026


def heard(said: Said, text: str, language: Language) -> str:
    joint = "" if language is Language.ZH else " "
    return joint.join(one.text for one in utterances(Piece(said, text, language), YEAR))


ENGLISH = [
    (Said.NUMBER, "0", "zero"),
    (Said.NUMBER, "1", "one"),
    (Said.NUMBER, "10", "ten"),
    (Said.NUMBER, "11", "eleven"),
    (Said.NUMBER, "21", "twenty one"),
    (Said.NUMBER, "1010", "one thousand and ten"),
    (Said.NUMBER, "10000", "ten thousand"),
    (Said.NUMBER, "100000000", "one hundred million"),
    (Said.NUMBER, "-0", "zero"),
    (Said.NUMBER, "-0.5", "minus zero point five"),
    (Said.NUMBER, "100", "one hundred"),
    (Said.NUMBER, "101", "one hundred and one"),
    (Said.NUMBER, "4001", "four thousand and one"),
    (Said.NUMBER, "4100", "four thousand one hundred"),
    (Said.NUMBER, "1000001", "one million and one"),
    (Said.NUMBER, "123456", "one hundred and twenty three thousand four hundred and fifty six"),
    (Said.NUMBER, "-5", "minus five"),
    (Said.NUMBER, "12.50", "twelve point five zero"),
    (Said.DIGITS, "4001", "four zero zero one"),
    (Said.DIGITS, "a-12", "A one two"),
    (Said.DIGITS, "+86 10#", "plus eight six one zero hash"),
    (Said.MONEY, "123.45 CNY", "one hundred and twenty three yuan and forty five fen"),
    (Said.MONEY, "0.00 CNY", "zero yuan"),
    (Said.MONEY, "0.05 CNY", "five fen"),
    (Said.MONEY, "-88.20 CNY", "minus eighty eight yuan and twenty fen"),
    (Said.MONEY, "-0.00 CNY", "zero yuan"),
    (Said.MONEY, "1.01 USD", "one dollar and one cent"),
    (Said.MONEY, "2 USD", "two dollars"),
    (Said.MONEY, "0.5 GBP", "fifty pence"),
    (Said.DATE, "2026-03-05", "the fifth of March"),
    (Said.DATE, "2025-12-31", "the thirty first of December two thousand and twenty five"),
    (Said.DATE, "2026-10", "October"),
    (Said.DATE, "1210", "the tenth of December"),
    (Said.DATE, "0229", "the twenty ninth of February"),
    (Said.DATE, "20261210", "the tenth of December"),
    (Said.TIME, "1430", "two thirty in the afternoon"),
    (Said.DATE, "2028-02-29", "the twenty ninth of February two thousand and twenty eight"),
    (Said.DATE, "2026-01-01", "the first of January"),
    (Said.TIME, "23:59", "eleven fifty nine in the evening"),
    (Said.TIME, "13:00", "one o'clock in the afternoon"),
    (Said.TIME, "12:30:15", "twelve thirty in the afternoon"),
    (Said.MONEY, "10000.00 CNY", "ten thousand yuan"),
    (Said.TIME, "02:00", "two o'clock in the morning"),
    (Said.TIME, "14:30", "two thirty in the afternoon"),
    (Said.TIME, "09:05", "nine oh five in the morning"),
    (Said.TIME, "00:00", "midnight"),
    (Said.TIME, "24:00", "midnight"),
    (Said.TIME, "00:30", "twelve thirty at night"),
    (Said.TIME, "12:00", "twelve noon"),
    (Said.MINUTES, "65", "one hour and five minutes"),
    (Said.MINUTES, "1", "one minute"),
    (Said.MINUTES, "120", "two hours"),
    (Said.MINUTES, "0", "zero minutes"),
]

CHINESE = [
    (Said.NUMBER, "0", "零"),
    (Said.NUMBER, "2", "两"),
    (Said.NUMBER, "1", "一"),
    (Said.NUMBER, "10", "十"),
    (Said.NUMBER, "11", "十一"),
    (Said.NUMBER, "101", "一百零一"),
    (Said.NUMBER, "1010", "一千零一十"),
    (Said.NUMBER, "10000", "一万"),
    (Said.NUMBER, "100000000", "一亿"),
    (Said.NUMBER, "-0", "零"),
    (Said.NUMBER, "-10", "负十"),
    (Said.NUMBER, "12", "十二"),
    (Said.NUMBER, "20", "二十"),
    (Said.NUMBER, "22", "二十二"),
    (Said.NUMBER, "100", "一百"),
    (Said.NUMBER, "105", "一百零五"),
    (Said.NUMBER, "110", "一百一十"),
    (Said.NUMBER, "112", "一百一十二"),
    (Said.NUMBER, "200", "两百"),
    (Said.NUMBER, "222", "两百二十二"),
    (Said.NUMBER, "1005", "一千零五"),
    (Said.NUMBER, "1050", "一千零五十"),
    (Said.NUMBER, "1200", "一千二百"),
    (Said.NUMBER, "2000", "两千"),
    (Said.NUMBER, "10001", "一万零一"),
    (Said.NUMBER, "10300", "一万零三百"),
    (Said.NUMBER, "20000", "两万"),
    (Said.NUMBER, "32000", "三万二千"),
    (Said.NUMBER, "105000", "十万五千"),
    (Said.NUMBER, "120000", "十二万"),
    (Said.NUMBER, "200000", "二十万"),
    (Said.NUMBER, "320045", "三十二万零四十五"),
    (Said.NUMBER, "69320001", "六千九百三十二万零一"),
    (Said.NUMBER, "100000001", "一亿零一"),
    (Said.NUMBER, "100100000", "一亿零一十万"),
    (Said.NUMBER, "1290057020", "十二亿九千零五万七千零二十"),
    (Said.NUMBER, "-2", "负二"),
    (Said.NUMBER, "1.1", "一点一"),
    (Said.DIGITS, "13800138000", "幺三八零零幺三八零零零"),
    (Said.DIGITS, "2", "二"),
    (Said.MONEY, "123.45 CNY", "一百二十三元四角五分"),
    (Said.MONEY, "2.00 CNY", "两元"),
    (Said.MONEY, "12.20 CNY", "十二元二角"),
    (Said.MONEY, "3.05 CNY", "三元零五分"),
    (Said.MONEY, "0.05 CNY", "五分"),
    (Said.MONEY, "10000.00 CNY", "一万元"),
    (Said.MONEY, "1010.10 CNY", "一千零一十元一角"),
    (Said.DATE, "2028-02-29", "二零二八年二月二十九日"),
    (Said.DATE, "2026-01-01", "一月一日"),
    (Said.TIME, "23:59", "晚上十一点五十九分"),
    (Said.TIME, "13:00", "下午一点"),
    (Said.MONEY, "0.20 CNY", "两角"),
    (Said.MONEY, "0.02 CNY", "两分"),
    (Said.MONEY, "0.00 CNY", "零元"),
    (Said.MONEY, "-88.20 CNY", "负八十八元二角"),
    (Said.MONEY, "88.20 USD", "八十八美元二十美分"),
    (Said.DATE, "2026-03-05", "三月五日"),
    (Said.DATE, "2026-02-02", "二月二日"),
    (Said.DATE, "2025-12-10", "二零二五年十二月十日"),
    (Said.DATE, "2025-10", "二零二五年十月"),
    (Said.TIME, "02:00", "凌晨两点"),
    (Said.TIME, "14:30", "下午两点三十分"),
    (Said.TIME, "09:05", "上午九点零五分"),
    (Said.TIME, "12:00", "中午十二点"),
    (Said.TIME, "00:30", "凌晨零点三十分"),
    (Said.TIME, "24:00", "晚上十二点"),
    (Said.MINUTES, "2", "两分钟"),
    (Said.MINUTES, "65", "一小时零五分钟"),
    (Said.MINUTES, "120", "两小时"),
    (Said.MINUTES, "150", "两小时三十分钟"),
]


@pytest.mark.parametrize(("said", "text", "words"), ENGLISH)
def test_english(said: Said, text: str, words: str) -> None:
    assert heard(said, text, Language.EN) == words


@pytest.mark.parametrize(("said", "text", "words"), CHINESE)
def test_chinese(said: Said, text: str, words: str) -> None:
    assert heard(said, text, Language.ZH) == words


def said_by(said: Said, text: str, language: Language) -> list[str]:
    words = words_of(Piece(said, text, language), YEAR)
    assert set(words) <= set(vocabulary(language))
    return words


whole = st.one_of(
    st.integers(0, LARGEST), st.integers(0, 12000), st.integers(0, 999).map(lambda n: n * 10**6 + n)
)
hundredths = st.one_of(st.integers(0, 99_999_999_999_999), st.integers(0, 30000))


@given(whole)
def test_every_number_is_heard_as_itself(value: int) -> None:
    assert readers.english_number(said_by(Said.NUMBER, str(value), Language.EN)) == value
    assert readers.chinese_number(said_by(Said.NUMBER, str(value), Language.ZH)) == value


@given(hundredths)
def test_every_amount_is_heard_as_itself(value: int) -> None:
    text = f"{value // 100}.{value % 100:02d} CNY"
    assert readers.english_money(said_by(Said.MONEY, text, Language.EN)) == value
    assert readers.chinese_money(said_by(Said.MONEY, text, Language.ZH)) == value


@given(st.sampled_from(("USD", "EUR", "GBP", "HKD")), hundredths)
def test_other_coins_need_known_words_only(currency: str, value: int) -> None:
    for language in Language:
        assert said_by(Said.MONEY, f"{value // 100}.{value % 100:02d} {currency}", language)


def test_every_minute_of_the_day_is_heard_as_itself() -> None:
    for value in range(24 * 60 + 1):
        text = f"{value // 60:02d}:{value % 60:02d}"
        assert readers.english_time(said_by(Said.TIME, text, Language.EN)) == value % 1440
        assert readers.chinese_time(said_by(Said.TIME, text, Language.ZH)) == value % 1440


@given(st.integers(0, 999_999))
def test_every_span_is_heard_as_itself(value: int) -> None:
    assert readers.english_minutes(said_by(Said.MINUTES, str(value), Language.EN)) == value
    assert readers.chinese_minutes(said_by(Said.MINUTES, str(value), Language.ZH)) == value


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)))
def test_every_date_names_its_day_month_and_year(day: datetime.date) -> None:
    spoken = said_by(Said.DATE, day.isoformat(), Language.ZH)
    year, rest = readers.before(spoken, "year")
    assert "".join(word[1:] for word in year) == ("" if day.year == YEAR else str(day.year))
    month, rest = readers.before(rest, "month")
    date, _ = readers.before(rest, "day")
    assert (readers.chinese_number(month), readers.chinese_number(date)) == (day.month, day.day)
    the, *ordinal, of, name = said_by(Said.DATE, day.isoformat(), Language.EN)[
        : 4 + (day.day > 20 and day.day != 30)
    ]
    assert (the, of, name) == ("the", "of", f"month{day.month}")
    assert readers.english_number(ordinal) == day.day


@given(st.text("0123456789", min_size=1, max_size=30))
def test_a_row_of_digits_is_read_one_by_one(text: str) -> None:
    for language in Language:
        words = said_by(Said.DIGITS, text, language)
        assert "".join("1" if word == "yao" else word[1:] for word in words) == text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (Said.NUMBER, "many"),
        (Said.NUMBER, "１２"),
        (Said.MONEY, "12.345 CNY"),
        (Said.MONEY, "12.00 XXX"),
        (Said.DATE, "2026-02-30"),
        (Said.DATE, "2026-13"),
        (Said.DATE, "2026-02-29"),
        (Said.DATE, "1310"),
        (Said.DATE, "20260229"),
        (Said.TIME, "2460"),
        (Said.DATE, "soon"),
        (Said.TIME, "24:01"),
        (Said.TIME, "12:60"),
        (Said.MINUTES, "-1"),
        (Said.DIGITS, "燃气"),
    ],
)
def test_what_is_no_value_of_its_kind_is_read_as_it_is_written(said: Said, text: str) -> None:
    for language in Language:
        with pytest.raises(Unspeakable):
            words_of(Piece(said, text, language), YEAR)
        assert heard(said, text, language) == text


@given(st.sampled_from(list(Said)), st.text(max_size=40), st.sampled_from(list(Language)))
def test_no_text_breaks_it(said: Said, text: str, language: Language) -> None:
    assert all(one.text.strip() for one in utterances(Piece(said, text, language), YEAR))


def test_a_number_that_is_too_large_is_read_digit_by_digit() -> None:
    assert heard(Said.NUMBER, str(LARGEST + 1), Language.ZH) == "幺" + "零" * 12


def test_a_blank_text_is_no_sound() -> None:
    assert utterances(Piece(Said.PROMPT, " \n", Language.EN, "main.a.1"), YEAR) == []


def test_the_words_of_both_languages_have_names_for_recordings() -> None:
    names = {one.name for language in Language for one in word_utterances(language)}
    assert {"say.hundred", "say.liang", "say.letter_a"} <= names
    assert len(english.VOCABULARY) < 110
    assert len(chinese.VOCABULARY) < 60


def test_letters_are_read_by_the_english_voice() -> None:
    (one,) = utterances(Piece(Said.DIGITS, "b", Language.ZH), YEAR)
    assert (one.text, one.voice, one.language) == ("B", Language.EN, Language.ZH)


@pytest.mark.parametrize(
    ("year", "said"),
    [
        (1999, "n19 n90 n9"),
        (1905, "n19 oh n5"),
        (1900, "n19 hundred"),
        (1911, "n19 n11"),
        (2000, "n2 thousand"),
        (2009, "n2 thousand and n9"),
        (2031, "n2 thousand and n30 n1"),
    ],
)
def test_english_years_are_said_as_years(year: int, said: str) -> None:
    words = said_by(Said.DATE, f"{year}-03-05", Language.EN)
    assert words == ["the", "th5", "of", "month3", *said.split()]
