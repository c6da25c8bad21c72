"""The pops of all agents: follows offers, looks the caller up before any phone rings, and tells the offered agent.

A record that is there when the offer comes is shown in the same step; one that is late is waited for until the
deadline, then the pop is shown with what the line says and filled in afterwards.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.bus import Bus
from core.clock import iso
from core.errors import Conflict, NotFound
from cti import messages as cti
from screenpop.around import Around
from screenpop.handing import asker
from screenpop.lookups import Changed, Lookups
from screenpop.pops import Others, Pop, build, pop_id, unknown_yet, who, withdrawal
from screenpop.session import Audience

KEPT_SECONDS = 1800
"""How long the card of an ended call stays for an agent who does not close it."""
KEPT_POPS = 12
"""How many cards of ended calls one agent keeps; the oldest go first."""


class Open:
    """One pop: its offer as last heard and whether the agent was told."""

    def __init__(self, call: cti.Call, segment: cti.Segment) -> None:
        self.call = call
        self.segment = segment
        self.told: Pop | None = None


class Popper:
    """Keeps every open pop and sends each to its agent only."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._hub = around.hub
        self._lookups = Lookups(around.records, around.tasks, around.deadline, self.work_changed, self.call)
        self._lookups.chosen = lambda call_id: around.works.chosen_of(call_id)[0]
        self._open: dict[str, Open] = {}
        self._by_call: dict[str, dict[str, Open]] = {}

    def subscribe(self, bus: Bus) -> None:
        """Follow calls and their offers."""
        bus.subscribe(cti.CallStarted, lambda event: self.started(event.call))
        bus.subscribe(cti.CallChanged, lambda event: self.changed(event.call))
        bus.subscribe(cti.CallOffered, lambda event: self.offered(event.call, event.segment))
        bus.subscribe(cti.CallAnswered, lambda event: self.offered(event.call, event.segment))
        bus.subscribe(cti.OfferWithdrawn, lambda event: self.withdrawn(event.call, event.segment))
        bus.subscribe(cti.SegmentEnded, lambda event: self.ended(event.call, event.segment))
        bus.subscribe(cti.CallEnded, lambda event: self.call_ended(event.call))

    def pops_of(self, user: str, language: str) -> list[dict[str, Any]]:
        """The user's pops for a snapshot, oldest first, each with its card in `language`."""
        told = [pop.told for pop in self._open.values() if pop.told is not None and pop.told.user == user]
        return [{**msgspec.to_builtins(pop), "html": self._around.render(pop, language)} for pop in told]

    def pop(self, user: str, id_: str) -> Pop:
        """The user's own pop; NotFound for anything else."""
        found = self._open.get(id_)
        if found is None or found.told is None or found.told.user != user:
            raise NotFound("There is no such pop on your desk.")
        return found.told

    def started(self, call: cti.Call) -> None:
        """Begin to fetch what is known of the caller. A call-back is shown while the agent's own phone rings for it:
        it is the agent who has not asked for this call.
        """
        self.look_up(call)
        if call.segments and self._around.callback_of(call.id) is not None:
            self.offered(call, call.segments[0])

    def look_up(self, call: cti.Call) -> None:
        """Begin to fetch what is known of the caller."""
        if call.direction is cti.Direction.INTERNAL or self._lookups.of_call(call.id) is not None:
            return
        self._lookups.fetch(call)

    def changed(self, call: cti.Call) -> None:
        """Fetch again where the caller's number or name was learned later; refresh the pops."""
        known = self._lookups.of_call(call.id)
        if call.direction is not cti.Direction.INTERNAL and (known is None or known.number != who(call)):
            self._lookups.fetch(call)
        for open_ in self._of_call(call.id):
            if open_.call.caller != call.caller:
                open_.call = call
                self._tell(open_)
        self._follow(call)

    def offered(self, call: cti.Call, segment: cti.Segment) -> None:
        """The agent's phone rings, or was answered: show the card, or open it."""
        if segment.agent is not None and call.direction is not cti.Direction.INTERNAL:
            self.look_up(call)
            id_ = pop_id(segment)
            open_ = self._open.setdefault(id_, Open(call, segment))
            self._by_call.setdefault(call.id, {})[id_] = open_
            open_.call, open_.segment = call, segment
            self._tell(open_)
            if segment.answered_at is not None:
                self._put_older_away(open_)
        self._follow(call)

    def withdrawn(self, call: cti.Call, segment: cti.Segment) -> None:
        """The phone rings no more: the card goes, with the reason."""
        reason = withdrawal(segment)
        self._close(pop_id(segment), reason, self._who_asked(call, segment) if reason == "cancelled" else "")
        self._follow(call)

    def ended(self, call: cti.Call, segment: cti.Segment) -> None:
        """The agent has hung up: the card stays, marked, until the agent closes it. Who was only asked never had the
        customer, and its card goes with the question.
        """
        open_ = self._open.get(pop_id(segment))
        if open_ is not None and asker(call, segment) is not None:
            self._close(pop_id(segment), "cancelled", self._who_asked(call, segment))
        elif open_ is not None:
            open_.call, open_.segment = call, segment
            self._tell(open_)
            self._trim(segment.agent)
        self._follow(call)

    def call_ended(self, call: cti.Call) -> None:
        """No ringing card outlives its call, whatever the PBX left unsaid."""
        for open_ in self._of_call(call.id):
            open_.call = call
            if call.joined:  # it was a question about another call, whose card goes on
                self._close(pop_id(open_.segment), "transferred")
            elif open_.segment.answered_at is None:
                # Of a call-back nobody knows here who did not pick up; the list of call-backs does.
                asked = self._around.callback_of(call.id) is not None
                self._close(pop_id(open_.segment), "cancelled" if asked else "caller_hung_up")
            elif open_.segment.ended_at is None:
                self.ended(call, msgspec.structs.replace(open_.segment, ended_at=call.ended_at))
        self._follow(call)
        if not self._of_call(call.id):
            self._lookups.forget(call.id)

    def work_changed(self, call_id: str) -> None:
        """Somebody wrote something in the call, or the caller's record came: whoever has its card sees it."""
        for open_ in self._of_call(call_id):
            self._tell(open_)

    def customer_chosen(self, call_id: str) -> None:
        """An agent has found out who is calling: so it is on every card of the call."""
        opens = self._of_call(call_id)
        if opens:
            self._lookups.fetch(opens[0].call)

    def call(self, call_id: str) -> cti.Call | None:
        """The call as its cards have it, also when it is over; None where there is no card."""
        opens = self._of_call(call_id)
        return opens[0].call if opens else None

    def _follow(self, call: cti.Call) -> None:
        """Cards of a call that more than one agent has to do with show where the customer is now."""
        opens = self._of_call(call.id)
        if len(call.segments) < 2 and not any(o.segment.ended_at for o in opens):
            return
        segments = {segment.id: segment for segment in call.segments}
        for open_ in opens:
            open_.call = call
            open_.segment = segments.get(open_.segment.id, open_.segment)
            self._tell(open_)

    def _put_older_away(self, open_: Open) -> None:
        """The customer has come back to the agent: one card of the call is enough."""
        for id_, other in list(self._by_call.get(open_.call.id, {}).items()):
            same = other is not open_ and other.segment.agent == open_.segment.agent
            if same and other.segment.ended_at is not None:
                self._close(id_, "cancelled")

    def close(self, user: str, id_: str) -> None:
        """The agent puts the card away; refused while the call still goes on, for the card is all it has of it."""
        pop = self.pop(user, id_)
        if pop.ended_at is None:
            raise Conflict("The card stays while the call goes on.", code="call_goes_on")
        self._close(pop.pop_id, "cancelled")

    def refresh(self, changed: Changed) -> None:
        """Read again what the cards show of it, and what they will show."""
        self._lookups.refresh(changed)

    def expire(self, now: float) -> None:
        """Put away the cards of calls that ended more than `KEPT_SECONDS` ago."""
        for id_, open_ in list(self._open.items()):
            ended_at = open_.segment.ended_at
            if ended_at is not None and now - ended_at > KEPT_SECONDS:
                self._close(id_, "cancelled")

    def _tell(self, open_: Open) -> None:
        known = self._lookups.of_call(open_.call.id)
        context = known.context() if known else unknown_yet(who(open_.call))
        user = open_.segment.agent
        if context is None or user is None:
            return
        language = self._hub.language_of(user, self._around.default_language)
        pop = build(
            open_.call, open_.segment, context, self._around.state_label(language), self._others(open_)
        )
        if pop == open_.told:
            return
        kind = "pop" if open_.told is None else "pop.updated"
        open_.told = pop
        body = {"data": msgspec.to_builtins(pop), "html": self._around.render(pop, language)}
        self._hub.publish(kind, body, Audience(frozenset({user})), iso(self._around.clock.now()))
        self._around.works.shown(open_.call.id, user)

    def _others(self, open_: Open) -> Others:
        callback = self._around.callback_of(open_.call.id)
        ivr = self._around.ivr_of(open_.call.id, open_.segment.offered_at)
        works = self._around.works.of_call(open_.call.id)
        return Others(works, self._around.person, callback, ivr)

    def _who_asked(self, call: cti.Call, segment: cti.Segment) -> str:
        """The name of the colleague who thought better of it; empty where none had asked."""
        user = asker(call, segment)
        return self._around.person(user) if user else ""

    def _close(self, id_: str, reason: str, by: str = "") -> None:
        open_ = self._open.pop(id_, None)
        if open_ is None:
            return
        if open_.told is not None:
            data = {"pop_id": id_, "call_id": open_.call.id, "reason": reason}
            if by:
                data["by"] = by
            audience = Audience(frozenset({open_.told.user}))
            self._hub.publish("pop.withdrawn", {"data": data}, audience, iso(self._around.clock.now()))
        same_call = self._by_call[open_.call.id]
        del same_call[id_]
        user = open_.segment.agent
        if user is not None and all(other.segment.agent != user for other in same_call.values()):
            self._around.works.put_away(open_.call.id, user)
        if not same_call:
            del self._by_call[open_.call.id]
            if open_.call.ended_at is not None:
                self._lookups.forget(open_.call.id)

    def _trim(self, user: str | None) -> None:
        ended = [
            id_ for id_, o in self._open.items() if o.segment.agent == user and o.segment.ended_at is not None
        ]
        for id_ in ended[:-KEPT_POPS]:
            self._close(id_, "cancelled")

    def _of_call(self, call_id: str) -> list[Open]:
        return list(self._by_call.get(call_id, {}).values())
