"""Agents: what each does, told from its duty and from what its phone does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cti.board.model import Leg
from cti.duty import Duty
from cti.events import Member
from cti.messages import Agent, AgentState, How, Seat

_RINGING = (0, 5)  # ChannelState of a phone that is being called: down, then ringing


@dataclass(slots=True, eq=False)
class Desk:
    """A seat and what its user does now."""

    seat: Seat
    duty: Duty | None = None
    members: dict[str, str] = field(default_factory=dict)
    """Queue name to the member's interface there, where the PBX has the agent in a queue."""
    wrap_until: float | None = None
    published: Agent | None = None


@dataclass(slots=True, eq=False)
class Desks:
    """All seats of one PBX, and how to find whose a phone or a queue member is."""

    by_user: dict[str, Desk] = field(default_factory=dict)
    by_interface: dict[str, Desk] = field(default_factory=dict)
    by_extension: dict[str, Desk] = field(default_factory=dict)
    wrapping: dict[str, Desk] = field(default_factory=dict)

    def seat(self, seats: Iterable[Seat]) -> list[str]:
        """Takes these seats in place of the old ones, keeps what is known of those who stay; who went."""
        old = self.by_user
        self.by_user, self.by_interface, self.by_extension = {}, {}, {}
        for seat in seats:
            if seat.user in self.by_user:
                continue
            desk = old.get(seat.user) or Desk(seat)
            desk.seat = seat
            self.by_user[seat.user] = desk
            self.by_interface[seat.interface] = desk
            if seat.extension:
                self.by_extension[seat.extension] = desk
        gone = [user for user in old if user not in self.by_user]
        for user in gone:
            self.wrapping.pop(user, None)
        return gone

    def of_member(self, member: Member) -> Desk | None:
        """The desk behind a queue member; FreePBX has Local/1001@from-queue/n in front of the phone."""
        found = self.by_interface.get(member.interface) or self.by_interface.get(member.state_interface)
        if found is None and member.interface.startswith("Local/"):
            found = self.by_extension.get(member.interface[6:].partition("@")[0])
        return found

    def user_of(self, interface: str) -> str | None:
        desk = self.by_interface.get(interface)
        return None if desk is None else desk.seat.user

    def wrap_up(self, desk: Desk, until: float) -> None:
        desk.wrap_until = until
        self.wrapping[desk.seat.user] = desk

    def end_wrap_up(self, desk: Desk) -> None:
        desk.wrap_until = None
        self.wrapping.pop(desk.seat.user, None)


def phone_state(legs: Iterable[Leg]) -> tuple[AgentState, str | None] | None:
    """What the phone does, and for which call; None while it does nothing.

    A call that is talked in comes before one that is held, and that before one that rings.
    """
    held: Leg | None = None
    rings: Leg | None = None
    for leg in legs:
        stretch = leg.stretch
        if leg.aside:
            continue  # the agent is where it holds the caller
        if stretch is None or stretch.ended_at is not None:
            if leg.state in (4, 6):
                return AgentState.TALKING, _call_id(leg)
        elif stretch.answered_at is None:
            if stretch.how is not How.OUTBOUND or leg.state in _RINGING:
                rings = leg
            else:
                return AgentState.TALKING, _call_id(leg)
        elif stretch.held_since is None:
            return AgentState.TALKING, _call_id(leg)
        else:
            held = leg
    if held is not None:
        return AgentState.HOLDING, _call_id(held)
    return None if rings is None else (AgentState.RINGING, _call_id(rings))


def _call_id(leg: Leg) -> str | None:
    return leg.call.id if leg.call.published is not None else None


def agent_of(desk: Desk, legs: Iterable[Leg], at: float) -> Agent:
    """The agent as of `at`; `since` is kept while state and reason are what was published."""
    duty, before = desk.duty, desk.published
    state, reason, call_id = AgentState.OFFLINE, "", None
    phone = phone_state(legs)
    if phone is not None:
        state, call_id = phone
    elif duty is not None and duty.signed_in:
        if duty.paused:
            state, reason = AgentState.PAUSED, duty.reason
        else:
            state = AgentState.READY if desk.wrap_until is None else AgentState.WRAP_UP
    if state is AgentState.PAUSED and duty is not None:
        since = duty.since
    elif before is not None and before.state is state and before.reason == reason:
        since = before.since
    else:
        since = at
    seat = desk.seat
    until = desk.wrap_until if state is AgentState.WRAP_UP else None
    queues = duty.queues if duty is not None else ()
    return Agent(
        seat.user,
        seat.name,
        seat.pbx,
        seat.interface,
        seat.extension,
        state,
        since,
        reason,
        queues,
        call_id,
        until,
    )
