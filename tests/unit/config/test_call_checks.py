"""Settings of calls that the server starts: what makes no sense is named with its place."""

from __future__ import annotations

import pytest

from config.call_checks import callback_problems, dial_problems, survey_problems
from config.settings import CallbackSettings, DialSettings, PbxSettings, SurveySettings


def test_the_defaults_are_sound() -> None:
    assert list(dial_problems(DialSettings())) == []
    assert list(callback_problems(CallbackSettings())) == []
    assert list(survey_problems(SurveySettings(), ())) == []
    trunk = PbxSettings("main", trunks=("PJSIP/trunk",))
    assert list(survey_problems(SurveySettings(after_ticket=True), (trunk,))) == []


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (DialSettings(allow=("8610",)), "dial.allow"),
        (DialSettings(deny=("+0",)), "dial.deny"),
        (DialSettings(per_hour=-1), "dial.per_hour"),
        (CallbackSettings(tries=0), "callback.tries"),
        (CallbackSettings(gap_minutes=()), "callback.gap_minutes"),
        (CallbackSettings(gap_minutes=(0.5,)), "callback.gap_minutes"),
        (CallbackSettings(first_hour="8:00"), "callback.first_hour"),
        (CallbackSettings(last_hour="25:00"), "callback.last_hour"),
        (CallbackSettings(first_hour="21:00", last_hour="08:00"), "callback.last_hour"),
        (CallbackSettings(keep_hours=0), "callback.keep_hours"),
        (CallbackSettings(priorities={"vip": 101}), "callback.priorities.vip"),
        (CallbackSettings(priorities={"D": 1}), "callback.priorities.D"),
        (SurveySettings(flow="x y"), "survey.flow"),
        (SurveySettings(context="a,b"), "survey.context"),
        (SurveySettings(delay_minutes=-1), "survey.delay_minutes"),
        (SurveySettings(at_once=0), "survey.at_once"),
        (SurveySettings(after_ticket=True), "survey.after_ticket"),
    ],
)
def test_what_makes_no_sense_is_named(
    settings: DialSettings | CallbackSettings | SurveySettings, where: str
) -> None:
    match settings:
        case DialSettings():
            found = list(dial_problems(settings))
        case CallbackSettings():
            found = list(callback_problems(settings))
        case _:
            found = list(survey_problems(settings, ()))
    assert [problem.where for problem in found] == [where]
