"""Who belongs to which department, who stands in for whom, and what follows from it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from ticketing.messages import Actor, Ticket, TicketNotice

RESTRICTED = frozenset({"department"})
"""Roles that see the tickets of their own departments only; whoever has any other role sees all."""

CO_DEPARTMENT = "co_department"
"""The field of a definition that names a department which helps: that one sees the ticket and is told too."""

ROLE_NOTICES = ("dispatcher", "supervisor")
"""Words after `tell_` that mean everybody with this role."""


class Department(msgspec.Struct, frozen=True):
    """A department under the name that definitions use. `head` is a user; members are users by name."""

    name: str
    label_en: str
    label_zh: str
    head: str | None = None
    members: tuple[str, ...] = ()


class Absence(msgspec.Struct, frozen=True):
    """A user is away from `from_at` until before `until_at` (epoch s), and another one stands in."""

    id: str
    user: str
    from_at: float
    until_at: float
    stand_in: str


class Person(msgspec.Struct, frozen=True):
    """What ticketing has to know of a user."""

    name: str
    role: str
    department: str = ""
    active: bool = True


class Staff(msgspec.Struct, frozen=True):
    """Everybody at one moment: `absences` are those of that moment only."""

    departments: dict[str, Department] = {}
    people: dict[str, Person] = {}
    absences: dict[str, str] = {}
    """By the absent user's name, who stands in."""

    def present(self, user: str) -> str:
        """The user, or whoever stands in at the end of the chain; the user again where the chain is a ring."""
        seen = {user}
        now = user
        while (other := self.absences.get(now)) is not None:
            if other in seen:
                return user
            seen.add(other)
            now = other
        return now

    def stood_for(self, user: str) -> frozenset[str]:
        """The absent users whose work is with this one now."""
        return frozenset(name for name in self.absences if name != user and self.present(name) == user)

    def departments_of(self, user: str) -> frozenset[str]:
        """The departments that a user belongs to: the one of the account, and those that list it."""
        person = self.people.get(user)
        own = {person.department} if person and person.department else set()
        return frozenset(own | {d.name for d in self.departments.values() if user in (*d.members, d.head)})

    def standing(self, actor: Actor) -> Actor:
        """The actor with all departments it belongs to or stands in for, and with those it stands in for."""
        stands_for = self.stood_for(actor.user)
        reached = {actor.department} if actor.department else set()
        for user in (actor.user, *stands_for):
            reached |= self.departments_of(user)
        staffed = self.staffed() if restricted(actor) and not reached else None
        return replace(actor, departments=frozenset(reached), stands_for=stands_for, staffed=staffed)

    def staffed(self) -> frozenset[str]:
        """The departments that have somebody."""
        names = {*self.departments, *(p.department for p in self.people.values() if p.department)}
        return frozenset(name for name in names if self.members(name))

    def hands(self, department: str) -> tuple[str, ...]:
        """Who does a department's work: its members; where it has none, the departments' hands who belong to none, so
        that nothing lies with nobody."""
        free = (p.name for p in self._active() if p.role in RESTRICTED and not self.departments_of(p.name))
        return self.members(department) or tuple(sorted(free))

    def members(self, department: str) -> tuple[str, ...]:
        """The active users of a department, its head too, by name."""
        listed = self.departments.get(department)
        named = {*listed.members, listed.head} if listed else set()
        return tuple(
            sorted(
                p.name
                for p in self._active()
                if p.name in named or (department and p.department == department)
            )
        )

    def recipients(self, notice: TicketNotice) -> tuple[str, ...]:
        """The users that a notice is for, stand-ins in the place of the absent; none for the customer."""
        names = self._meant(notice)
        there = {self.present(name) for name in names}
        return tuple(sorted(name for name in there if (p := self.people.get(name)) and p.active))

    def _meant(self, notice: TicketNotice) -> Iterable[str]:
        if notice.to == "owner":
            return [notice.owner] if notice.owner else []
        if notice.to == "department":
            return [name for d in (notice.department, notice.co_department) if d for name in self.hands(d)]
        if notice.to == "head":
            return self._head(notice.department)
        if notice.to == "leader":
            leaders = [p for p in self._active() if p.role == "leader"]
            own = [p.name for p in leaders if notice.department in self.departments_of(p.name)]
            return own or [p.name for p in leaders]
        return [p.name for p in self._active() if notice.to in ROLE_NOTICES and p.role == notice.to]

    def _head(self, department: str) -> list[str]:
        """The head; where the department has none, the supervisors, so that nobody's alarm is lost."""
        listed = self.departments.get(department)
        if listed and listed.head:
            return [listed.head]
        return [p.name for p in self._active() if p.role == "supervisor"]

    def _active(self) -> Iterable[Person]:
        return (p for p in self.people.values() if p.active)


def restricted(viewer: Actor) -> bool:
    """Whether the viewer sees the tickets of its own departments only."""
    return bool(viewer.roles) and viewer.roles <= RESTRICTED


def hand_over_problem(staff: Staff, before: Ticket, after: Ticket, actor: Actor) -> str:
    """Why the ticket cannot be given to its new owner; "" where it can, or where the owner stays."""
    owner = after.owner
    if owner is None or owner in (before.owner, actor.user):
        return ""
    person = staff.people.get(owner)
    if person is None or not person.active:
        return f"There is no active user `{owner[:64]}`."
    if after.department and owner not in staff.hands(after.department):
        return f"{owner} does not belong to the department {after.department}."
    return ""


def own_names(viewer: Actor) -> frozenset[str]:
    """The viewer and those it stands in for."""
    return viewer.stands_for | {viewer.user}


def sees(viewer: Actor, ticket: Ticket) -> bool:
    """Whether the ticket is the viewer's to see: a department's own, one that it helps with, or a personal one."""
    if not restricted(viewer):
        return True
    names = own_names(viewer)
    return (
        viewer.of_department(ticket.department)
        or viewer.of_department(ticket.fields.get(CO_DEPARTMENT, ""))
        or ticket.owner in names
        or ticket.created_by in names
    )
