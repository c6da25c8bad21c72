"""JSON as the database's columns keep it."""

from __future__ import annotations

from typing import Any

import msgspec


def json_text(value: Any) -> str:
    """The value (structs too) as compact JSON."""
    return msgspec.json.encode(value).decode()
