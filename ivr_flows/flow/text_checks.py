"""Whether the texts of a flow can be spoken, in both languages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core.definition.label import Label
from core.definition.shape import LACKING, suggest
from core.definition.source import Path, Problem
from ivr_flows.flow.load import Loaded
from ivr_flows.flow.slots import slots
from ivr_flows.flow.words import KINDS, parts

LONGEST = 600
"""Characters of one text: two minutes of speech, and nobody listens to more."""
_LABELS = ("en", "zh")
_VARIABLES = ("set", "with", "values")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2,}")
_DOLLAR = re.compile(r"\$[A-Za-z_][A-Za-z0-9_.]*[A-Za-z0-9_]")
_SLOT = re.compile(r"\{[^{}]*\}")


def check_texts(one: Loaded) -> Iterator[Problem]:
    """Empty texts and labels, variables that say not how they are spoken, texts nobody listens to."""
    yield from _empty(one, one.source.data, ())
    for name, node in one.flow.nodes.items():
        for slot in slots(one.flow.name, name, node):
            if slot.part:
                for language in _LABELS:
                    path: Path = ("nodes", name, *slot.part, language)
                    yield from _text(one, path, getattr(slot.label, language), language)
                yield from _left_out(one, ("nodes", name, *slot.part), slot.label)


def _empty(one: Loaded, data: Any, path: Path) -> Iterator[Problem]:
    if _of_variables(path):
        return
    for key, value in data.items() if isinstance(data, dict) else ():
        if key in _LABELS and isinstance(value, str) and not value.strip():
            fix = "write what people are to hear or read"
            yield one.source.problem((*path, key), "an empty text", fix)
        yield from _empty(one, value, (*path, key))


def _of_variables(path: Path) -> bool:
    """Whether what stands here are variables and their values: one that is called `en` may be empty."""
    return path[:1] == ("examples",) or (len(path) > 2 and path[0] != "answers" and path[-1] in _VARIABLES)


def _left_out(one: Loaded, path: Path, label: Label) -> Iterator[Problem]:
    """Values that one language says and the other does not. Words of the moment have a variable for each language."""
    if LACKING in (label.en, label.zh):
        return  # said already
    said = {language: _values(getattr(label, language)) for language in _LABELS}
    for language, other in (_LABELS, _LABELS[::-1]):
        for name in sorted(said[other] - said[language]):
            message = f"`{other}` says {{{name}|…}}, `{language}` does not"
            yield one.source.problem((*path, language), message, "say it in both languages, or in none")


def _values(text: str) -> set[str]:
    return {part.var for part in parts(text) if part.kind in KINDS and part.kind != "text"}


def _text(one: Loaded, path: Path, text: str, language: str) -> Iterator[Problem]:
    if not text.strip():
        return  # said already
    if not parts(text):
        yield one.source.problem(path, "there is nothing to say in this text", "write words")
    if len(text) > LONGEST:
        message = f"{len(text)} characters are too long to listen to"
        yield one.source.problem(path, message, f"use at most {LONGEST}; split it into nodes")
    if language == "en" and _HAN.search(text):
        yield one.source.problem(path, "Chinese in the English text", "put it in `zh`, or say it `both`")
    if language == "zh" and _LATIN.search(_SLOT.sub("", text)) and not _HAN.search(text):
        yield one.source.problem(path, "no Chinese in the Chinese text", "translate it")
    if found := _DOLLAR.search(_SLOT.sub("", text)):
        message = f"`{found[0]}` would be read out as it stands"
        yield one.source.problem(path, message, f"write {{{found[0][1:]}|KIND}}: {', '.join(KINDS)}")
    if re.search(r"[{}]", _SLOT.sub("", text)):
        yield one.source.problem(path, "a brace without its partner", "write {name|kind}")
    for part in parts(text):
        if not part.var and not part.kind:
            continue
        if not part.var or part.kind not in KINDS:
            kinds = ", ".join(KINDS)
            message = f"{{{part.var}|{part.kind}}} does not say what is spoken and how"
            fix = suggest(part.kind, KINDS) if part.kind else f"write {{{part.var}|KIND}}: {kinds}"
            yield one.source.problem(path, message, fix)
