"""Departments and absences over HTTP: parse, execute, render."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from core.clock import iso
from core.definition.label import Label
from core.errors import Forbidden, Invalid, NotFound
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Page, Route, page
from ticketing.directory import Directory
from ticketing.staff import Absence, Department

Name = Annotated[str, msgspec.Meta(max_length=80)]
UserName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class DepartmentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A department's labels and its head; null: it has none."""

    label: Label
    head: UserName | None = None


class MemberBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: UserName


class AbsenceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """When a user is away; times with their offset, such as 2026-01-31T08:00:00Z. `user` is oneself if empty."""

    from_: datetime
    until: datetime
    stand_in: UserName
    user: Annotated[str, msgspec.Meta(max_length=64)] = ""


class DepartmentView(msgspec.Struct, frozen=True):
    """A department. `members` are those whom notices to it reach: listed ones, its head, and accounts of it."""

    name: str
    label: Label
    head: str | None
    members: tuple[str, ...]


class AbsenceView(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    id: str
    user: str
    from_: str
    until: str
    stand_in: str


class StaffApi:
    """The handlers."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def departments(self, ask: Ask[None, ListQuery]) -> Page[DepartmentView]:
        found = [d for d in await self._directory.departments() if d.name > ask.query.after]
        shown = [await self._view(d, ask.at) for d in found[: ask.query.limit]]
        return page(shown, shown[-1].name if len(found) > ask.query.limit else None)

    async def department(self, ask: Ask[None, None]) -> DepartmentView:
        return await self._view(await self._directory.department(ask.path["name"]), ask.at)

    async def put(self, ask: Ask[DepartmentBody, None]) -> DepartmentView:
        label = ask.body.label
        wanted = Department(ask.path["name"], label.en, label.zh, ask.body.head)
        return await self._view(await self._directory.put(ask.user.name, wanted, ask.at), ask.at)

    async def add_member(self, ask: Ask[MemberBody, None]) -> DepartmentView:
        name, user = ask.path["name"], ask.body.user
        return await self._view(await self._directory.add_member(ask.user.name, name, user, ask.at), ask.at)

    async def remove_member(self, ask: Ask[None, None]) -> DepartmentView:
        name, user = ask.path["name"], ask.path["user"]
        return await self._view(
            await self._directory.remove_member(ask.user.name, name, user, ask.at), ask.at
        )

    async def absences(self, ask: Ask[None, None]) -> Page[AbsenceView]:
        return page([_absence(a) for a in await self._directory.absences(ask.at)])

    async def add_absence(self, ask: Ask[AbsenceBody, None]) -> AbsenceView:
        body = ask.body
        user = body.user or ask.user.name
        if user != ask.user.name and not ask.user.can(Permission.AGENTS_ALL):
            raise Forbidden("Only a supervisor notes other people's absences.")
        wanted = Absence("", user, _seconds(body.from_, "from"), _seconds(body.until, "until"), body.stand_in)
        return _absence(await self._directory.add_absence(ask.user.name, wanted, ask.at))

    async def end_absence(self, ask: Ask[None, None]) -> web.Response:
        own = {a.id for a in await self._directory.absences(ask.at, ask.user.name)}
        if ask.path["id"] not in own and not ask.user.can(Permission.AGENTS_ALL):
            raise NotFound("There is no such absence of yours.")
        await self._directory.end_absence(ask.user.name, ask.path["id"], ask.at)
        return web.Response(status=204)

    async def _view(self, department: Department, at: float) -> DepartmentView:
        label = Label(en=department.label_en, zh=department.label_zh)
        members = (await self._directory.staff(at)).members(department.name)
        return DepartmentView(department.name, label, department.head, members)


def _seconds(moment: datetime, field: str) -> float:
    if moment.tzinfo is None:
        raise Invalid("A time needs its offset, such as 2026-01-31T08:00:00Z.", field=field)
    return moment.timestamp()


def _absence(a: Absence) -> AbsenceView:
    return AbsenceView(a.id, a.user, iso(a.from_at), iso(a.until_at), a.stand_in)


def routes(directory: Directory) -> list[Route]:
    """The rows of the API that belong to departments and absences."""
    api, see, manage, edit = (
        StaffApi(directory),
        Permission.TICKETS_SEE,
        Permission.USERS_MANAGE,
        Permission.TICKETS_EDIT,
    )
    p, a, one = "/api/v1/departments", "/api/v1/absences", DepartmentView
    body, add, name = DepartmentBody, api.add_member, "{name}"
    many = Page[DepartmentView]
    leave = f"{p}/{name}/members/{{user}}"
    return [
        Route("GET", p, api.departments, see, "The departments", query=ListQuery, reply=many),
        Route("GET", f"{p}/{name}", api.department, see, "A department", reply=one),
        Route("PUT", f"{p}/{name}", api.put, manage, "Add or change a department", body=body, reply=one),
        Route("POST", f"{p}/{name}/members", add, manage, "Add a member", body=MemberBody, reply=one),
        Route("DELETE", leave, api.remove_member, manage, "Take a member out", reply=one),
        Route("GET", a, api.absences, see, "Who is away, now or later", reply=Page[AbsenceView]),
        Route(
            "POST",
            a,
            api.add_absence,
            edit,
            "Note an absence",
            body=AbsenceBody,
            reply=AbsenceView,
            status=201,
        ),
        Route("DELETE", f"{a}/{{id}}", api.end_absence, edit, "End an absence", status=204),
    ]
