"""The places of a node where something is said, and the words for what every flow says alike. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from core.definition.label import Label
from ivr_flows.flow.model import AnyNode, Collect, Menu, Pin, Record, Survey

COMMON = "common"
"""The flow name of the prompts that all flows share; no flow may be called so."""

WORDS = {
    "invalid": Label(en="Sorry, that does not work here.", zh="对不起，您的输入有误。"),
    "silent": Label(en="I did not get an entry.", zh="没有收到您的按键。"),
    "wrong": Label(en="That PIN is not right.", zh="密码不正确。"),
    "unheard": Label(en="I did not hear anything.", zh="没有听到您的声音。"),
}


class Slot(msgspec.Struct, frozen=True):
    """A text of a node. `prefix` begins the names of its fixed parts; `part` says where it stands in the file."""

    prefix: str
    label: Label
    part: tuple[str, ...]


def slot(flow: str, node: str, part: str, own: Label | None, *path: str) -> Slot:
    """The node's own text, or the common one."""
    if own is None:
        return Slot(f"{COMMON}.{part}.text", WORDS[part], ())
    return Slot(f"{flow}.{node}.{part}", own, path or (part,))


def slots(flow: str, name: str, node: AnyNode) -> Iterator[Slot]:
    """Every text that a node can say, in the order in which a caller may hear them."""
    if (text := getattr(node, "text", None)) is not None:
        yield slot(flow, name, "text", text)
    if isinstance(node, Menu):
        for key, choice in node.choices.items():
            if choice.say is not None:
                yield slot(flow, name, f"key_{key_name(key)}", choice.say, "choices", key, "say")
    if isinstance(node, Collect) and node.confirm is not None:
        yield slot(flow, name, "confirm", node.confirm.text, "confirm", "text")
    if isinstance(node, Pin):
        yield slot(flow, name, "wrong", node.wrong)
    if isinstance(node, Survey):
        yield from (slot(flow, name, "invalid", None), slot(flow, name, "silent", None))
    if isinstance(node, Pin):
        yield slot(flow, name, "silent", None)
    if isinstance(node, Record):
        yield slot(flow, name, "unheard", None)
    for part in ("invalid", "silent"):
        if hasattr(node, part):
            yield slot(flow, name, part, getattr(node, part))


def key_name(key: str) -> str:
    """A key as part of a file's name."""
    return {"*": "star", "#": "hash"}.get(key, key)
