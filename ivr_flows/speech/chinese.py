"""Values in Chinese words, by the names of the vocabulary. Pure.

The rules, as grammars of spoken Mandarin give them and as hotlines say it:

- 二 or 两: always 二十; 两 where two begins the number before 百, 千, 万, 亿 (两百, 两千三百, 两万); 二 inside it
  (一千二百, 三万二千); 两 before a measure word (两元, 两点, 两分钟), but 二月, 二日 and 十二元. Grammars allow
  二百 too; in speech 两百 is the usual one.
- One 零 for each gap, however wide (一百零五, 一万零三百, 一亿零一); none for zeros at the end of a group of four.
- 十二 where the number begins with it, 一百一十二 inside.
- Row of digits (telephone, account, ticket): 幺 for one, since 一 and 七 sound alike on the line; two stays 二.
- 元, 角, 分 (not 块, 毛), 日 (not 号): announcements use the written words.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

Words = list[str]

CURRENCIES = MappingProxyType(
    {"CNY": "yuan", "USD": "dollar", "EUR": "euro", "GBP": "pound", "HKD": "hkdollar"}
)
_HUNDREDTHS = MappingProxyType({"USD": "cent", "EUR": "eurocent", "GBP": "penny", "HKD": "hkcent"})

VOCABULARY = MappingProxyType(
    {
        **{f"n{value}": word for value, word in enumerate("零一二三四五六七八九")},
        "liang": "两",
        "yao": "幺",
        "ten": "十",
        "hundred": "百",
        "thousand": "千",
        "wan": "万",
        "yi": "亿",
        "minus": "负",
        "point": "点",
        "plus": "加",
        "star": "星号",
        "hash": "井号",
        "yuan": "元",
        "jiao": "角",
        "fen": "分",
        "dollar": "美元",
        "cent": "美分",
        "euro": "欧元",
        "eurocent": "欧分",
        "pound": "英镑",
        "penny": "便士",
        "hkdollar": "港元",
        "hkcent": "港分",
        "year": "年",
        "month": "月",
        "day": "日",
        "oclock": "点",
        "minute": "分",
        "hours": "小时",
        "minutes": "分钟",
        "small_hours": "凌晨",
        "morning": "上午",
        "noon": "中午",
        "afternoon": "下午",
        "evening": "晚上",
    }
)


def number(value: int) -> Words:
    """A whole number from 0 to 999,999,999,999."""
    if value == 0:
        return ["n0"]
    words: Words = []
    gap = False
    for unit, group in (("yi", value // 10**8), ("wan", value // 10**4 % 10**4), ("", value % 10**4)):
        if group == 0:
            gap = bool(words)
            continue
        if words and (gap or group < 1000):
            words.append("n0")
        first = not words
        words += ["liang"] if group == 2 and first and unit else _group(group, first)
        words += [unit] if unit else []
        gap = False
    return words


def quantity(value: int) -> Words:
    """A number of things, with the measure word after it: 两, then as the number."""
    return ["liang"] if value == 2 else number(value)


def digit(value: int) -> str:
    """One of a row of digits."""
    return "yao" if value == 1 else f"n{value}"


def money(major: int, minor: int, currency: str) -> Words:
    """An amount in a known currency: 一百二十三元四角五分, 三元零五分, 两角; other coins have hundredths only."""
    unit = CURRENCIES[currency]
    words = [*quantity(major), unit] if major or not minor else []
    if currency != "CNY":
        return [*words, *quantity(minor), _HUNDREDTHS[currency]] if minor else words
    jiao, fen = divmod(minor, 10)
    if jiao:
        words += [_coin(jiao, first=not words), "jiao"]
    if fen:
        words += ["n0"] if words and not jiao else []
        words += [_coin(fen, first=not words), "fen"]
    return words


def date(year: int | None, month: int, day: int | None) -> Words:
    """三月五日, with the year, digit by digit, where it is given; without a day the month alone."""
    words = [] if year is None else [*(f"n{place}" for place in str(year)), "year"]
    words += [*number(month), "month"]
    return words if day is None else [*words, *number(day), "day"]


def time(hour: int, minute: int) -> Words:
    """下午两点三十分; 24:00 is 晚上十二点, 00:30 凌晨零点三十分."""
    part = _part_of_day(hour)
    spoken = hour if hour <= 12 else hour - 12
    words = [part, *quantity(spoken), "oclock"]
    if not minute:
        return words
    return [*words, *(["n0"] if minute < 10 else []), *number(minute), "minute"]


def minutes(value: int) -> Words:
    """A span: 一小时零五分钟, 两小时, 两分钟."""
    hours, rest = divmod(value, 60)
    if not hours:
        return [*quantity(rest), "minutes"]
    words = [*quantity(hours), "hours"]
    if not rest:
        return words
    return [*words, *(["n0"] if rest < 10 else []), *quantity(rest), "minutes"]


def decimal(whole: int, places: Sequence[int]) -> Words:
    """A number with decimal places, read one by one (一 here, for it is no row of digits)."""
    return [*number(whole), "point", *(f"n{place}" for place in places)]


def _group(value: int, first: bool) -> Words:
    """Up to four digits; `first` where the number begins here."""
    words: Words = []
    gap = False
    for unit, place in (("thousand", 1000), ("hundred", 100), ("ten", 10), ("", 1)):
        figure = value // place % 10
        if figure == 0:
            gap = bool(words)
            continue
        words += ["n0"] if gap else []
        gap = False
        begins = first and not words
        if unit == "ten" and figure == 1 and begins:
            words.append("ten")
            continue
        words.append("liang" if figure == 2 and begins and place >= 100 else f"n{figure}")
        words += [unit] if unit else []
    return words


def _coin(value: int, first: bool) -> str:
    return "liang" if value == 2 and first else f"n{value}"


def _part_of_day(hour: int) -> str:
    if hour < 6:
        return "small_hours"
    if hour == 12:
        return "noon"
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
