"""What is wrong with settings: each problem says where, what, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings


@dataclass(frozen=True)
class Problem:
    """One problem. `where` is a setting's path such as `pbx[0].port`, a variable, or a file."""

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"; {self.fix}" if self.fix else "")


class SettingsError(Exception):
    """The settings cannot be used; `problems` has all that is wrong with them, in the order of the settings."""

    def __init__(self, problems: Sequence[Problem], settings: Settings | None = None) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
        self.settings = settings
        """What there is of them, for looking at what they point to; nothing is to run by it."""
