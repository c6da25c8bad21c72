"""From plain data to typed settings, gathering every problem on the way instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import structs

from config.problems import Problem

S = TypeVar("S", bound=msgspec.Struct)


class FromEnvironment(str):
    """A text that may stand for a number, a truth value or a list: the environment knows only texts."""

    __slots__ = ()


_FAILED: Any = object()


def build(kind: type[S], data: object, where: str, problems: list[Problem]) -> S | None:
    """`data` as `kind`; what does not fit is added to `problems`, and the defaults stand in for it.

    None only where `data` is no table. Settings without a default are texts, and "" stands in for them.
    """
    if not isinstance(data, Mapping):
        problems.append(
            Problem(where, "must be a table of settings", f"write [{where}] and settings below it")
        )
        return None
    fields = {field.name: field for field in structs.fields(kind)}
    for name in data:
        if name not in fields:
            problems.append(_unknown(str(name), list(fields), where))
    values: dict[str, Any] = {}
    for name, field in fields.items():
        path = f"{where}.{name}" if where else name
        if name in data:
            value = _value(field.type, data[name], path, problems)
        elif field.required:
            problems.append(Problem(path, "is missing", f"add {name} = …"))
            value = _FAILED
        else:
            continue
        if value is not _FAILED:
            values[name] = value
        elif field.required:
            values[name] = ""  # stands in, so that the tables after this one keep their numbers
    return kind(**values)


def _unknown(name: str, known: list[str], where: str) -> Problem:
    path = f"{where}.{name}" if where else name
    close = get_close_matches(name, known, n=1)
    fix = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return Problem(path, "is no setting", fix)


def _value(kind: Any, value: object, path: str, problems: list[Problem]) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        built = build(kind, value, path, problems)
        return _FAILED if built is None else built
    element = get_args(kind)[0] if get_origin(kind) is tuple else None
    if isinstance(element, type) and issubclass(element, msgspec.Struct):
        return _tables(element, value, path, problems)
    try:
        return _convert(kind, value, element is not None)
    except msgspec.ValidationError as error:
        problems.append(Problem(path, _wrong(str(error), value)))
        return _FAILED


def _tables(kind: type[msgspec.Struct], value: object, path: str, problems: list[Problem]) -> Any:
    if not isinstance(value, list):
        problems.append(Problem(path, "must be a list of tables", f"write [[{path}]] and settings below it"))
        return _FAILED
    built = [build(kind, item, f"{path}[{n}]", problems) for n, item in enumerate(value)]
    return tuple(item for item in built if item is not None)


def _convert(kind: Any, value: object, is_list: bool) -> Any:
    if not isinstance(value, FromEnvironment):
        return msgspec.convert(value, kind)
    if is_list:
        return msgspec.convert(
            [part.strip() for part in value.split(",") if part.strip()], kind, strict=False
        )
    if kind is str:
        return str(value)
    return msgspec.convert(str(value), kind, strict=False)


def _wrong(text: str, value: object) -> str:
    """msgspec's sentence in the words of a settings file."""
    plain = re.sub(r" - at `[^`]*`$", "", text).replace("Expected", "must be").replace("`", "")
    plain = plain.replace("object", "table").replace("array", "list")
    return f"{plain} (it is {value!r})" if len(repr(value)) < 60 else plain
