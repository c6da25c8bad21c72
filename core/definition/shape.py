"""Data against a msgspec type, part by part, so that every mistake is named with its place at once.

msgspec itself stops at the first mistake and does not say in which entry of a mapping it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import inspect

from core.definition.label import Label
from core.definition.source import Path, Problem, Source

T = TypeVar("T")
CLOSE = 0.6
"""How alike names are of which one may be meant for the other: 1 is the same."""
LACKING = "lacking"
"""What a language of a label says that is not there, while looking for more mistakes."""


def suggest(name: str, known: object) -> str:
    """The known name that was probably meant, as the end of a sentence, or the list of what there is."""
    names = sorted({str(one) for one in known})  # type: ignore[attr-defined]  # any iterable of names
    if near := _near(name, names):
        return f"did you mean `{near}`?"
    return f"known here: {', '.join(names)}" if names else "nothing is known here yet"


def check_shape(source: Source, kind: type) -> list[Problem]:
    """All places where the data is not what `kind` takes: unknown and missing keys, wrong types."""
    return list(_check(source, source.data, inspect.type_info(kind), ()))


def _check(source: Source, data: Any, kind: inspect.Type, path: Path) -> Iterator[Problem]:
    if isinstance(kind, inspect.StructType):
        yield from _struct(source, data, kind, path)
    elif isinstance(kind, inspect.DictType) and isinstance(data, dict):
        for key, value in data.items():
            yield from _check(source, value, kind.value_type, (*path, key))
    elif isinstance(kind, inspect.VarTupleType) and isinstance(data, list):
        for at, value in enumerate(data):
            yield from _check(source, value, kind.item_type, (*path, at))
    elif isinstance(kind, inspect.UnionType) and (tagged := _tagged(kind)):
        yield from _one_of(source, data, tagged, path)
    elif isinstance(kind, inspect.UnionType) and isinstance(data, dict):
        structs = [one for one in kind.types if isinstance(one, inspect.StructType)]
        yield from _check(source, data, structs[0], path) if structs else _leaf(source, data, kind, path)
    else:
        yield from _leaf(source, data, kind, path)


def _tagged(kind: inspect.UnionType) -> dict[Any, inspect.StructType]:
    """The structs of a union that a key tells apart, by that key's value; empty for other unions."""
    structs = [one for one in kind.types if isinstance(one, inspect.StructType)]
    return {one.tag: one for one in structs} if all(one.tag_field for one in structs) else {}


def _one_of(
    source: Source, data: Any, tagged: dict[Any, inspect.StructType], path: Path
) -> Iterator[Problem]:
    field = next(iter(tagged.values())).tag_field
    names = ", ".join(sorted(map(str, tagged)))
    if not isinstance(data, dict):
        yield source.problem(path, f"`{_where(path)}` is not a mapping", f"write it with `{field}:`")
    elif field not in data:
        fix = f"add `{field}:` with one of: {names}"
        yield source.problem(path, f"`{_where(path)}` does not say what it is", fix)
    elif not isinstance(data[field], str) or data[field] not in tagged:
        message = f"`{_where(path)}` cannot be a `{data[field]}`"
        yield source.problem((*path, str(field)), message, suggest(str(data[field]), tagged))
    else:
        yield from _struct(source, data, tagged[data[field]], path)


def _struct(source: Source, data: Any, kind: inspect.StructType, path: Path) -> Iterator[Problem]:
    if not isinstance(data, dict):
        names = ", ".join(field.encode_name for field in kind.fields if field.required)
        yield source.problem(path, f"`{_where(path)}` is not a mapping", f"write it with its keys: {names}")
        return
    known = {field.encode_name: field for field in kind.fields}
    for key in data:
        if key not in known and key != kind.tag_field:
            message = f"`{key}` is not known in `{_where(path)}`"
            yield source.problem((*path, key), message, suggest(key, known))
    for name, field in known.items():
        if name in data:
            yield from _check(source, data[name], field.type, (*path, name))
        elif field.required:
            yield source.problem(path, f"`{_where(path)}` lacks `{name}`", f"add `{name}:`")


def _leaf(source: Source, data: Any, kind: inspect.Type, path: Path) -> Iterator[Problem]:
    if isinstance(kind, inspect.AnyType):
        return
    known = _choices(kind)
    if known and isinstance(data, str) and data not in known:
        message = f"`{_where(path)}` cannot be `{data}`"
        yield source.problem(path, message, f"known here: {', '.join(one for one in known if one)}")
        return
    try:
        msgspec.convert(data, _python_type(kind))
    except msgspec.ValidationError as error:
        yield source.problem(path, *_unfit(data, kind, path, str(error)))


_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
"""What msgspec calls the types, in words."""


def _unfit(data: Any, kind: inspect.Type, path: Path, said: str) -> tuple[str, str]:
    """What is wrong with a value of another type, and what to do: mostly YAML took a text for something else, as it
    does with `no`, `on`, 0106 (octal), 12:30 (base 60) and 2026-12-24."""
    if isinstance(kind, inspect.StrType) and isinstance(data, bool | int | float | date):
        shown = str(data).lower() if isinstance(data, bool) else str(data)
        return f"`{_where(path)}` is no text: YAML reads `{shown}` here", "put it in quotes as it is meant"
    said = said.split(" - at ", maxsplit=1)[0]
    for name, word in _TYPES.items():
        said = said.replace(f"`{name}`", word)
    return f"`{_where(path)}`: {said}", "write the kind of value that is expected here"


def _choices(kind: inspect.Type) -> tuple[str, ...]:
    """The words that may stand in a place that takes only certain words; none for other places."""
    values = (
        [one.value for one in kind.cls]
        if isinstance(kind, inspect.EnumType)
        else kind.values
        if isinstance(kind, inspect.LiteralType)
        else ()
    )
    return tuple(one for one in values if isinstance(one, str))


def as_far_as_it_goes(data: Any, kind: type[T], *, faulty: bool) -> T | None:
    """The data as this type. Of a faulty file one to look for more mistakes in: misspelt keys as they were probably
    meant, without other unknown ones, and with something in labels that lack a language; None where it cannot be read
    at all. What is put in force is not mended."""
    try:
        return msgspec.convert(_mended(data, inspect.type_info(kind)) if faulty else data, kind)
    except msgspec.ValidationError:
        return None


def _mended(data: Any, kind: inspect.Type) -> Any:
    if isinstance(kind, inspect.UnionType) and isinstance(data, dict):
        kind, data = _meant(kind, data)
    if isinstance(kind, inspect.DictType) and isinstance(data, dict):
        return {key: _mended(value, kind.value_type) for key, value in data.items()}
    if isinstance(kind, inspect.VarTupleType) and isinstance(data, list):
        return [_mended(value, kind.item_type) for value in data]
    if not isinstance(kind, inspect.StructType) or not isinstance(data, dict):
        return data
    known = {field.encode_name: field.type for field in kind.fields}
    keys = (key for key in data if key != kind.tag_field)
    named = {key if key in known else _near(key, known.keys() - data.keys()): key for key in keys}
    kept = {key: _mended(data[given], known[key]) for key, given in named.items() if key in known}
    if kind.tag_field and kind.tag_field in data:
        kept[kind.tag_field] = data[kind.tag_field]
    return {"en": LACKING, "zh": LACKING, **kept} if kind.cls is Label else kept


def _meant(kind: inspect.UnionType, data: dict[str, Any]) -> tuple[inspect.Type, dict[str, Any]]:
    """The struct of the union that the data is, or was probably meant to be, and the data said so."""
    if tagged := _tagged(kind):
        field = str(next(iter(tagged.values())).tag_field)
        said = data.get(field)
        tag = said if isinstance(said, str) and said in tagged else _near(str(said), tagged)
        return tagged.get(tag, kind), {**data, field: tag} if tag in tagged else data
    structs = [one for one in kind.types if isinstance(one, inspect.StructType)]
    return (structs[0] if len(structs) == 1 else kind), data


def _near(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; empty where none is near."""
    return next(iter(get_close_matches(name, sorted(map(str, known)), n=1, cutoff=CLOSE)), "")


def _python_type(kind: inspect.Type) -> Any:
    """The type that `inspect` described, for the kinds that leaves of a definition have."""
    simple: dict[type, Any] = {
        inspect.StrType: str,
        inspect.BoolType: bool,
        inspect.FloatType: float,
        inspect.IntType: int,
        inspect.NoneType: None,
    }
    if isinstance(kind, inspect.EnumType):
        return kind.cls
    if isinstance(kind, inspect.LiteralType):
        return Literal.__getitem__(kind.values)
    if isinstance(kind, inspect.VarTupleType):
        return tuple.__class_getitem__((_python_type(kind.item_type), ...))
    if isinstance(kind, inspect.DictType):
        return dict[str, Any]
    if isinstance(kind, inspect.UnionType):
        options = [_python_type(one) for one in kind.types if not isinstance(one, inspect.StructType)]
        joined = options[0]
        for one in options[1:]:
            joined = joined | one
        return joined
    return simple.get(type(kind), Any)


def _where(path: Path) -> str:
    return ".".join(str(part) for part in path) or "the file"
