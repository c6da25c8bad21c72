"""Departments, their members and absences in the database, and `Staff` as it is now."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from core.database import Database, insert_for
from core.errors import Conflict, Invalid, NotFound
from core.identity.tables import users
from core.ids import new_id
from ticketing.staff import Absence, Department, Person, Staff
from ticketing.tables import absences, department_members, departments

FRESH_SECONDS = 2.0
"""How long `Staff` is used before it is read again: another process may have changed it."""
MAX_NAME = 80
MAX_LABEL = 120


class Directory:
    """Who belongs where. Every change is in the audit trail."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._staff = Staff()
        self._read_at: float | None = None

    async def staff(self, at: float) -> Staff:
        """Everybody at this moment, read at most every two seconds."""
        if self._read_at is None or abs(at - self._read_at) >= FRESH_SECONDS:
            async with self._db.read() as tx:
                self._staff = await _read(tx, at)
            self._read_at = at
        return self._staff

    async def departments(self) -> list[Department]:
        """All departments by name."""
        async with self._db.read() as tx:
            return sorted((await _departments(tx)).values(), key=lambda d: d.name)

    async def department(self, name: str) -> Department:
        """One department; raises `NotFound`."""
        async with self._db.read() as tx:
            return await _department(tx, name)

    async def put(self, actor: str, department: Department, at: float) -> Department:
        """Add a department or change its labels and head; its members stay as they are. Raises `Invalid`."""
        _check(department)
        async with self._db.begin() as tx:
            if department.head:
                await _user(tx, department.head, "head")
            values = {n: getattr(department, n) or None for n in ("label_en", "label_zh", "head")}
            row = insert_for(tx, departments).values(name=department.name, **values)
            await tx.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))
            await audit.record(tx, at, actor, "department.put", f"department:{department.name}", values)
            made = await _department(tx, department.name)
        self._read_at = None
        return made

    async def add_member(self, actor: str, name: str, user: str, at: float) -> Department:
        """Have a user belong to a department, among others that it may belong to; raises `NotFound`, `Invalid`."""
        async with self._db.begin() as tx:
            await _department(tx, name)
            await _user(tx, user, "user")
            row = insert_for(tx, department_members).values(department=name, user=user)
            await tx.execute(row.on_conflict_do_nothing())
            await audit.record(tx, at, actor, "department.member", f"department:{name}", {"user": user})
            made = await _department(tx, name)
        self._read_at = None
        return made

    async def remove_member(self, actor: str, name: str, user: str, at: float) -> Department:
        """Take a user out of a department; raises `NotFound` where it was not listed in it."""
        table = department_members
        async with self._db.begin() as tx:
            await _department(tx, name)
            gone = await tx.execute(sa.delete(table).where(table.c.department == name, table.c.user == user))
            if gone.rowcount != 1:
                raise NotFound(f"{user[:64]} is not listed in the department {name}.")
            await audit.record(tx, at, actor, "department.leave", f"department:{name}", {"user": user})
            made = await _department(tx, name)
        self._read_at = None
        return made

    async def absences(self, at: float, user: str = "") -> list[Absence]:
        """Absences that are not over yet, the earliest first."""
        query = sa.select(absences).where(absences.c.until_at > at).order_by(absences.c.from_at)
        if user:
            query = query.where(absences.c.user == user)
        async with self._db.read() as tx:
            return [Absence(**row) for row in (await tx.execute(query)).mappings()]

    async def add_absence(self, actor: str, absence: Absence, at: float) -> Absence:
        """Note that a user is away and who stands in; `absence.id` is given here.

        Raises `Invalid`, and `Conflict` where the user is away then already.
        """
        made = msgspec.structs.replace(absence, id=new_id(at))
        if not absence.from_at < absence.until_at:
            raise Invalid("An absence ends after it begins.", field="until")
        if absence.user == absence.stand_in:
            raise Invalid("Nobody stands in for themselves.", field="stand_in")
        async with self._db.begin() as tx:
            # The user's row is the lock: two absences of one user that come together are told apart.
            await _user(tx, absence.user, "user", lock=True)
            await _user(tx, absence.stand_in, "stand_in")
            await _refuse_overlap(tx, absence)
            await tx.execute(sa.insert(absences).values(**msgspec.structs.asdict(made)))
            details = {"from": absence.from_at, "until": absence.until_at, "stand_in": absence.stand_in}
            await audit.record(tx, at, actor, "absence.add", f"user:{absence.user}", details)
        self._read_at = None
        return made

    async def end_absence(self, actor: str, id: str, at: float) -> None:
        """End an absence now; one that has not begun yet is removed. Raises `NotFound`."""
        async with self._db.begin() as tx:
            row = (await tx.execute(sa.select(absences).where(absences.c.id == id))).mappings().one_or_none()
            if row is None or row["until_at"] <= at:
                raise NotFound("There is no such absence.")
            begun = row["from_at"] < at
            change = sa.update(absences).values(until_at=at) if begun else sa.delete(absences)
            await tx.execute(change.where(absences.c.id == id))
            await audit.record(tx, at, actor, "absence.end", f"user:{row['user']}", {"absence": id})
        self._read_at = None


def _check(department: Department) -> None:
    name = department.name
    if not (name.isascii() and name.isidentifier() and len(name) <= MAX_NAME):
        message = f"A department's name is up to {MAX_NAME} letters, digits and _, as definitions write it."
        raise Invalid(message, field="name")
    for field in ("label_en", "label_zh"):
        label = getattr(department, field)
        if not label.strip() or len(label) > MAX_LABEL or not label.isprintable():
            raise Invalid(f"A label is a text of up to {MAX_LABEL} characters.", field=field)


async def _read(tx: AsyncConnection, at: float) -> Staff:
    away = sa.select(absences.c.user, absences.c.stand_in).where(
        absences.c.from_at <= at, absences.c.until_at > at
    )
    people = sa.select(users.c.name, users.c.role, users.c.department, users.c.active)
    return Staff(
        departments=await _departments(tx),
        people={row["name"]: Person(**row) for row in (await tx.execute(people)).mappings()},
        absences={row.user: row.stand_in for row in await tx.execute(away)},
    )


async def _departments(tx: AsyncConnection) -> dict[str, Department]:
    rows = (await tx.execute(sa.select(departments))).mappings().all()
    members: dict[str, list[str]] = {row["name"]: [] for row in rows}
    listed = sa.select(department_members).order_by(department_members.c.user)
    for row in await tx.execute(listed):
        members[row.department].append(row.user)
    return {row["name"]: Department(**row, members=tuple(members[row["name"]])) for row in rows}


async def _department(tx: AsyncConnection, name: str) -> Department:
    found: dict[str, Any] = await _departments(tx)
    if name not in found:
        raise NotFound(f"There is no department `{name[:MAX_NAME]}`.", choices=sorted(found))
    department: Department = found[name]
    return department


async def _user(tx: AsyncConnection, name: str, field: str, *, lock: bool = False) -> None:
    query = sa.select(users.c.active).where(users.c.name == name)
    active = (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if not active:
        raise Invalid(f"There is no active user `{name[:64]}`.", field=field)


async def _refuse_overlap(tx: AsyncConnection, absence: Absence) -> None:
    query = sa.select(absences.c.id).where(
        absences.c.user == absence.user,
        absences.c.from_at < absence.until_at,
        absences.c.until_at > absence.from_at,
    )
    if (await tx.execute(query.limit(1))).scalar_one_or_none():
        raise Conflict(f"{absence.user} is noted as away then already.", code="absence_overlaps")
