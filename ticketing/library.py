"""The definitions in force, and the older ones that tickets still follow.

A file that changed its meaning becomes the next version; going back to an earlier text takes up its old version
again. Tickets that are open stay on the version that they began with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import insert_for
from core.definition.shape import suggest
from core.errors import Invalid, NotFound
from ticketing.tables import workflow_current, workflow_versions
from ticketing.workflow.load import canonical, from_canonical
from ticketing.workflow.model import Workflow


class Definition(msgspec.Struct, frozen=True):
    """A workflow and its version in this installation."""

    workflow: Workflow
    version: int


class Library:
    """Definitions by name (the ones in force) and by name and version (all that were ever in force)."""

    def __init__(self) -> None:
        self._current: dict[str, Definition] = {}
        self._all: dict[tuple[str, int], Workflow] = {}

    def current(self) -> tuple[Definition, ...]:
        """The definitions in force, in the order of their names."""
        return tuple(self._current[name] for name in sorted(self._current))

    def named(self, name: str) -> Definition:
        """The definition in force; raises `NotFound`."""
        if name not in self._current:
            raise NotFound(f"There is no workflow `{name[:40]}`.", choices=sorted(self._current))
        return self._current[name]

    def wanted(self, name: str) -> Definition:
        """The definition for a new ticket; raises `Invalid` with the names that there are."""
        if name not in self._current:
            message = f"There is no workflow `{name[:40]}`; {suggest(name[:40], self._current)}"
            raise Invalid(message, field="workflow", choices=sorted(self._current))
        return self._current[name]

    def seen(self, name: str, version: int) -> Workflow | None:
        """The definition where this process has it already."""
        return self._all.get((name, version))

    async def of(self, tx: AsyncConnection, name: str, version: int) -> Workflow:
        """The definition that a ticket began with, read from the database where this process has not seen it."""
        if (name, version) not in self._all:
            query = sa.select(workflow_versions.c.source).where(
                workflow_versions.c.name == name, workflow_versions.c.version == version
            )
            self._all[name, version] = from_canonical((await tx.execute(query)).scalar_one())
        return self._all[name, version]

    async def adopt(self, tx: AsyncConnection, workflows: Mapping[str, Workflow], at: float) -> None:
        """Put these definitions in force, each under the version that its meaning has or now gets."""
        current: dict[str, Definition] = {}
        for workflow in workflows.values():
            version = await _version(tx, workflow, at)
            self._all[workflow.name, version] = workflow
            current[workflow.name] = Definition(workflow, version)
        await _put_in_force(tx, {name: one.version for name, one in current.items()}, at)
        self._current = current

    async def follow(self, tx: AsyncConnection) -> tuple[Definition, ...]:
        """Take over what another process has put in force; returns the definitions that are new here."""
        versions = await in_force(tx)
        if not versions or versions == {name: one.version for name, one in self._current.items()}:
            return ()
        before = self._current
        self._current = {
            name: Definition(await self.of(tx, name, version), version) for name, version in versions.items()
        }
        return tuple(one for one in self._current.values() if before.get(one.workflow.name) != one)


async def version_of(tx: AsyncConnection, workflow: Workflow) -> tuple[int, bool]:
    """The version that a definition's meaning has, or would get; and whether it has it already."""
    table = workflow_versions
    known = await tx.execute(
        sa.select(table.c.version, table.c.digest)
        .where(table.c.name == workflow.name)
        .order_by(table.c.version)
    )
    versions = {row.digest: int(row.version) for row in known}
    digest = _digest(workflow)
    return versions.get(digest, max(versions.values(), default=0) + 1), digest in versions


def _digest(workflow: Workflow) -> str:
    return hashlib.sha256(canonical(workflow)).hexdigest()


async def _version(tx: AsyncConnection, workflow: Workflow, at: float) -> int:
    version, stored = await version_of(tx, workflow)
    if stored:
        return version
    row = {
        "name": workflow.name,
        "version": version,
        "digest": _digest(workflow),
        "source": canonical(workflow).decode(),
        "stored_at": at,
    }
    insert = insert_for(tx, workflow_versions).values(**row).on_conflict_do_nothing()
    # PostgreSQL's driver counts no rows of such a statement.
    added = await tx.scalar(insert.returning(workflow_versions.c.version))
    # Two servers that start together: the one that came second finds the other's row and looks again.
    return version if added is not None else await _version(tx, workflow, at)


async def in_force(tx: AsyncConnection) -> dict[str, int]:
    """The versions in force by name, as the last server or command that loaded definitions left them."""
    table = workflow_current
    found = await tx.execute(sa.select(table.c.name, table.c.version))
    return {row.name: int(row.version) for row in found}


async def _put_in_force(tx: AsyncConnection, versions: Mapping[str, int], at: float) -> None:
    if await in_force(tx) == versions:
        return
    table = workflow_current
    await tx.execute(sa.delete(table).where(table.c.name.not_in(list(versions))))
    for name, version in sorted(versions.items()):
        row = insert_for(tx, table).values(name=name, version=version, at=at)
        update = {"version": version, "at": at}
        await tx.execute(row.on_conflict_do_update(index_elements=["name"], set_=update))
