"""Languages: catalogues read from `.po` into memory, and dates, numbers and durations as each language writes them."""

from __future__ import annotations

import gettext
import io
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

LANGUAGES = ("en", "zh_CN")


def catalogue(locale_dir: Path, domain: str, language: str) -> gettext.NullTranslations:
    """The catalogue of `locale_dir/language/LC_MESSAGES/domain.po`; texts stay as they are where there is none.

    Raises `ValueError` for a file that is no catalogue: a shipped page must not lose its language in silence.
    """
    path = locale_dir / language / "LC_MESSAGES" / f"{domain}.po"
    if not path.is_file():
        return gettext.NullTranslations()
    try:
        with path.open("rb") as source:
            read = read_po(source, locale=language, domain=domain, abort_invalid=True)
    except PoFileError as error:
        raise ValueError(f"{path} is no catalogue: {error}") from error
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def pick_language(preferred: str, accept_language: str, default: str = "en") -> str:
    """The language of ours for a user: its preference, else the best of the browser's `Accept-Language`."""
    if preferred in LANGUAGES:
        return preferred
    wishes = sorted(map(_wish, accept_language.split(",")), key=lambda wish: -wish[1])
    for tag, weight in wishes:
        if weight > 0 and tag.startswith("zh"):
            return "zh_CN"
        if weight > 0 and tag.startswith("en"):
            return "en"
    return default if default in LANGUAGES else "en"


def _wish(text: str) -> tuple[str, float]:
    """One part of Accept-Language (RFC 9110, 12.5.4): `zh-CN;q=0.8`."""
    tag, _, parameter = text.strip().partition(";")
    try:
        weight = float(parameter.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return tag.strip().lower(), weight


class Translator:
    """Texts, times and numbers in one language and time zone. Times are epoch seconds, durations seconds."""

    def __init__(
        self, language: str, translations: gettext.NullTranslations | None = None, time_zone: str = "UTC"
    ) -> None:
        try:
            self._locale = Locale.parse(language)
        except (UnknownLocaleError, ValueError):
            self._locale = Locale("en")
        self.language = language
        self._translations = translations or gettext.NullTranslations()
        self._zone = ZoneInfo(time_zone)

    def gettext(self, text: str) -> str:
        """The text in this language, or as it is where the catalogue lacks it."""
        return self._translations.gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The form of the text that goes with `count`."""
        return self._translations.ngettext(one, many, count)

    def date(self, at: float) -> str:
        """The day: "31 Jan 2026" in the language's own order."""
        return dates.format_date(self._local(at), "medium", self._locale)

    def time(self, at: float) -> str:
        """The time of day to the minute."""
        return dates.format_time(self._local(at), "short", locale=self._locale)

    def moment(self, at: float) -> str:
        """Day and time."""
        return dates.format_datetime(self._local(at), "medium", locale=self._locale)

    def number(self, value: float) -> str:
        """A number with the language's separators."""
        return numbers.format_decimal(value, locale=self._locale)

    def percent(self, share: float) -> str:
        """A share between 0 and 1 as percent with one decimal at most."""
        return numbers.format_percent(share, "#,##0.#%", locale=self._locale)

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone)


def clock_text(seconds: float) -> str:
    """A running time as a wallboard shows it: 0:07, 12:30, 1:02:03. Below zero is zero."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
