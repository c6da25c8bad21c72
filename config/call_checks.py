"""What is wrong with the settings of calls that the server starts by itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from config.problems import Problem
from config.settings import PRIORITIES, CallbackSettings, DialSettings, PbxSettings, SurveySettings

RANKS = ("vip", "A", "B", "C")
_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)


def dial_problems(dial: DialSettings) -> Iterator[Problem]:
    """Prefixes that are none, caps below one."""
    for name in ("allow", "deny"):
        for prefix in getattr(dial, name):
            if not _PREFIX.fullmatch(prefix):
                fix = "write the beginning of a number with its country code, such as +8610"
                yield Problem(f"dial.{name}", f"{prefix!r} is no beginning of a number", fix)
    for name in ("per_hour", "per_day", "per_number"):
        if not 0 <= getattr(dial, name) <= 1_000_000:
            yield Problem(f"dial.{name}", "must be between 0 and 1000000", "0 means none at all")


def survey_problems(survey: SurveySettings, pbxs: Sequence[PbxSettings]) -> Iterator[Problem]:
    """Names that no dialplan has, and a PBX without a way out."""
    for name in ("flow", "context"):
        if not _NAME.fullmatch(getattr(survey, name)):
            yield Problem(f"survey.{name}", f"{getattr(survey, name)!r} is no name of a dialplan")
    if not 0 <= survey.delay_minutes <= 10_080:
        yield Problem("survey.delay_minutes", "must be between 0 and 10080 minutes")
    if not 1 <= survey.at_once <= 100:
        yield Problem("survey.at_once", "must be between 1 and 100")
    if survey.after_ticket and not any(pbx.trunks for pbx in pbxs):
        yield Problem("survey.after_ticket", "no PBX has trunks to call by", "name them: trunks of [[pbx]]")


def callback_problems(callback: CallbackSettings) -> Iterator[Problem]:
    """Tries, pauses and hours that make no sense."""
    if not 1 <= callback.tries <= 20:
        yield Problem("callback.tries", "must be between 1 and 20")
    if not callback.gap_minutes or not all(1 <= gap <= 10_080 for gap in callback.gap_minutes):
        yield Problem(
            "callback.gap_minutes", "must be pauses between 1 minute and a week", "such as [10, 60]"
        )
    hours = ("first_hour", "last_hour")
    for name in hours:
        if not _TIME.fullmatch(getattr(callback, name)):
            yield Problem(
                f"callback.{name}", f"{getattr(callback, name)!r} is no time", "write it like 08:00"
            )
    sound = all(_TIME.fullmatch(getattr(callback, name)) for name in hours)
    if sound and callback.first_hour >= callback.last_hour:
        yield Problem("callback.last_hour", "must be later than callback.first_hour")
    if not 0 < callback.keep_hours <= 24 * 60:
        yield Problem("callback.keep_hours", "must be above 0 and at most 1440")
    low, high = PRIORITIES
    for name, priority in callback.priorities.items():
        if name not in RANKS:
            yield Problem(f"callback.priorities.{name}", "is no grade", f"use one of {', '.join(RANKS)}")
        if not low <= priority <= high:
            yield Problem(f"callback.priorities.{name}", f"must be between {low} and {high}")
