"""A text in both languages."""

from __future__ import annotations

import msgspec


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages of the pages."""

    en: str
    zh: str

    def text(self, language: str) -> str:
        """The text for a language tag such as `en` or `zh_CN`; English for every other one."""
        return self.zh if language.lower().startswith("zh") else self.en
