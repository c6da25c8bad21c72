"""What types alone cannot say about settings: pure, but for asking whether files exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from config.call_checks import callback_problems, dial_problems, survey_problems
from config.problems import Problem
from config.settings import (
    IvrSettings,
    JournalSettings,
    PbxSettings,
    PinSettings,
    RecordingSettings,
    RetentionSettings,
    Settings,
    SpeechSettings,
    WebhookSettings,
)

_PBX_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{12,100}")
_EVENTS = re.compile(r"[A-Za-z0-9_*]+\.[A-Za-z0-9_*]+")
SHORTEST_SECRET = 16
LEAST_DAYS = 7
_LEVELS = ("debug", "info", "warning", "error")
_PERSONAL = ("mask", "keep")
_LANGUAGES = ("en", "zh_CN")


def check(settings: Settings) -> Iterator[Problem]:
    """All that is wrong with the values."""
    yield from _server(settings)
    yield from _database(settings.database.url)
    names: list[str] = []
    for number, pbx in enumerate(settings.pbx):
        yield from _pbx(pbx, f"pbx[{number}]")
        if pbx.name in names:
            first = f"pbx[{names.index(pbx.name)}]"
            yield Problem(
                f"pbx[{number}].name", f"{pbx.name!r} is the name of {first} too", "name them apart"
            )
        names.append(pbx.name)
    yield from _webhooks(settings.webhook)
    yield from _ivr(settings.ivr)
    yield from _speech(settings.ivr.speech)
    yield from _pin(settings.ivr.pin)
    yield from _folder(settings.paths.workflows, "paths.workflows")
    yield from _folder(settings.paths.calendars, "paths.calendars")
    yield from _folder(settings.paths.flows, "paths.flows")
    yield from _recordings(settings.recordings)
    yield from _retention(settings.retention)
    yield from _desk(settings)
    yield from _limits(settings)
    yield from _journal(settings.journal)
    yield from dial_problems(settings.dial)
    yield from callback_problems(settings.callback)
    yield from survey_problems(settings.survey, settings.pbx)


def _server(settings: Settings) -> Iterator[Problem]:
    yield from _port(settings.server.port, "server.port")
    public = _split(settings.server.public_url)
    if settings.server.public_url and (public.scheme not in ("http", "https") or not public.netloc):
        yield Problem(
            "server.public_url",
            f"{settings.server.public_url!r} is no web address",
            "write it like https://desk.example.com",
        )
    elif public.path not in ("", "/"):
        yield Problem(
            "server.public_url", f"has the path {public.path!r}", "Ringdesk needs a host name of its own"
        )


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # such as http://[
        return urlsplit("")


def _database(url: str) -> Iterator[Problem]:
    scheme, _, rest = url.partition("://")
    fix = "write sqlite:///ringdesk.db or postgresql://user:password@host/database"
    if scheme not in ("sqlite", "postgresql"):
        yield Problem("database.url", f"{scheme!r} is no database that Ringdesk can use", fix)
    elif scheme == "sqlite" and (not rest.startswith("/") or rest in ("/", "/:memory:")):
        yield Problem("database.url", "names no file", fix)


def _pbx(pbx: PbxSettings, where: str) -> Iterator[Problem]:
    if not _PBX_NAME.fullmatch(pbx.name):
        yield Problem(f"{where}.name", f"{pbx.name!r} is no name", "use letters, digits, dashes, underscores")
    yield from _port(pbx.port, f"{where}.port", lowest=1)
    if not pbx.secret and not pbx.secret_file:
        yield Problem(
            f"{where}.secret", "is missing", "set secret or secret_file as in Asterisk's manager.conf"
        )
    if not re.fullmatch(r"\+?[0-9*#]{0,31}", pbx.test_extension):
        yield Problem(f"{where}.test_extension", f"{pbx.test_extension!r} cannot be dialled", "write digits")
    for name in ("username", "secret", "dial_context", "test_context"):
        if not getattr(pbx, name).isprintable():
            yield Problem(f"{where}.{name}", "holds a control character", "write it on one line")
    if not re.fullmatch(r"[A-Z]{2}", pbx.region):
        yield Problem(f"{where}.region", f"{pbx.region!r} is no region", "write two letters such as CN or GB")
    if not re.fullmatch(r"[0-9*#]{0,8}", pbx.outside_prefix):
        yield Problem(f"{where}.outside_prefix", f"{pbx.outside_prefix!r} cannot be dialled", "write digits")
    if not all(0 <= seconds <= 3600 for seconds in pbx.wrapup.values()):
        yield Problem(f"{where}.wrapup", "must be between 0 and 3600 seconds for each queue")
    if not 0 <= pbx.watchdog_seconds <= 3600:
        yield Problem(f"{where}.watchdog_seconds", "must be between 0 (never) and 3600")
    for name in ("ping_seconds", "action_seconds"):
        if not 0 < getattr(pbx, name) <= 600:
            yield Problem(f"{where}.{name}", "must be above 0 and at most 600")


def _webhooks(webhooks: Sequence[WebhookSettings]) -> Iterator[Problem]:
    keys: list[str] = []
    for number, hook in enumerate(webhooks):
        where, url = f"webhook[{number}]", _split(hook.url)
        if url.scheme not in ("http", "https") or not url.hostname:
            yield Problem(
                f"{where}.url", f"{hook.url!r} is no web address", "write it like https://example.com/in"
            )
        if len(hook.secret) < SHORTEST_SECRET:
            fix = "make one up: `openssl rand -hex 32`"
            yield Problem(f"{where}.secret", f"has fewer than {SHORTEST_SECRET} characters", fix)
        for pattern in hook.events:
            if not _EVENTS.fullmatch(pattern):
                fix = "write workflow.event, such as complaint.* or repair.major_incident"
                yield Problem(f"{where}.events", f"{pattern!r} names no events", fix)
        if hook.name and not _PBX_NAME.fullmatch(hook.name):
            fix = "use letters, digits, dashes, underscores"
            yield Problem(f"{where}.name", f"{hook.name!r} is no name", fix)
        if hook.key in keys:
            first = f"webhook[{keys.index(hook.key)}]"
            yield Problem(f"{where}.name", f"is the name of {first} too", "give each a name of its own")
        keys.append(hook.key)


def _ivr(ivr: IvrSettings) -> Iterator[Problem]:
    yield from _port(ivr.port, "ivr.port")
    if ivr.token and not _TOKEN.fullmatch(ivr.token):
        fix = "use 12 or more letters, digits, dashes, underscores: it stands in the dialplan"
        yield Problem("ivr.token", "is too short, or has signs that an address cannot carry", fix)
    for number, one in enumerate(ivr.allow):
        if not _is_network(one):
            fix = "write it like 192.0.2.10 or 192.0.2.0/24"
            yield Problem(f"ivr.allow[{number}]", f"{one!r} is no address", fix)
    if not 1 <= ivr.sessions <= 20_000:
        yield Problem("ivr.sessions", f"{ivr.sessions} is no number of callers", "take one up to 20000")


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _port(port: int, where: str, lowest: int = 0) -> Iterator[Problem]:
    if not lowest <= port <= 65535:
        yield Problem(where, f"{port} is no port", f"take one between {lowest} and 65535")


def _folder(path: str, where: str) -> Iterator[Problem]:
    if path and not Path(path).is_dir():
        yield Problem(where, f"there is no folder {path}", "leave it out to use the shipped ones")


def _speech(speech: SpeechSettings) -> Iterator[Problem]:
    where = "ivr.speech"
    if not speech.command or not any("{file}" in word for word in speech.command):
        yield Problem(
            f"{where}.command", "names no {file} to write to", 'write it like ["say", "-o", "{file}"]'
        )
    for language in _LANGUAGES:
        if not speech.voices.get(language) and any("{voice}" in word for word in speech.command):
            yield Problem(f"{where}.voices", f"names no voice for {language}", f'add {language} = "…"')
    if speech.recorded and not Path(speech.recorded).is_dir():
        yield Problem(
            f"{where}.recorded", f"there is no folder {speech.recorded}", "make it, or leave it out"
        )
    if speech.pbx_folder and not speech.pbx_folder.startswith("/"):
        yield Problem(f"{where}.pbx_folder", "must begin with /", "write it as Asterisk sees it")
    if not 0 < speech.seconds <= 30:
        yield Problem(f"{where}.seconds", "must be more than 0 and at most 30")


def _pin(pin: PinSettings) -> Iterator[Problem]:
    for name in ("account_tries", "call_tries", "source_tries"):
        if not 1 <= getattr(pin, name) <= 1000:
            yield Problem(f"ivr.pin.{name}", "must be between 1 and 1000")
    for name in ("alarm_accounts", "alarm_locked"):
        if not 0 <= getattr(pin, name) <= 1_000_000:
            yield Problem(f"ivr.pin.{name}", "must be between 0 and 1000000")
    if pin.lock_seconds < 60:
        yield Problem("ivr.pin.lock_seconds", "must be 60 or more, or PINs can be guessed")
    if not 0 <= pin.answer_seconds <= 5:
        yield Problem("ivr.pin.answer_seconds", "must be between 0 and 5")


def _recordings(kept: RecordingSettings) -> Iterator[Problem]:
    where = "recordings"
    if kept.folder and not Path(kept.folder).is_dir():
        yield Problem(
            f"{where}.folder", f"there is no folder {kept.folder}", "make it, for Asterisk to write to"
        )
    if kept.pbx_folder and not kept.pbx_folder.startswith("/"):
        yield Problem(f"{where}.pbx_folder", "must begin with /", "write it as Asterisk sees it")
    for name in ("words_days", "calls_days"):
        if getattr(kept, name) < 0:
            yield Problem(f"{where}.{name}", "must be 0 or more")


def _retention(kept: RetentionSettings) -> Iterator[Problem]:
    for name in kept.__struct_fields__:
        if not (getattr(kept, name) == 0 or getattr(kept, name) >= LEAST_DAYS):
            fix = f"write 0 to keep it for ever, or at least {LEAST_DAYS}: figures look back so far"
            yield Problem(f"retention.{name}", f"{getattr(kept, name):g} is no number of days", fix)


def _desk(settings: Settings) -> Iterator[Problem]:
    try:
        ZoneInfo(settings.desk.time_zone)
    except (KeyError, ValueError, OSError):
        what = f"{settings.desk.time_zone!r} is no time zone"
        yield Problem("desk.time_zone", what, "write it like Asia/Shanghai")
    if settings.desk.language not in _LANGUAGES:
        yield Problem("desk.language", f"{settings.desk.language!r} is not translated", "take en or zh_CN")
    if not 0 <= settings.desk.pop_deadline_seconds <= 30:
        yield Problem("desk.pop_deadline_seconds", "must be between 0 and 30")
    if settings.log.level not in _LEVELS:
        yield Problem("log.level", f"{settings.log.level!r} is no level", f"take {', '.join(_LEVELS)}")


def _journal(journal: JournalSettings) -> Iterator[Problem]:
    if journal.personal not in _PERSONAL:
        yield Problem("journal.personal", f"{journal.personal!r} is not known", "take mask or keep")
    if not journal.directory:
        yield Problem("journal.directory", "names no folder", "or switch it off: enabled = false")
    if not 0 < journal.megabytes <= 1000:
        yield Problem("journal.megabytes", "must be above 0 and at most 1000")
    if not 1 <= journal.files <= 1000:
        yield Problem("journal.files", "must be between 1 and 1000")


def _limits(settings: Settings) -> Iterator[Problem]:
    for name, value in msgspec.structs.asdict(settings.security).items():
        if value <= 0:
            yield Problem(f"security.{name}", "must be above 0")
