"""What the tests of all rooms share: a clock to turn, a database of each kind, users."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Protocol

import pytest
import structlog
from argon2 import PasswordHasher

from config.settings import SecuritySettings
from core.bus import Bus
from core.database import Database
from core.identity import Identity, NewSeat, Role, User
from tests.postgres import Cluster, cluster
from tests.real.parts import require

TABLES = (
    "core.audit",
    "core.identity.tables",
    "core.outbox",
    "core.web.idempotency",
    "cti.tables",
    "customers.tables",
    "ivr_flows.tables",
    "screenpop.tables",
    "ivr_flows.callbacks.tables",
    "ivr_flows.surveys.tables",
    "ticketing.outages.tables",
    "ticketing.tables",
)
for _name in TABLES:
    import_module(_name)  # brings its tables into the common metadata

START = 1_769_846_400.0
"""2026-01-31T08:00:00Z, a Saturday."""

PASSWORD = "correct horse"


class FakeClock:
    """A clock that only a test turns."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - START

    def advance(self, seconds: float) -> float:
        """Turn it on by `seconds`; returns the new time."""
        self.at += seconds
        return self.at


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """A test that sets up the logs (a whole server, a command) leaves them to the next test as they were."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def bus() -> Bus:
    return Bus()


async def _with_tables(url: str) -> None:
    db = Database(url)
    await db.create_tables()
    await db.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, to be copied: quicker than to make them for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_with_tables(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The session's own PostgreSQL."""
    with cluster(require("postgresql")) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    """The name of a database with all tables, to be copied."""
    name = postgres.create()
    asyncio.run(_with_tables(postgres.url(name)))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: Cluster = request.getfixturevalue("postgres")
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with all tables, of each kind in turn."""
    if request.param == "sqlite":
        path = tmp_path / "ringdesk.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    postgres: Cluster = request.getfixturevalue("postgres")
    name = postgres.create(request.getfixturevalue("postgres_template"))
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[Database]:
    """A fresh database with all tables: SQLite and PostgreSQL in turn."""
    database = Database(db_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_db(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Database]:
    """A fresh SQLite database with all tables, where the kind does not matter."""
    path = tmp_path / "ringdesk.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    await database.close()


def cheap_hasher() -> PasswordHasher:
    """argon2 at its weakest, so that tests need not wait for it."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def identity(db: Database, bus: Bus) -> Identity:
    return Identity(db, SecuritySettings(), bus=bus, hasher=cheap_hasher())


class MakeUser(Protocol):
    def __call__(
        self, name: str = ..., role: Role = ..., *, password: str = ..., interface: str = ...
    ) -> Awaitable[User]: ...


@pytest.fixture
def make_user(identity: Identity, clock: FakeClock) -> MakeUser:
    """`await make_user("anna", Role.AGENT, interface="PJSIP/1001")`; the password is `PASSWORD`."""

    async def make(
        name: str = "anna", role: Role = Role.AGENT, *, password: str = PASSWORD, interface: str = ""
    ) -> User:
        seat = NewSeat(interface) if interface else None
        return await identity.add_user(name, password, role, name.title(), seat, clock.now())

    return make
