"""`ringdesk department …` and `ringdesk webhook …` as a person types them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from typer.testing import CliRunner

from config.settings import SecuritySettings
from core import migrate
from core.database import Database
from core.identity import Role
from core.identity.accounts import Accounts
from server.cli import app
from tests.conftest import PASSWORD, START, cheap_hasher
from ticketing.tables import webhook_deliveries

Ringdesk = Callable[..., Result]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ringdesk.db'}"


@pytest.fixture
def ringdesk(tmp_path: Path, url: str) -> Ringdesk:
    settings = tmp_path / "ringdesk.toml"
    settings.write_text(f'[database]\nurl = "{url}"\n')

    def command(*args: str) -> Result:
        return CliRunner().invoke(app, [*args, "--config", str(settings)])

    async def prepare() -> None:
        db = Database(url)
        await migrate.upgrade(db)
        accounts = Accounts(db, SecuritySettings(), hasher=cheap_hasher())
        for name in ("bo", "mo"):
            await accounts.add_user(name, PASSWORD, Role.DEPARTMENT, name, None, START)
        await db.close()

    asyncio.run(prepare())
    return command


def test_departments_members_and_absences(ringdesk: Ringdesk) -> None:
    made = ringdesk("department", "add", "billing", "--en", "Billing", "--zh", "收费部", "--head", "mo")
    assert made.output == "department billing: Billing, head mo\n"
    assert ringdesk("department", "member", "billing", "bo").output == "department billing: bo\n"
    assert ringdesk("department", "list").output == "billing\tBilling\t收费部\tmo\tbo\n"
    times = ("--from", "2026-01-31", "--until", "2026-02-02T12:00")
    away = ringdesk("department", "absence", "bo", *times, "--stand-in", "mo")
    assert away.output == "bo is away from 2026-01-31 until 2026-02-02T12:00; mo stands in\n"
    gone = ringdesk("department", "member", "billing", "bo", "--remove")
    assert gone.output == "department billing: no members\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("department", "add", "two words"), "letters, digits and _"),
        (("department", "add", "billing", "--head", "nobody"), "no active user `nobody`"),
        (("department", "member", "none", "bo"), "no department `none`"),
        (
            ("department", "absence", "bo", "--from", "noon", "--until", "2026-02-02", "--stand-in", "mo"),
            "'noon' is no time",
        ),
        (("webhook", "replay"), "name deliveries, or say since when"),
        (("webhook", "replay", "x", "--since", "2026-01-31"), "name deliveries, or say since when"),
        (("webhook", "replay", "x"), "there is no such delivery"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(ringdesk: Ringdesk, args: tuple[str, ...], said: str) -> None:
    result = ringdesk(*args)
    assert result.exit_code == 1
    assert said in result.output
    assert len(result.output.splitlines()) == 1


def test_deliveries_are_listed_and_sent_again(ringdesk: Ringdesk, url: str) -> None:
    row = {"webhook": "crm", "ticket_id": "t1", "seq": 1, "event": "complaint.register", "body": "{}"}
    rows = [
        {
            **row,
            "id": "d1",
            "at": 1_769_846_400.0,
            "tries": 1,
            "status": 204,
            "delivered_at": 1_769_846_401.0,
        },
        {**row, "id": "d2", "at": 1_769_846_500.0, "tries": 12, "status": 422, "delivered_at": None},
    ]

    async def with_rows() -> None:
        db = Database(url)
        async with db.begin() as tx:
            await tx.execute(sa.insert(webhook_deliveries), [{**one, "due_at": None} for one in rows])
        await db.close()

    asyncio.run(with_rows())
    listed = [line.split("\t") for line in ringdesk("webhook", "list").output.splitlines()]
    assert [(line[0], line[4], line[6]) for line in listed] == [
        ("d2", "given_up", "422"),
        ("d1", "delivered", "204"),
    ]
    assert ringdesk("webhook", "list", "--webhook", "other").output == ""
    assert ringdesk("webhook", "replay", "d2").output == "1 to be delivered again\n"
    assert ringdesk("webhook", "replay", "--since", "2026-01-31").output == "2 to be delivered again\n"
    states = [line.split("\t")[4] for line in ringdesk("webhook", "list").output.splitlines()]
    assert states == ["waiting", "waiting"]
