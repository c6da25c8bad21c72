"""A journal through the board again: the same records make the same calls, every time. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from cti import control
from cti.board import Board
from cti.events import AmiEvent
from cti.gaps import LinkLife, lost_at
from cti.journal.records import (
    Ami,
    AnyRecord,
    Asked,
    Event,
    Head,
    Linked,
    Missed,
    Pictured,
    Repaired,
    Rules,
    Seated,
    answers_of,
    message_of,
)
from cti.messages import (
    Call,
    CallAnswered,
    CallChanged,
    CallEnded,
    CallOffered,
    CallStarted,
    DomainEvent,
    LinkState,
    OfferWithdrawn,
    Seat,
    SegmentEnded,
)
from cti.parse import parse
from cti.picture import take_picture

_CALL_EVENTS = (
    CallStarted,
    CallChanged,
    CallOffered,
    OfferWithdrawn,
    CallAnswered,
    SegmentEnded,
    CallEnded,
)
_IDS = ("uniqueid", "linkedid")


class Happened(msgspec.Struct, frozen=True):
    """One record with what followed from it: the typed event (of an event record), the domain events, and the
    channels that it names."""

    record: AnyRecord
    event: AmiEvent | None = None
    told: tuple[DomainEvent, ...] = ()
    channels: tuple[str, ...] = ()


class Replay:
    """A board for each PBX of a journal, and the calls that they made."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        """Every call, as it was last told, by id, in order of their beginning."""
        self.members: defaultdict[str, set[str]] = defaultdict(set)
        """Uniqueids of the channels of each call, by its id."""
        self.counts: Counter[str] = Counter()
        """Records by kind."""
        self.missed = 0
        self._boards: dict[str, Board] = {}
        self._rules: dict[str, Rules] = {}
        self._seats: tuple[Seat, ...] = ()
        self._pictured: set[str] = set()
        self._lives: dict[str, LinkLife] = {}

    def all(self, records: Iterable[AnyRecord]) -> Iterator[Happened]:
        """Each record and what followed from it, in order."""
        for record in records:
            yield self.take(record)

    def take(self, record: AnyRecord) -> Happened:
        self.counts[type(record).__name__] += 1
        match record:
            case Head():
                self._rules |= {rules.name: rules for rules in record.pbxs}
                return self._seat(record, record.seats)
            case Seated():
                return self._seat(record, record.seats)
            case Event():
                return self._event(record)
            case Pictured():
                return self._picture(record)
            case Linked() if record.state == LinkState.DOWN.value:
                self._life(record.pbx).down(record.at)
                return self._kept(record, self._board(record.pbx).gap(record.at))
            case Repaired():
                return self._kept(record, self._board(record.pbx).forget(record.channels, record.at))
            case Asked():
                self._expect(record)
            case Missed():
                self.missed += record.count
            case _:
                pass
        return Happened(record)

    @property
    def surprises(self) -> Counter[str]:
        """What came to the boards that nothing was known about."""
        return sum((board.surprises for board in self._boards.values()), Counter())

    def _board(self, pbx: str) -> Board:
        board = self._boards.get(pbx)
        if board is None:
            rules = self._rules.get(pbx) or Rules(pbx)
            board = Board(pbx, rules.trunks, rules.outside_prefix, rules.wrapup)
            self._boards[pbx] = board
            board.set_seats(self._seats, 0.0)
        return board

    def _life(self, pbx: str) -> LinkLife:
        return self._lives.setdefault(pbx, LinkLife(pbx))

    def _seat(self, record: AnyRecord, seats: tuple[Seat, ...]) -> Happened:
        self._seats = seats
        told = [event for board in self._boards.values() for event in board.set_seats(seats, record.at)]
        return self._kept(record, told)

    def _event(self, record: Event) -> Happened:
        event = parse(message_of(record.ami))
        if event is None:
            return Happened(record)
        board, channels = self._board(record.pbx), _channels(record.ami)
        before = {channel: board.call_with(channel) for channel in channels}
        told = board.apply(event, record.at)
        for channel in channels:
            call = board.call_with(channel) or before[channel]
            if call is not None:
                self.members[call].add(channel)
        happened = self._kept(record, told)
        return msgspec.structs.replace(happened, event=event, channels=channels)

    def _picture(self, record: Pictured) -> Happened:
        """A picture that a new file begins with says nothing new to who has read the file before."""
        if record.why == "file" and record.pbx in self._pictured:
            return Happened(record)
        self._pictured.add(record.pbx)
        board = self._board(record.pbx)
        picture = take_picture(answers_of(record.lists), record.taken_at)
        gap = self._life(record.pbx).pictured(picture.startup, record.at)
        happened = self._kept(record, board.resync(picture, {}, record.at, lost_at(gap, record.at)))
        channels = tuple(seen.chan.uniqueid for seen in picture.channels)
        for channel in channels:
            self.members[board.call_with(channel) or ""].add(channel)
        return msgspec.structs.replace(happened, channels=channels)

    def _expect(self, record: Asked) -> None:
        """A call that we had made: its channel has the id that we gave, and what it dials is in the action."""
        fields = dict(record.ami)
        if fields.get("Action") != "Originate" or "ChannelId" not in fields or "Exten" not in fields:
            return
        rules = self._rules.get(record.pbx) or Rules(record.pbx)
        dialled = fields["Exten"].removeprefix(rules.outside_prefix)
        self._board(record.pbx).expect(control.identifier(fields["ChannelId"]), dialled)

    def _kept(self, record: AnyRecord, told: Iterable[DomainEvent]) -> Happened:
        told = tuple(told)
        for event in told:
            if isinstance(event, _CALL_EVENTS):
                self.calls[event.call.id] = event.call
        return Happened(record, None, told)


def _channels(ami: Ami) -> tuple[str, ...]:
    """Uniqueids and Linkedids in a message, each once; those of bridges are none."""
    found = (
        value
        for key, value in ami
        if value and key.casefold().endswith(_IDS) and "bridge" not in key.casefold()
    )
    return tuple(dict.fromkeys(found))
