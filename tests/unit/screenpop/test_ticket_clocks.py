"""Why is this overdue? The page says it stretch by stretch, in both languages."""

import pytest

from config.settings import DeskSettings
from screenpop.pages.clocks import clock_lines, reached, span
from screenpop.render import Renderer
from tests.unit.screenpop.test_render import PlainLabels
from tests.unit.ticketing.shipped import AT, COMPLAINT
from ticketing.clocks import ClockState, Interval, Reading
from ticketing.views import event_label, shown_values

HOUR = 3600.0
LATE = Reading(
    "handle",
    ClockState.RUNNING,
    7 * 7 * 3600,
    "working",
    (
        Interval(AT, AT + HOUR, True, "dispatched", 0.0),
        Interval(AT + HOUR, AT + 9 * HOUR, True, "handling", 6 * HOUR),
        Interval(AT + 9 * HOUR, AT + 20 * HOUR, False, "waiting_customer", 0.0),
        Interval(AT + 20 * HOUR, None, True, "waiting_customer", 44 * HOUR, over_cap=True),
    ),
    elapsed_seconds=50 * HOUR,
    due_at=AT + 60 * HOUR,
    run=1,
    overdue=True,
    unknown_years=(2060,),
)
KEPT = Reading(
    "sign", ClockState.STOPPED, 7200, "working", (Interval(AT, AT + HOUR, True, "dispatched", HOUR),), HOUR
)
AHEAD = Reading("callback", ClockState.NOT_STARTED, 7 * 3600, "working")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "Handle",
                "Overdue",
                "50 hr / 49 hr",
                "outside working time",
                "6 hr counted",
                "stands still",
                "as long as they may (44 hr)",
                "holidays of 2060",
                "Sign",
                "Kept",
            ],
        ),
        (
            "zh_CN",
            [
                "办理",
                "已超时",
                "50小时 / 49小时",
                "非工作时间",
                "计入 6小时",
                "暂停计时",
                "(44小时)",
                "2060 年",
                "签收",
                "按时完成",
            ],
        ),
    ],
)
def test_the_page_says_why(language: str, words: list[str]) -> None:
    renderer = Renderer(DeskSettings(), PlainLabels())
    lines = clock_lines(COMPLAINT, [KEPT, AHEAD, LATE], language)
    assert len(lines) == 2
    page = renderer.page("parts/ticket_clocks.html", language, clocks=lines, now=AT)
    at = 0
    for word in words:
        at = page.find(word, at)
        assert at >= 0, word
    assert "callback" not in page.lower()


def test_without_a_clock_nothing_is_shown() -> None:
    renderer = Renderer(DeskSettings(), PlainLabels())
    assert renderer.page("parts/ticket_clocks.html", "en", clocks=[], now=AT).strip() == ""


def test_lengths_are_read_to_the_minute() -> None:
    assert [span(s, "en") for s in (0, 59.9, 60, 3600, 93_900)] == [
        "0 sec",
        "59 sec",
        "1 min",
        "1 hr",
        "26 hr 5 min",
    ]
    assert span(93_900, "zh_CN") == "26小时5分钟"


def test_a_step_in_the_history_is_named() -> None:
    data = {"clock": "handle", "step": "80%", "run": 1, "refused": "archive"}
    assert event_label(COMPLAINT, "escalate", "zh_CN") == "时限提醒"
    assert shown_values(COMPLAINT, data, "en") == [
        ("Clock", "Handle"),
        ("Step", "80%"),
        ("Not possible", "Archive"),
    ]


@pytest.mark.parametrize(
    ("step", "en", "zh"),
    [
        ("80%", "80% used", "已用80%"),
        ("100%", "time is up", "已到期"),
        ("150%", "150% used", "已用150%"),
        ("+30m", "30 min late", "已超30分钟"),
        ("+1d", "1 day late", "已超1天"),
        ("-1h30m", "1 hr 30 min left", "还剩1小时30分钟"),
        ("of old", "of old", "of old"),
    ],
)
def test_a_step_of_a_clock_is_said_in_words(step: str, en: str, zh: str) -> None:
    renderer = Renderer(DeskSettings(), PlainLabels())
    assert reached(step, "en", renderer.gettext("en")) == en
    assert reached(step, "zh_CN", renderer.gettext("zh_CN")) == zh
