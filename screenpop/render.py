"""Jinja2 for pages and pops: everything is escaped, an unknown name is an error, texts come from the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import phonenumbers
from babel import dates, numbers

from config.settings import DeskSettings
from core.clock import iso
from core.i18n import LANGUAGES, catalogue, clock_text, pick_language
from ivr_flows.flow.model import Flows
from screenpop.assets import Assets
from screenpop.ivr import IvrWords
from screenpop.templating import Templates
from screenpop.texts import script_texts
from screenpop.words import WORDS, word

if TYPE_CHECKING:
    from screenpop.pops import Pop

HERE = Path(__file__).parent
REMEMBERED = 4096
NATIVE_NAMES: Mapping[str, str] = {"en": "English", "zh_CN": "简体中文"}


class StateLabels(Protocol):
    """Where the label of a ticket's state and the full name of a user come from."""

    def state(self, workflow: str, state: str, language: str) -> str: ...

    def person(self, user: str, /) -> str: ...


class Renderer:
    """Renders templates in any of our languages. All templates are compiled when they are first used."""

    def __init__(
        self,
        desk: DeskSettings,
        labels: StateLabels,
        assets: Assets | None = None,
        menus: IvrWords | None = None,
    ) -> None:
        self.desk = desk
        self.menus = menus or IvrWords(lambda: Flows({}))
        self.assets = assets or Assets()
        self._catalogues = {
            language: catalogue(HERE / "locale", "ringdesk", language) for language in LANGUAGES
        }
        self._environments = {language: self._make(language, labels) for language in LANGUAGES}

    def page(self, template: str, language: str, **context: Any) -> str:
        """The html of `template` with these names in it, in `language` (or the installation's, if not ours)."""
        return self._environment(language).get_template(template).render(**context)

    def warm(self) -> None:
        """Compile what a pop is made of and read how its dates are written, before the first call."""
        for environment in self._environments.values():
            for name in environment.list_templates(filter_func=lambda name: name.startswith("pop/")):
                environment.get_template(name)
            environment.filters["moment"](0.0)
            for now in (0.0, 10 * 86400.0):
                environment.filters["when"](0.0, now)

    def render_pop(self, pop: Pop, language: str) -> str:
        """The card that travels inside a `pop` message."""
        return self.page("pop/card.html", language, pop=pop)

    def texts(self, language: str) -> dict[str, Any]:
        """What the scripts of a page say."""
        return script_texts(self.gettext(language))

    def gettext(self, language: str) -> Callable[[str], str]:
        """The catalogue of one language."""
        return self._catalogues[pick_language(language, "", self.desk.language)].gettext

    def filter(self, name: str, language: str) -> Callable[..., str]:
        """A filter of the templates (`person`, `when`), for texts that are put together before."""
        found: Callable[..., str] = self._environment(language).filters[name]
        return found

    def _make(self, language: str, labels: StateLabels) -> Templates:
        translations = self._catalogues[language]
        environment = Templates(HERE / "templates", translations)
        times = Times(language, ZoneInfo(self.desk.time_zone))
        environment.filters |= {
            "phone": phone,
            "duration": clock_text,
            "iso": lambda at: at if isinstance(at, str) else iso(at),
            "moment": times.moment,
            "when": times.when,
            "clock": times.clock,
            "date": times.date,
            "day": lambda text: dates.format_date(date.fromisoformat(text), "medium", locale=language),
            "money": lambda amount, currency: money(amount, currency, language),
            "amount": lambda text: amount(text, language),
            "word": lambda name, group: word(group, name, translations.gettext),
            "person": lambda user: _person(user, labels, translations.gettext),
            "ivr_way": lambda ivr: self.menus.way(ivr, language),
            "ivr_told": lambda ivr: self.menus.told(ivr, language),
            "flow_names": lambda names: self.menus.names(names, language),
            "ticket_state": lambda name: _ticket_state(name, language, labels),
        }
        environment.globals |= {
            "static": self.assets.url,
            "company": self.desk.company,
            "language": language,
            "language_tag": language.replace("_", "-"),
        }
        return environment

    def _environment(self, language: str) -> Templates:
        return self._environments[pick_language(language, "", self.desk.language)]


class Times:
    """Moments as people of one language and time zone read them. Takes epoch seconds or ISO 8601.

    A pop is rendered three times within a minute, and a moment costs more than a paragraph: they are remembered.
    """

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self._language = language
        self._zone = zone
        self.moment = lru_cache(REMEMBERED)(self._moment)
        self.when = lru_cache(REMEMBERED)(self._when)
        self.clock = lru_cache(REMEMBERED)(self._clock)

    def _moment(self, at: float | str) -> str:
        """Date and time in full, to the second, and in which time zone: who looks may be in another."""
        return f"{self.date(at)} {self.clock(at)} {_utc_offset(self._local(at))}"

    def _clock(self, at: float | str) -> str:
        """The time of day to the second."""
        return str(dates.format_time(self._local(at), "HH:mm:ss", locale=self._language))

    def date(self, at: float | str) -> str:
        return str(dates.format_date(self._local(at), "medium", locale=self._language))

    def _when(self, at: float | str, now: float | str | None = None) -> str:
        """As short as it can be told apart on the day of `now`: the time, the day and time, or the date."""
        local = self._local(at)
        if now is not None and self._local(now).date() == local.date():
            return str(dates.format_time(local, "HH:mm", locale=self._language))
        if now is not None and self._local(now).year == local.year:
            day = str(dates.format_skeleton("MMMd", local, locale=self._language))
            return f"{day} {dates.format_time(local, 'HH:mm', locale=self._language)}"
        return self.date(at)

    def _local(self, at: float | str) -> datetime:
        if isinstance(at, str):
            return datetime.fromisoformat(at).astimezone(self._zone)
        return datetime.fromtimestamp(at, self._zone)


def _utc_offset(local: datetime) -> str:
    """UTC+8, UTC-3:30."""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"


def _ticket_state(name: str, language: str, labels: StateLabels) -> str:
    """`complaint/handling`, as time lines carry it, by its label."""
    workflow, _, state = name.partition("/")
    return labels.state(workflow, state, language) if state else name


def _person(user: str, labels: StateLabels, gettext: Callable[[str], str]) -> str:
    """The full name of a user; who acts without being one (a caller in the menu, a time limit) in words."""
    name = labels.person(user)
    return name if name != user or user not in WORDS["machine"] else word("machine", user, gettext)


def money(hundredths: int, currency: str, language: str) -> str:
    """An amount in hundredths as people of the language write it, without its sign."""
    amount = Decimal(abs(hundredths)) / 100
    return str(numbers.format_currency(amount, currency, locale=language))


_AMOUNT = re.compile(r"(-?)(\d{1,12})\.(\d\d) ([A-Z]{3})")
"""A sum as flows have it: 128.64 CNY."""


def amount(text: str, language: str) -> str:
    """A sum that was told in the phone menu as people write it; anything else as it is."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return text
    sign, whole, hundredths, currency = found.groups()
    return sign + money(int(whole + hundredths), currency, language)


def phone(number: str) -> str:
    """A number in E.164 with the spaces of its country; anything else as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
