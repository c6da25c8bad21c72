"""The board of one PBX: typed events in, domain events out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from cti.board import ghosts, queueing
from cti.board import picture as anew
from cti.board.state import State
from cti.board.table import TABLE
from cti.drift import Belief
from cti.duty import Duty
from cti.events import AmiEvent, Member
from cti.messages import Agent, Call, DomainEvent, Queue, Seat, Snapshot, Waiting
from cti.seen import Picture, SeenEntry

_EXPECTED = 256  # dialled numbers that are remembered until their channel comes


class Board:
    """What is believed of one PBX. Times are epoch seconds of our clock and never go into a decision but as given.

    `trunks` are endpoints that lead outside, such as PJSIP/trunk; `outside_prefix` is what the dialplan wants in
    front of an outside number, and is taken off what was dialled; `wrapup` is each queue's wrap-up in seconds,
    which counts for members that have none of their own. Every call of a method returns what has changed,
    whole objects, in order: applied to an older `snapshot` they give the present one. Nothing here raises for what
    a PBX sends; what surprises is counted in `surprises` by name.
    """

    def __init__(
        self,
        pbx: str,
        trunks: Iterable[str] = (),
        outside_prefix: str = "",
        wrapup: Mapping[str, float] | None = None,
    ) -> None:
        self._state = State(pbx, frozenset(trunks), outside_prefix, dict(wrapup or {}))

    @property
    def pbx(self) -> str:
        return self._state.pbx

    @property
    def surprises(self) -> Counter[str]:
        """How often each thing came that nothing was known about."""
        return self._state.surprises

    def apply(self, event: AmiEvent, at: float) -> list[DomainEvent]:
        """What the event, received at `at`, has changed."""
        handler = TABLE.get(type(event))
        if handler is None:
            self._state.surprises[type(event).__name__] += 1
            return []
        handler(self._state, event, at)
        return self._state.flush(at)

    def resync(
        self, picture: Picture, remembered: Mapping[str, Call], at: float, lost_at: float | None = None
    ) -> list[DomainEvent]:
        """Makes the board what the picture shows. `remembered` are calls that the store holds as live, by id.

        Calls that the PBX no longer has end as lost; those that go on are marked incomplete, for some of what
        happened to them was not seen. `lost_at` is when the lost ones ended, where that is known to be before `at`.
        """
        anew.resync(self._state, picture, remembered, at, at if lost_at is None else lost_at)
        return self._state.flush(at)

    def set_seats(self, seats: Iterable[Seat], at: float) -> list[DomainEvent]:
        """The users and their phones, all of them; those of other PBXs are passed over."""
        state = self._state
        before = {user: desk.seat for user, desk in state.desks.by_user.items()}
        for user in state.desks.seat(s for s in seats if s.pbx == state.pbx):
            state.drop_user(user)
        for desk in state.desks.by_user.values():
            desk.members.clear()
            if before.get(desk.seat.user) != desk.seat:
                state.touch_desk(desk)
        for line in state.lines.values():
            for member in tuple(line.members.values()):
                queueing.put_member(state, member)
        return state.flush(at)

    def set_duties(self, duties: Mapping[str, Duty], at: float) -> list[DomainEvent]:
        """The duty of each user who has one. A pause that is asked for ends the wrap-up."""
        state = self._state
        for desk in state.desks.by_user.values():
            duty = duties.get(desk.seat.user)
            if duty == desk.duty:
                continue
            desk.duty = duty
            if duty is None or not duty.signed_in or duty.paused:
                state.desks.end_wrap_up(desk)
            state.touch_desk(desk)
        return state.flush(at)

    def expect(self, channel_id: str, to: str) -> None:
        """We have asked the PBX to call a phone by a channel of this id, and to dial `to` from there."""
        dialled = self._state.dialled
        if len(dialled) >= _EXPECTED:
            del dialled[next(iter(dialled))]
        dialled[channel_id] = to

    def prefer(self, uniqueid: str, priority: int) -> None:
        """Whoever put this caller into a queue, or is about to, says with which priority: no event of the PBX does."""
        leg = self._state.legs.get(uniqueid)
        if leg is not None:
            leg.priority = priority

    def listed(self, entries: Iterable[SeenEntry]) -> None:
        """The priorities of those who wait, as the PBX's own list has them, whatever gave them theirs."""
        for entry in entries:
            self.prefer(entry.uniqueid, entry.priority)

    def tick(self, at: float) -> list[DomainEvent]:
        """Ends the wrap-ups that are over."""
        state = self._state
        for desk in tuple(state.desks.wrapping.values()):
            if desk.wrap_until is not None and desk.wrap_until <= at:
                state.desks.end_wrap_up(desk)
                state.touch_desk(desk)
        return state.flush(at)

    def gap(self, at: float) -> list[DomainEvent]:
        """The link is lost: what happens to the live calls from now on is not seen."""
        for call in self._state.calls.values():
            call.incomplete = True
            self._state.touch(call)
        return self._state.flush(at)

    def forget(self, uniqueids: Iterable[str], at: float) -> list[DomainEvent]:
        """The PBX has these channels no longer, though no event said so: a call of which none is left ends as lost."""
        ghosts.forget(self._state, uniqueids, at)
        return self._state.flush(at)

    def belief(self) -> Belief:
        """What a PBX's lists can be compared with."""
        return ghosts.belief(self._state)

    def member(self, queue: str, interface: str) -> Member | None:
        """The queue's member as last heard of."""
        line = self._state.lines.get(queue)
        return None if line is None else line.members.get(interface)

    def snapshot(self) -> Snapshot:
        """What has been told so far, of this PBX: live calls, agents, queues."""
        state = self._state
        return Snapshot(
            tuple(c.published for c in state.calls.values() if c.published is not None),
            tuple(d.published for d in state.desks.by_user.values() if d.published is not None),
            tuple(q.published for q in state.lines.values() if q.published is not None),
        )

    def call(self, call_id: str) -> Call | None:
        """The live call of that id, if there is one."""
        found = self._state.calls.get(call_id)
        return None if found is None else found.published

    def call_with(self, uniqueid: str) -> str | None:
        """The id of the live call that a channel belongs to."""
        leg = self._state.legs.get(uniqueid)
        return None if leg is None else leg.call.id

    def agent(self, user: str) -> Agent | None:
        found = self._state.desks.by_user.get(user)
        return None if found is None else found.published

    def queue(self, name: str) -> Queue | None:
        """The queue as last told."""
        found = self._state.lines.get(name)
        return None if found is None else found.published

    def waiting(self, name: str) -> tuple[Waiting, ...]:
        """Who is on the line in the queue, in the order in which they came."""
        state = self._state
        line = state.lines.get(name)
        entries = {} if line is None else line.entries
        legs = state.legs
        return tuple([Waiting(at, legs[one].priority if one in legs else 0) for one, at in entries.items()])

    @property
    def queue_names(self) -> tuple[str, ...]:
        """The PBX's queues, as its lists have them."""
        return tuple(self._state.lines)

    def user_of(self, member: Member) -> str | None:
        """Whose phone a queue member is."""
        desk = self._state.desks.of_member(member)
        return None if desk is None else desk.seat.user

    def members(self, user: str) -> dict[str, Member]:
        """The user's queue memberships as the PBX has them, by queue."""
        state = self._state
        desk = state.desks.by_user.get(user)
        if desk is None:
            return {}
        return {name: state.lines[name].members[key] for name, key in desk.members.items()}

    def channels_of(self, user: str, call_id: str) -> list[str]:
        """Names of the user's channels in the call, for controlling it."""
        state = self._state
        desk = state.desks.by_user.get(user)
        if desk is None:
            return []
        legs = state.phones.get(desk.seat.interface, {}).values()
        return [leg.name for leg in legs if leg.call.id == call_id]

    def asks(self, user: str, call_id: str) -> bool:
        """Whether the user's phone is somewhere else with the one line that it has in the call, and the caller (or
        who was called) alone in a bridge: an attended transfer by AMI is under way.
        """
        call = self._state.calls.get(call_id)
        own = self.channels_of(user, call_id)
        if call is None or len(own) != 1:
            return False
        mine = next(leg for leg in call.legs.values() if leg.name == own[0])
        alone = [
            leg
            for leg in call.legs.values()
            if not (leg.inside or leg.local) and len(self._state.bridges.get(leg.bridge, ())) == 1
        ]
        return bool(mine.bridge) and any(leg.bridge != mine.bridge for leg in alone)

    def channels(self, call_id: str) -> list[str]:
        """Names of all channels of the call but Local ones."""
        call = self._state.calls.get(call_id)
        return [] if call is None else [leg.name for leg in call.legs.values() if not leg.local]
