"""What is noted of pops: whom they went to, and why there was none."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cti import messages as cti
from screenpop.hub import Connection
from screenpop.session import Viewer
from screenpop.witness import Witness
from tests.unit.screenpop.fakes import KNOWN, Desk, call


class Notebook:
    def __init__(self) -> None:
        self.notes: list[tuple[str, str, str, dict[str, str]]] = []

    def note(self, at: float, what: str, call: str = "", user: str = "", **more: str) -> None:
        self.notes.append((what, call, user, more))

    def of(self, what: str) -> list[tuple[str, dict[str, str]]]:
        return [(user, more) for found, _, user, more in self.notes if found == what]


@pytest.fixture
def noted() -> tuple[Desk, Notebook]:
    desk, book = Desk(), Notebook()
    Witness(desk.hub, book, desk.clock).subscribe(desk.bus)
    return desk, book


def segment(**changes: Any) -> cti.Segment:
    plain = cti.Segment("main-1.1-1", "PJSIP/1001", "anna", "service", cti.How.QUEUE, 1_780_000_001.0)
    return msgspec.structs.replace(plain, **changes)


def offer(desk: Desk, one: cti.Segment, **changes: Any) -> None:
    desk.bus.publish(cti.CallOffered(call(segments=(one,), **changes), one))


async def test_a_pop_is_noted_with_the_browsers_that_it_went_to(noted: tuple[Desk, Notebook]) -> None:
    desk, book = noted
    windows = [Connection(Viewer("anna"), "en", None) for _ in range(2)]
    for window in windows:
        desk.hub.add(window)
    offer(desk, segment())
    await desk.records.answer(KNOWN)
    assert book.of("pop") == [
        ("anna", {"browsers": "2", "pop": "pop-main-1.1-1", "stage": "ringing", "match": "one"})
    ]
    desk.hub.remove(windows[0])
    assert [more["browsers"] for _, more in book.of("browsers")] == ["1", "2", "1"]


async def test_a_pop_that_did_not_wait_for_the_record_is_noted_as_such(
    noted: tuple[Desk, Notebook],
) -> None:
    desk, book = noted
    desk.hub.add(Connection(Viewer("anna"), "en", None))
    offer(desk, segment())
    await desk.records.fail()
    ((user, more),) = book.of("pop")
    assert (user, more["loading"]) == ("anna", "yes")


async def test_why_there_is_no_pop_is_noted(noted: tuple[Desk, Notebook]) -> None:
    desk, book = noted
    offer(desk, segment(agent=None, interface="PJSIP/1009"))
    offer(desk, segment(), direction=cti.Direction.INTERNAL)
    assert [(user, more["why"], more["interface"]) for user, more in book.of("no_pop")] == [
        ("", "no_user", "PJSIP/1009"),
        ("anna", "internal", "PJSIP/1001"),
    ]
    assert book.of("pop") == []
