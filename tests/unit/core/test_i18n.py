"""Catalogues in memory, and times and numbers in two languages."""

from pathlib import Path

import pytest

from core.i18n import Translator, catalogue, clock_text, pick_language
from tests.conftest import START

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Ready"
msgstr "示闲"

msgid "%d call"
msgid_plural "%d calls"
msgstr[0] "%d 通电话"

#, fuzzy
msgid "Pause"
msgstr "猜的"
"""


@pytest.fixture
def locale_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "desk.po").write_text(PO, "utf-8")
    return tmp_path


def test_texts_come_from_the_po_file(locale_dir: Path) -> None:
    chinese = Translator("zh_CN", catalogue(locale_dir, "desk", "zh_CN"))
    assert chinese.gettext("Ready") == "示闲"
    assert chinese.ngettext("%d call", "%d calls", 2) == "%d 通电话"
    assert chinese.gettext("Unknown") == "Unknown"
    assert chinese.gettext("Pause") == "Pause", "a fuzzy entry is a guess of a tool"


def test_a_language_without_a_file_keeps_the_texts(locale_dir: Path) -> None:
    english = catalogue(locale_dir, "desk", "en")
    assert english.gettext("Ready") == "Ready"
    assert english.ngettext("%d call", "%d calls", 1) == "%d call"


def test_a_broken_file_is_not_passed_over(locale_dir: Path) -> None:
    (locale_dir / "zh_CN" / "LC_MESSAGES" / "desk.po").write_text("this is no catalogue\n", "utf-8")
    with pytest.raises(ValueError, match="is no catalogue"):
        catalogue(locale_dir, "desk", "zh_CN")


def test_times_are_local_and_in_the_languages_order() -> None:
    chinese = Translator("zh_CN", time_zone="Asia/Shanghai")
    assert chinese.date(START) == "2026年1月31日"
    assert chinese.time(START) == "16:00"
    assert "2026" in Translator("en").moment(START)
    assert Translator("en").number(1234567.5) == "1,234,567.5"
    assert Translator("en").percent(0.8056) == "80.6%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0:00"), (7.9, "0:07"), (59, "0:59"), (60, "1:00"), (3599, "59:59"), (3723, "1:02:03")],
)
def test_running_times(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


@pytest.mark.parametrize(
    ("preferred", "accepted", "picked"),
    [
        ("zh_CN", "en", "zh_CN"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("", "fr, en-GB;q=0.5, zh;q=0.4", "en"),
        ("", "en;q=0, zh-Hans", "zh_CN"),
        ("xx", "fr", "en"),
        ("", ";q=x,,;;", "en"),
        ("", "", "en"),
    ],
)
def test_the_language_of_a_page(preferred: str, accepted: str, picked: str) -> None:
    assert pick_language(preferred, accepted) == picked


def test_the_installations_language_is_the_last_resort() -> None:
    assert pick_language("", "fr", "zh_CN") == "zh_CN"
