"""The story of one call out of a journal: steps with their times, and for each offer whether it was shown. Pure.

A step is a code and what belongs into its sentence; the sentences are in `screenpop.story`, in each language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from cti import events as ami
from cti.journal.records import Answered, AnyRecord, Asked, Event, Linked, Missed, Noted, Pictured, Repaired
from cti.journal.replay import Happened
from cti.messages import (
    Call,
    CallAnswered,
    CallEnded,
    CallOffered,
    CallStarted,
    DomainEvent,
    OfferWithdrawn,
    Segment,
    SegmentEnded,
)


class Step(msgspec.Struct, frozen=True):
    """One thing that happened. `call` is the id where it happened to another call of the family."""

    at: float
    code: str
    args: dict[str, str] = {}
    call: str = ""


class Story:
    """Takes a journal's records in order and keeps what concerns the calls `family`, of which `main` is the one asked
    for."""

    def __init__(self, main: Call, family: frozenset[str], members: frozenset[str]) -> None:
        self.steps: list[Step] = []
        self.notes: list[Noted] = []
        self.raw: list[Happened] = []
        self.segments: dict[str, tuple[Call, Segment]] = {}
        """Every segment of the family as it was last told, by its id."""
        self._main, self._family, self._members = main, family, members
        self._last: dict[str, Call] = {}
        self._asked: dict[int, Asked] = {}
        self._names: set[str] = set()
        """Names of the family's channels."""
        self._pictured = False

    def take(self, happened: Happened) -> None:
        record = happened.record
        if self._members.intersection(happened.channels):
            self.raw.append(happened)
            self._learn_names(record)
        self._phone(happened.event, record.at)
        for event in happened.told:
            self._domain(event, record.at)
        match record:
            case Noted() if record.call in self._family or record.what == "browsers":
                self.notes.append(record)
                self._noted(record)
            case Asked() if self._concerns(record):
                self._asked[record.number] = record
                self._add(record.at, "asked", action=dict(record.ami).get("Action", ""))
            case Answered() if record.number in self._asked:
                asked = dict(self._asked[record.number].ami)
                self._add(record.at, "asked_answer", action=asked.get("Action", ""), text=record.text)
            case Linked() if self._alive(record.at) and record.pbx == self._main.pbx:
                if record.state in ("down", "up"):
                    self._add(record.at, f"link_{record.state}", pbx=record.pbx, detail=record.detail)
            case Missed() if self._alive(record.at):
                self._add(record.at, "missed", count=str(record.count))
            case Repaired() if self._members.intersection(record.channels):
                self._add(record.at, "ghost")
            case Pictured() if not self._pictured and self._members.intersection(happened.channels):
                self._pictured = True
                if not any(step.code == "began" for step in self.steps):
                    self._add(record.at, "begins_in_the_middle")
            case _:
                pass

    # what happened on the telephone

    def _domain(self, event: DomainEvent, at: float) -> None:
        call = getattr(event, "call", None)
        if not isinstance(call, Call) or call.id not in self._family:
            return
        before, self._last[call.id] = self._last.get(call.id), call
        for segment in call.segments:
            self.segments[segment.id] = (call, segment)
        match event:
            case CallStarted():
                self._began(call, at)
            case CallOffered(_, segment):
                self._of(call, at, "offered", segment)
            case CallAnswered(_, segment):
                self._of(call, at, "reached" if segment.how.value == "outbound" else "answered", segment)
            case OfferWithdrawn(_, segment):
                self._of(call, at, "withdrawn", segment)
            case SegmentEnded(_, segment):
                self._of(call, at, "left", segment)
            case _:
                pass
        if before is not None or isinstance(event, CallStarted):
            self._changes(before, call, at)
        if isinstance(event, CallEnded):
            self._ended(call, at)

    def _began(self, call: Call, at: float) -> None:
        who = call.caller.number or "?"
        self._add(
            at, "began", call, kind=call.direction.value, who=who, name=call.caller.name, to=call.dialled
        )

    def _changes(self, before: Call | None, call: Call, at: float) -> None:
        """What has no event of its own: the queue, hold."""
        if call.queue and (before is None or before.queue != call.queue) and call.queued_at is not None:
            self._add(at, "queued", call, queue=call.queue)
        if before is None:
            return
        held = {segment.id: segment.held_since for segment in before.segments}
        for segment in call.segments:
            if segment.ended_at is None and segment.held_since != held.get(segment.id):
                self._of(call, at, "held" if segment.held_since is not None else "resumed", segment)

    def _ended(self, call: Call, at: float) -> None:
        outcome = call.outcome.value if call.outcome else ""
        self._add(
            at,
            "ended" if call.id == self._main.id else "aside_ended",
            call,
            outcome=outcome,
            wait=f"{call.wait_seconds:.1f}",
            talk=f"{call.talk_seconds:.1f}",
            hold=f"{call.hold_seconds:.1f}",
        )

    def _of(self, call: Call, at: float, code: str, segment: Segment) -> None:
        self._add(
            at,
            code,
            call,
            agent=segment.agent or "",
            interface=segment.interface,
            how=segment.how.value,
            queue=segment.queue or "",
            reason=segment.end_reason.value if segment.end_reason else "",
            seconds=f"{at - segment.offered_at:.1f}",
        )

    def _phone(self, event: ami.AmiEvent | None, at: float) -> None:
        """Asterisk's own words for what hands change."""
        match event:
            case ami.BlindTransfer() if event.transferer.uniqueid in self._members:
                result = event.result.casefold()
                self._add(at, "blind", interface=_phone_of(event.transferer), to=event.exten, result=result)
            case ami.AttendedTransfer() if self._members.intersection(
                (event.orig_transferer.uniqueid, event.second_transferer.uniqueid)
            ):
                result = event.result.casefold()
                self._add(
                    at,
                    "attended",
                    interface=_phone_of(event.orig_transferer),
                    kind=event.dest_type,
                    result=result,
                )
            case ami.Pickup() if event.target.uniqueid in self._members:
                self._add(at, "pickup", interface=_phone_of(event.chan), target=_phone_of(event.target))
            case ami.ParkedCall() if event.parkee.uniqueid in self._members:
                by = "" if event.retriever is None else _phone_of(event.retriever)
                self._add(at, f"parking_{event.kind.casefold()}", space=event.space, interface=by)
            case _:
                pass

    # what we did

    def _noted(self, note: Noted) -> None:
        more = note.more
        if note.what == "pop":
            told = "pop_loading" if "loading" in more else "pop"
            code = told if more.get("browsers") != "0" else "pop_unseen"
            self._add(
                note.at, code, user=note.user, browsers=more.get("browsers", ""), match=more.get("match", "")
            )
        elif note.what == "no_pop":
            self._add(
                note.at, f"no_pop_{more.get('why')}", user=note.user, interface=more.get("interface", "")
            )
        elif note.what == "pop.withdrawn":
            self._add(note.at, "pop_withdrawn", user=note.user, reason=more.get("reason", ""))

    def _concerns(self, asked: Asked) -> bool:
        """An action on a channel of the family, or the one that made it."""
        fields = dict(asked.ami)
        return fields.get("ChannelId", "") in self._members or fields.get("Channel", "") in self._names

    def _learn_names(self, record: AnyRecord) -> None:
        if not isinstance(record, Event):
            return
        headers = dict(record.ami)
        for key, name in headers.items():
            prefix = key.removesuffix("Channel")
            if prefix != key and headers.get(f"{prefix}Uniqueid") in self._members:
                self._names.add(name)

    def _alive(self, at: float) -> bool:
        ended = self._main.ended_at
        return self._main.started_at <= at and (ended is None or at <= ended)

    def _add(self, at: float, code: str, call: Call | None = None, **args: str) -> None:
        other = "" if call is None or call.id == self._main.id else call.id
        self.steps.append(Step(at, code, args, other))


class Verdict(msgspec.Struct, frozen=True):
    """What became of one offer on its agent's screen."""

    agent: str
    interface: str
    code: str
    args: dict[str, str] = {}


def verdicts(story: Story, noted: bool, patience: float) -> Iterator[Verdict]:
    """For each offer of the family, whether it popped and at whom. `noted`: the journal has notes of pops at all;
    `patience` is how long a card may wait for the caller's record, in seconds.
    """
    for call, segment in sorted(story.segments.values(), key=lambda item: (item[1].offered_at, item[1].id)):
        own = [note for note in story.notes if note.more.get("pop") == f"pop-{segment.id}"]
        pop = next((note for note in own if note.what == "pop"), None)
        if segment.how.value == "outbound" and pop is None:
            continue
        agent = segment.agent or ""
        if pop is not None:
            code, args = _shown(story.notes, pop, segment)
        elif any(note.what == "no_pop" for note in own) or call.direction.value == "internal":
            why = next((n.more.get("why", "") for n in own if n.what == "no_pop"), "internal")
            code, args = f"no_pop_{why}", {}
        elif not segment.agent:
            code, args = "no_pop_no_user", {}
        elif noted and segment.ended_at is not None and segment.ended_at - segment.offered_at <= patience:
            code, args = "too_short", {"seconds": f"{segment.ended_at - segment.offered_at:.1f}"}
        else:
            code, args = ("not_shown" if noted else "not_noted"), {}
        yield Verdict(agent, segment.interface, code, args)


def _shown(notes: Iterable[Noted], pop: Noted, segment: Segment) -> tuple[str, dict[str, str]]:
    late = f"{max(0.0, pop.at - segment.offered_at):.1f}"
    if pop.more.get("browsers") != "0":
        return "popped", {"browsers": pop.more.get("browsers", ""), "seconds": late}
    until = segment.ended_at if segment.ended_at is not None else float("inf")
    for note in notes:
        came = note.what == "browsers" and note.user == pop.user and note.more.get("browsers") != "0"
        if came and pop.at <= note.at <= until:
            return "popped_when_opened", {"seconds": f"{note.at - segment.offered_at:.1f}"}
    return "no_browser", {}


def _phone_of(chan: ami.Chan) -> str:
    return chan.name.rpartition("-")[0] or chan.name
