"""What two versions of a definition differ in, a line each: for people who are about to take one over. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ticketing.workflow.model import Row, Workflow

PARTS = ("states", "events", "fields", "guards", "clocks", "categories", "priorities", "includes")


def differences(old: Workflow, new: Workflow) -> list[str]:
    """`+` what came, `-` what went, `~` what changed; empty where the meaning is the same."""
    return [*_whole(old, new), *_named(old, new), *_rows(old, new)]


def _whole(old: Workflow, new: Workflow) -> Iterator[str]:
    for part in ("prefix", "label", "open"):
        if getattr(old, part) != getattr(new, part):
            yield f"~ {part}"


def _named(old: Workflow, new: Workflow) -> Iterator[str]:
    for part in PARTS:
        before, after = getattr(old, part), getattr(new, part)
        for name in dict.fromkeys((*before, *after)):
            if name not in before:
                yield f"+ {part}: {name}"
            elif name not in after:
                yield f"- {part}: {name}"
            elif before[name] != after[name]:
                yield f"~ {part}: {name}{_keys(before[name], after[name])}"


def _keys(before: object, after: object) -> str:
    if not isinstance(before, msgspec.Struct):
        return ""
    changed = [name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    return f" ({', '.join(changed)})"


def _rows(old: Workflow, new: Workflow) -> Iterator[str]:
    for row in old.table:
        if row not in new.table:
            yield f"- row: {_told(row)}"
    for row in new.table:
        if row not in old.table:
            yield f"+ row: {_told(row)}"


def _told(row: Row) -> str:
    sources = row.from_ if isinstance(row.from_, str) else ", ".join(row.from_)
    extras = [f"{name} {getattr(row, name)}" for name in ("when", "guards", "effects") if getattr(row, name)]
    return f"{sources} - {row.event} -> {row.to} for {', '.join(row.roles)}" + "".join(
        f", {one}" for one in extras
    )
