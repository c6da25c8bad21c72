"""Jinja2 as our pages want it, and as quick as a pop wants it: everything escaped, unknown names refused."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

LITERALS = 4096
"""Texts of one language that are kept ready; templates and scripts have some hundreds."""


class Templates(Environment):
    """The templates of one language, compiled when they are first used."""

    def __init__(self, folder: Path, translations: NullTranslations) -> None:
        super().__init__(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            auto_reload=False,
        )
        self.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
        self.globals["_"] = self.globals["gettext"] = marked(translations)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals themselves where a template adds none: Jinja's ChainMap costs a tenth of a pop, for every
        include and import goes through all of its names.
        """
        return self.globals if d is None else super().make_globals(d)


def marked(translations: NullTranslations) -> Callable[..., Markup]:
    """`_` as Jinja's newstyle gettext has it: catalogue texts are markup, what is filled in is escaped."""

    @lru_cache(LITERALS)
    def whole(text: str) -> Markup:
        return Markup(translations.gettext(text)) % {}  # noqa: S704 - the text is our catalogue's

    def gettext(text: str, /, **variables: Any) -> Markup:
        # Markup escapes what is filled in.
        return Markup(translations.gettext(text)) % variables if variables else whole(text)  # noqa: S704

    return gettext
