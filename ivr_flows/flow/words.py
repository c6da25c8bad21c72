"""Texts of a flow: fixed words with variables in braces, cut into what is spoken. Pure.

`{balance.owed|money}` is the variable `balance.owed` spoken as money. What is spoken how: digits, number, money,
date, time, minutes, and text for words that are made while the call lasts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from core.definition.label import Label
from ivr_flows.flow.model import Flow, Flows
from ivr_flows.flow.slots import Slot, slots
from ivr_flows.messages import Language, Piece, Said, Value

KINDS: Mapping[str, Said] = {
    "digits": Said.DIGITS,
    "number": Said.NUMBER,
    "money": Said.MONEY,
    "date": Said.DATE,
    "time": Said.TIME,
    "minutes": Said.MINUTES,
    # No name, no recording: turned to sound when it is needed and kept by its content.
    "text": Said.PROMPT,
}
LONGEST = 500
"""Characters of a variable that are spoken at most; nobody listens longer."""
_PART = re.compile(r"\{([^{}|]*)(?:\|([^{}|]*))?\}")
_WORD = re.compile(r"\w")


class Part(msgspec.Struct, frozen=True):
    """Fixed words, or a variable and how it is spoken."""

    text: str = ""
    var: str = ""
    kind: str = ""


@lru_cache(maxsize=4096)
def parts(text: str) -> tuple[Part, ...]:
    """A text cut at its variables; fixed parts without a letter or digit are not spoken and left out."""
    found: list[Part] = []
    at = 0
    for match in _PART.finditer(text):
        found.append(Part(text=_fixed(text[at : match.start()])))
        found.append(Part(var=match[1].strip(), kind=(match[2] or "").strip()))
        at = match.end()
    found.append(Part(text=_fixed(text[at:])))
    return tuple(part for part in found if part.var or part.kind or _WORD.search(part.text))


def _fixed(text: str) -> str:
    """The words between two variables, without the punctuation that belongs to what was before."""
    return text.strip().lstrip(" ,，、。.;；:：!！?？").rstrip()


def look(values: Mapping[str, Value], name: str) -> Value:
    """The value of `name` or `name.part`; None where there is none."""
    found: Any = values
    for step in name.split("."):
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[step]
    return found  # type: ignore[no-any-return]  # variables hold Values only


def resolve(values: Mapping[str, Value], given: Value) -> Value:
    """What is given to a service: `$name` is a variable, everything else is meant as it stands."""
    if isinstance(given, str) and given.startswith("$"):
        return look(values, given[1:])
    if isinstance(given, dict):
        return {key: resolve(values, value) for key, value in given.items()}
    return given


def filled(text: str, values: Mapping[str, Value]) -> str:
    """The text to be read, its variables put in."""
    return _PART.sub(lambda match: _shown(look(values, match[1].strip())), text)


def pieces(prefix: str, label: Label, language: Language, values: Mapping[str, Value]) -> tuple[Piece, ...]:
    """What is said, in order; `prefix` is `flow.node.slot`. A variable without a value is passed over."""
    return tuple(_pieces(prefix, label.text(language.value), language, values))


def _pieces(prefix: str, text: str, language: Language, values: Mapping[str, Value]) -> Iterator[Piece]:
    fixed = 0
    for part in parts(text):
        if part.var:
            value = _shown(look(values, part.var))[:LONGEST]
            if value:
                yield Piece(KINDS[part.kind], value, language)
        else:
            fixed += 1
            name = prefix if fixed == 1 else f"{prefix}-{fixed}"
            yield Piece(Said.PROMPT, part.text, language, name)


def _shown(value: Value) -> str:
    if value is None or isinstance(value, bool | list | dict):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def prompts(flows: Flows) -> tuple[Piece, ...]:
    """Every fixed prompt of these flows in both languages, each once: what has to be built or recorded."""
    found = {piece: None for flow in flows.by_name.values() for piece in _of_flow(flow)}
    return tuple(found)


def _of_flow(flow: Flow) -> Iterator[Piece]:
    for slot in _all_slots(flow):
        for language in Language:
            yield from pieces(slot.prefix, slot.label, language, {})


def _all_slots(flow: Flow) -> Iterator[Slot]:
    for name, node in flow.nodes.items():
        yield from slots(flow.name, name, node)
