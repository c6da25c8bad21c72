"""Values that people and programs send, against the fields of a definition. Hostile text is kept, but as text only."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec

from core.definition.label import Label
from core.definition.shape import suggest
from ticketing.workflow.model import Field, FieldType, Workflow

MAX_LINE = 500
MAX_TEXT = 20_000
MAX_SUBJECT = 200

NOTE = "note"
"""Every event takes a note, whether or not its definition asks for one."""
CALL = "call_id"
"""In the history: the call in which an event happened; no definition may call one of its fields so."""
NOTE_FIELD = Field(label=Label(en="Note", zh="备注"), keep=False, multiline=True)


class Refusal(msgspec.Struct, frozen=True):
    """Why nothing happens: the contract's code, a sentence, and details for programs and pages."""

    code: str
    message: str
    details: dict[str, Any] = {}


class BadValue(ValueError):
    """A value is not what its field takes, said in both languages."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.problem = Label(en=en, zh=zh)


def invalid(field: str, message: str, **more: Any) -> Refusal:
    return Refusal("invalid", message, {"field": field, **more})


def too_long(most: int, found: int) -> BadValue:
    """The mistake of a text that is longer than `most` characters."""
    return BadValue(f"at most {most} characters; these are {found}", f"最多{most}个字符，现有{found}个")


def clean(text: str, multiline: bool = False) -> str:
    """The text without control, direction and invisible characters; line ends stay (as \\n) where lines are meant.

    Direction overrides make a page lie. Joiners stay: they hold emoji and some scripts together.
    """
    if text.isprintable():  # nothing of all this is in it
        return text.strip()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "\u200c\u200d\n\t" if multiline else "\u200c\u200d"
    replaced = text if multiline else text.replace("\n", " ").replace("\t", " ")
    return "".join(
        c for c in replaced if c in kept or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    ).strip()


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue("this is a text", "应为文字")
    text = clean(value, field.multiline)
    limit = MAX_TEXT if field.multiline else MAX_LINE
    if len(text) > limit:
        raise too_long(limit, len(text))
    return text


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadValue("this is a number", "应为数字")
    # Beyond this whole numbers are no longer exact in JSON readers.
    low = -(2.0**53) if field.min is None else field.min
    high = 2.0**53 if field.max is None else field.max
    if not low <= value <= high:
        raise BadValue(f"between {low:.16g} and {high:.16g}", f"应在{low:.16g}与{high:.16g}之间")
    return value


def _choice(field: Field, value: Any) -> str:
    if not isinstance(value, str) or value not in field.choices:
        raise BadValue(
            f"one of {', '.join(field.choices)}", f"请选择：{'、'.join(c.zh for c in field.choices.values())}"
        )
    return value


def _date(_: Field, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise BadValue("a date such as 2026-01-31", "应为日期，如2026-01-31") from None


def _bool(_: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("true or false", "应为是或否")
    return value


def _phone(_: Field, value: Any) -> str:
    text = clean(value) if isinstance(value, str) else ""
    digits = sum(c in "0123456789" for c in text)
    if not (3 <= digits <= 20 and len(text) <= 40 and all(c in "0123456789+-() .*#" for c in text)):
        raise BadValue("a telephone number", "应为电话号码")
    return text


READERS: Mapping[FieldType, Callable[[Field, Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.CHOICE: _choice,
    FieldType.DATE: _date,
    FieldType.BOOL: _bool,
    FieldType.PHONE: _phone,
}


def with_choices(workflow: Workflow, field: Field) -> Field:
    """The field, its choices filled in where it sets a column whose values the workflow lists."""
    if field.sets == "priority" and not field.choices:
        return msgspec.structs.replace(field, type=FieldType.CHOICE, choices=workflow.priorities)
    if field.sets == "category" and not field.choices:
        return msgspec.structs.replace(field, type=FieldType.CHOICE, choices=workflow.categories)
    return field


def read_values(
    workflow: Workflow, required: tuple[str, ...], optional: tuple[str, ...], data: Mapping[str, Any]
) -> dict[str, Any] | Refusal:
    """The data with every value checked and cleaned, or the refusal that names the first field in the way."""
    asked = dict.fromkeys((*required, *optional))
    found: dict[str, Any] = {}
    for name, value in data.items():
        field = workflow.fields.get(name, NOTE_FIELD if name == NOTE else None)
        if field is None or (name not in asked and name != NOTE):
            return invalid(name, f"`{name}` is not asked here; {suggest(name, (*asked, NOTE))}")
        if value is None or value == "":
            continue
        field = with_choices(workflow, field)
        try:
            read = READERS[field.type](field, value)
        except BadValue as error:
            said = {"label": msgspec.to_builtins(field.label), "problem": msgspec.to_builtins(error.problem)}
            return invalid(name, f"{field.label.en}: {error}", **said)
        if read != "":
            found[name] = read
    for name in required:
        if name not in found:
            label = workflow.fields[name].label
            details = {"field": name, "label": msgspec.to_builtins(label)}
            return Refusal("missing_field", f"{label.en} is missing.", details)
    return found


def emptied(
    workflow: Workflow, optional: tuple[str, ...], data: Mapping[str, Any], before: Mapping[str, Any]
) -> list[str]:
    """The fields that the data empties: given as nothing (null, or a text without anything in it) while the ticket has
    something in them. What is not given at all stays. A ticket's own columns (priority, department, …) cannot be empty.
    """
    return [
        name
        for name in optional
        if name in data and name in before and _is_nothing(data[name]) and not workflow.fields[name].sets
    ]


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not clean(value))
