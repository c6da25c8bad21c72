"""Listeners: from the words that were said back to the value, by rules of their own."""

from collections.abc import Sequence

_SCALES = {"thousand": 1000, "million": 10**6, "billion": 10**9}
_UNITS = {"ten": 10, "hundred": 100, "thousand": 1000}


def _figure(word: str) -> int:
    return {"liang": 2, "yao": 1}.get(word) or int(word.removeprefix("n").removeprefix("th"))


def english_number(words: Sequence[str]) -> int:
    """Adds up as a child does: hundreds multiply, thousands close a part."""
    total = part = 0
    for word in words:
        if word == "and":
            continue
        if word == "hundred":
            part *= 100
        elif word in _SCALES:
            total, part = total + part * _SCALES[word], 0
        else:
            part += _figure(word)
    return total + part


def chinese_number(words: Sequence[str]) -> int:
    """万 multiplies what was heard since 亿, and 亿 all before it."""
    total = section = figure = 0
    for word in words:
        if word in _UNITS:
            section, figure = section + (figure or 1) * _UNITS[word], 0
        elif word == "wan":
            total, section, figure = total + (section + figure) * 10**4, 0, 0
        elif word == "yi":
            total, section, figure = (total + section + figure) * 10**8, 0, 0
        else:
            figure = _figure(word)
    return total + section + figure


def before(words: Sequence[str], *ends: str) -> tuple[list[str], list[str]]:
    """What was said up to one of these words, and what came after it; all of it where none was said."""
    for at, word in enumerate(words):
        if word in ends:
            return list(words[:at]), list(words[at + 1 :])
    return [], list(words)


def english_money(words: Sequence[str]) -> int:
    """In hundredths of yuan."""
    major, rest = before(words, "yuan")
    minor, _ = before(rest, "fen")
    return english_number(major) * 100 + english_number(minor)


def chinese_money(words: Sequence[str]) -> int:
    """In 分."""
    yuan, rest = before(words, "yuan")
    jiao, rest = before(rest, "jiao")
    fen, _ = before(rest, "fen")
    return chinese_number(yuan) * 100 + chinese_number(jiao) * 10 + chinese_number(fen)


def english_time(words: Sequence[str]) -> int:
    """In minutes of the day."""
    if words == ["midnight"]:
        return 0
    if words == ["n12", "noon"]:
        return 720
    *spoken, part = words
    hour, minute = _figure(spoken[0]) % 12, 0
    if spoken[1:] != ["oclock"]:
        minute = sum(_figure(word) for word in spoken[1:] if word != "oh")
    return (hour + (12 if part in ("afternoon", "evening") else 0)) * 60 + minute


def chinese_time(words: Sequence[str]) -> int:
    """In minutes of the day; 晚上十二点 is its end."""
    part, *spoken = words
    hour, rest = before(spoken, "oclock")
    minute, _ = before(rest, "minute")
    later = part in ("afternoon", "evening")
    return (chinese_number(hour) + (12 if later else 0)) % 24 * 60 + chinese_number(minute)


def english_minutes(words: Sequence[str]) -> int:
    hours, rest = before(words, "hour", "hours")
    span, _ = before(rest, "minute", "minutes")
    return english_number(hours) * 60 + english_number(span)


def chinese_minutes(words: Sequence[str]) -> int:
    hours, rest = before(words, "hours")
    span, _ = before(rest, "minutes")
    return chinese_number(hours) * 60 + chinese_number(span)
