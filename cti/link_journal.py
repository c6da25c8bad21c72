"""What a link notes of itself, so that a surprise can be explained afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from core.clock import Clock
from cti.frames import Fields
from cti.picture import Answers
from cti.vocabulary import AmiError, Message


class LinkJournal(Protocol):
    """Where a link notes what it heard and asked, so that a surprise can be explained. Must neither wait nor raise."""

    def event(self, pbx: str, message: Message, at: float) -> None: ...

    def picture(self, pbx: str, answers: Answers, taken_at: float, at: float) -> None: ...

    def asked(self, pbx: str, fields: Fields, at: float) -> int: ...

    def answered(self, pbx: str, number: int, text: str, at: float) -> None: ...


@contextmanager
def noted(
    journal: LinkJournal | None, pbx: str, fields: Fields, clock: Clock
) -> Iterator[Callable[[str], None]]:
    """Notes an action before it is sent and, at the end of the block, what was said of it last or the error."""
    texts = [""]
    if journal is None:
        yield texts.append
        return
    number = journal.asked(pbx, fields, clock.now())
    try:
        yield texts.append
    except AmiError as error:
        texts.append(str(error))
        raise
    finally:
        journal.answered(pbx, number, texts[-1], clock.now())
