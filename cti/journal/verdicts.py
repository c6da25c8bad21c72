"""Whether each offer of a call was shown to its agent, and if not why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from cti.journal.records import Noted
from cti.journal.story import Story
from cti.messages import Segment


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
