"""What agents write in a call: the last writer wins and is told what it replaced; hostile text is kept out."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from screenpop import work as w
from screenpop.work import Work, chosen, with_customer, with_draft, with_note, with_ticket

WORK = Work("main-1.1", "anna")


def test_each_part_has_a_version_of_its_own() -> None:
    drafted = with_draft(WORK, {"subject": "Meter"}, 0, "", 5.0).work
    noted = with_note(drafted, "speaks softly", 0, 6.0)
    assert (noted.work.draft_version, noted.work.note_version, noted.work.version) == (1, 1, 2)
    assert (noted.work.draft_at, noted.work.note_at, noted.work.updated_at) == (5.0, 6.0, 6.0)
    assert noted.replaced == w.Replaced()


def test_the_last_writer_wins_and_gets_what_it_replaced() -> None:
    one = with_draft(WORK, {"subject": "one"}, 0, "", 5.0).work
    two = with_draft(one, {"subject": "two"}, 0, "", 6.0)
    assert two.work.draft == {"subject": "two"}
    assert two.replaced.draft == {"subject": "one"}
    note = with_note(with_note(WORK, "one", 0, 5.0).work, "two", 0, 6.0)
    assert (note.work.note, note.replaced.note) == ("two", "one")


@pytest.mark.parametrize(("base", "draft"), [(1, {"subject": "two"}), (0, {"subject": "one"})])
def test_nothing_is_lost_where_the_writer_knew_it_or_wrote_the_same(base: int, draft: w.Draft) -> None:
    one = with_draft(WORK, {"subject": "one"}, 0, "", 5.0).work
    assert with_draft(one, draft, base, "", 6.0).replaced == w.Replaced()


def test_control_characters_go_and_lines_stay() -> None:
    hostile = "a\x00b\x1b[31m\r\nc\td\u2028\ud800"
    assert with_note(WORK, hostile, 0, 1.0).work.note == "ab[31m\nc\td"
    assert with_draft(WORK, {"body": hostile}, 0, "", 1.0).work.draft == {"body": "ab[31m\nc\td"}


@pytest.mark.parametrize(
    "draft",
    [
        {"body": "字" * (w.DRAFT_CHARS + 1)},
        {f"f{n}": "" for n in range(w.FIELDS_MOST + 1)},
        {"<script>": "x"},
        {"n" * (w.NAME_CHARS + 1): "x"},
        {"": "x"},
        {"a\n": "x"},
    ],
    ids=["long", "many", "name", "long name", "no name", "line in name"],
)
def test_what_no_form_can_send_is_refused(draft: w.Draft) -> None:
    with pytest.raises(Invalid):
        with_draft(WORK, draft, 0, "", 1.0)


def test_an_endless_note_is_refused() -> None:
    assert len(with_note(WORK, "字" * w.NOTE_CHARS, 0, 1.0).work.note) == w.NOTE_CHARS
    with pytest.raises(Invalid):
        with_note(WORK, "字" * (w.NOTE_CHARS + 1), 0, 1.0)


def test_a_sent_draft_is_gone_and_the_note_stays() -> None:
    one = with_note(with_draft(WORK, {"subject": "one"}, 0, "ben", 5.0).work, "n", 0, 6.0).work
    sent = with_ticket(one, "t1", 7.0)
    assert (sent.draft, sent.origin, sent.ticket_id, sent.note) == ({}, "", "t1", "n")
    assert sent.version > one.version


def test_the_latest_choice_of_a_customer_counts() -> None:
    assert chosen([WORK]) == ("", "")
    ben = with_customer(Work("main-1.1", "ben"), "c2", 9.0)
    assert chosen([with_customer(WORK, "c1", 8.0), ben]) == ("c2", "ben")
