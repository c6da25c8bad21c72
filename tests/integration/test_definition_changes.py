"""Changed definitions: told beforehand, taken over with the open tickets that the map names, followed by others."""

import asyncio
import re
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection
from typer.testing import CliRunner

import config
from core import migrate
from core.bus import Bus
from core.database import Database
from core.definition.source import Faulty
from server.cli import app
from server.definitions import Definitions
from tests.conftest import START, FakeClock
from tests.integration.ticket_store import Nobody
from tests.unit.ticketing.shipped import AGENT, SHIPPED
from ticketing import library
from ticketing.calendar_files import calendar_files, calendars_of, read_calendars
from ticketing.messages import DefinitionsRefused, NewTicket, Ticket, TicketChanged
from ticketing.service import Tickets
from ticketing.tables import workflow_versions
from ticketing.takeover import BATCH, Unmapped
from ticketing.verification import verify_all
from ticketing.workflow.model import Row, Workflow

FOLDER = Path(config.__file__).parent / "workflows"
INQUIRY = SHIPPED["inquiry"]


def without_state(old: str, new: str) -> Workflow:
    """An inquiry in which a state has another name; it has no clocks."""

    def renamed(row: Row) -> Row:
        sources = (row.from_,) if isinstance(row.from_, str) else row.from_
        from_ = tuple(new if name == old else name for name in sources)
        return replace(row, from_=from_, to=new if row.to == old else row.to)

    states = {new if name == old else name: state for name, state in INQUIRY.states.items()}
    return replace(INQUIRY, states=states, table=tuple(map(renamed, INQUIRY.table)), clocks={})


def without_expert(mapping: dict[str, str] | None) -> Workflow:
    """An inquiry in which `expert` is called `specialist`."""
    return replace(without_state("expert", "specialist"), map=mapping)


def service(db: Database, bus: Bus | None = None) -> Tickets:
    return Tickets(db, bus or Bus(), Nobody(), ZoneInfo("Asia/Shanghai"))


async def asked(tickets: Tickets, expert: bool = True) -> Ticket:
    ticket = await tickets.open(AGENT, NewTicket("inquiry", "Hours?"), START)
    if not expert:
        return ticket
    return await tickets.fire(ticket.id, "consult", AGENT, {"department": "billing"}, 1, START + 1)


async def test_open_tickets_come_along_by_the_map_and_closed_ones_stay(db: Database) -> None:
    bus, told = Bus(), list[TicketChanged]()
    tickets = service(db, bus)
    await tickets.adopt(SHIPPED, START)
    at_expert, received, closed = await asked(tickets), await asked(tickets, False), await asked(tickets)
    closed = await tickets.fire(closed.id, "withdraw", AGENT, {}, 2, START + 2)
    bus.subscribe(TicketChanged, told.append)
    changed = {**SHIPPED, "inquiry": without_expert({"expert": "specialist"})}
    (plan,) = [one for one in await tickets.plan(changed) if one.workflow == "inquiry"]
    assert (plan.before, plan.after, plan.new) == (1, 2, True)
    assert [(g.state, g.to_state, g.tickets) for g in plan.moved] == [
        ("expert", "specialist", 1),
        ("received", "received", 1),
    ]
    await tickets.adopt(changed, START + 9)
    moved, kept, over = [await tickets.get(t.id) for t in (at_expert, received, closed)]
    assert (moved.state, moved.workflow_version, moved.version, moved.state_since) == (
        "specialist",
        2,
        3,
        START + 9,
    )
    assert (kept.state, kept.workflow_version, kept.state_since) == ("received", 2, START)
    assert over == closed
    assert sorted(t.ticket.id for t in told) == sorted((moved.id, kept.id))
    row = (await tickets.history(moved.id))[-1]
    assert (row.event, row.from_state, row.to_state) == ("take_over", "expert", "specialist")
    assert row.data == {"from_version": 1, "to_version": 2}
    assert (await verify_all(db)).breaks == ()
    fired = await tickets.fire(moved.id, "answer", AGENT, {"answer": "At nine"}, 3, START + 10)
    assert fired.state == "answered"


async def test_clocks_that_run_go_on_with_what_they_have_counted(db: Database) -> None:
    tickets = service(db)
    await tickets.adopt(SHIPPED, START)
    ticket = await asked(tickets, False)
    first = replace(INQUIRY.clocks["first_contact"], target="2h", during=("arrived",))
    new = replace(first, target="3h")
    states = {"arrived" if name == "received" else name: state for name, state in INQUIRY.states.items()}
    changed = replace(
        without_state("received", "arrived"),
        states=states,
        open=replace(INQUIRY.open, to="arrived"),
        clocks={"first_contact": first, "new": new},
        map={"received": "arrived"},
    )
    await tickets.adopt({**SHIPPED, "inquiry": changed}, START + 600)
    _, clocks = await tickets.clocks(ticket.id, START + 900)
    by_name = {clock.name: clock for clock in clocks}
    assert by_name["first_contact"].due_at == START + 7200
    assert by_name["first_contact"].elapsed_seconds == 900
    # A clock that only the new definition has begins with it.
    assert by_name["new"].due_at == START + 600 + 3 * 3600


async def test_without_a_map_they_stay(db: Database) -> None:
    tickets = service(db)
    await tickets.adopt(SHIPPED, START)
    ticket = await asked(tickets)
    await tickets.adopt({**SHIPPED, "inquiry": without_expert(None)}, START)
    assert await tickets.get(ticket.id) == ticket


async def test_a_map_that_leaves_somebody_out_changes_nothing(db: Database) -> None:
    tickets = service(db)
    await tickets.adopt(SHIPPED, START)
    ticket = await asked(tickets)
    with pytest.raises(Unmapped) as caught:
        await tickets.adopt({**SHIPPED, "inquiry": without_expert({})}, START)
    assert "1 in `expert` of inquiry version 1" in caught.value.message
    assert await tickets.get(ticket.id) == ticket
    assert tickets.workflow("inquiry").version == 1


async def test_many_come_along_in_batches_while_others_work_on_them(db: Database) -> None:
    tickets, other = service(db), service(db)
    await tickets.adopt(SHIPPED, START)
    made = [await asked(tickets, False) for _ in range(BATCH + 5)]
    changed = {**SHIPPED, "inquiry": without_expert({"expert": "specialist"})}
    comments = [other.fire(t.id, "comment", AGENT, {}, 1, START + 1) for t in made[::10]]
    await asyncio.gather(tickets.adopt(changed, START + 2), *comments, return_exceptions=True)
    versions = {(await tickets.get(t.id)).workflow_version for t in made}
    assert versions == {2}
    assert (await verify_all(db)).breaks == ()


async def test_another_server_follows(db: Database) -> None:
    one, other = service(db), service(db)
    await one.adopt(SHIPPED, START)
    assert {d.workflow.name for d in await other.follow()} == set(SHIPPED)
    assert await other.follow() == ()
    await one.adopt({**SHIPPED, "inquiry": without_expert(None)}, START)
    assert [(d.workflow.name, d.version) for d in await other.follow()] == [("inquiry", 2)]
    assert "specialist" in other.workflow("inquiry").workflow.states


async def test_of_two_servers_that_bring_other_definitions_in_one_moment_each_gets_a_version(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = library.version_of

    async def overtaken(tx: AsyncConnection, workflow: Workflow) -> tuple[int, bool]:
        found = await asked(tx, workflow)
        if found == (1, False):  # now the other server writes what it has
            rival = {
                "name": workflow.name,
                "version": 1,
                "digest": "other",
                "source": "{}",
                "stored_at": START,
            }
            await tx.execute(sa.insert(workflow_versions), rival)
        return found

    monkeypatch.setattr(library, "version_of", overtaken)
    one = service(db)
    await one.adopt({"inquiry": INQUIRY}, START)
    assert one.workflow("inquiry").version == 2


# A server's files


def definitions(db: Database, folder: Path, bus: Bus) -> tuple[Tickets, Definitions]:
    tickets = service(db, bus)
    return tickets, Definitions(tickets, folder, bus, FakeClock())


async def test_a_broken_change_leaves_the_old_in_force_and_says_so(
    sqlite_db: Database, tmp_path: Path
) -> None:
    bus, told = Bus(), list[DefinitionsRefused]()
    bus.subscribe(DefinitionsRefused, told.append)
    folder = tmp_path / "workflows"
    shutil.copytree(FOLDER, folder)
    file = folder / "inquiry.yaml"
    good = file.read_text()
    tickets, ours = definitions(sqlite_db, folder, bus)
    await ours.load()
    file.write_text(good.replace("to: expert", "to: expart"))
    assert not await ours.reload()
    assert "inquiry.yaml" in told[0].problems[0]
    assert "there is no state `expart`" in told[0].problems[0]
    assert tickets.workflow("inquiry").version == 1
    # A server that starts anew with the broken file goes on with what was in force.
    again, theirs = definitions(sqlite_db, folder, bus)
    await theirs.load()
    assert len(told) == 2
    assert again.workflow("inquiry").version == 1
    file.write_text(good.replace("Ask an expert", "Ask somebody"))
    assert await ours.reload()
    assert tickets.workflow("inquiry").version == 2


async def test_a_first_start_with_a_broken_file_is_refused(sqlite_db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a")
    _, ours = definitions(sqlite_db, tmp_path, Bus())
    with pytest.raises(Faulty):
        await ours.load()


# Commands


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an installation's workflows and a database with an open inquiry."""
    url = f"sqlite:///{tmp_path / 'r.db'}"
    monkeypatch.setenv("RINGDESK_DATABASE__URL", url)
    monkeypatch.setenv("RINGDESK_PATHS__WORKFLOWS", str(tmp_path / "workflows"))
    shutil.copytree(FOLDER, tmp_path / "workflows")

    async def fill() -> None:
        db = Database(url)
        await migrate.upgrade(db)
        tickets = service(db)
        files = calendar_files(FOLDER.parent / "calendars")
        tickets.reckoners = calendars_of(read_calendars(files))
        await tickets.adopt(SHIPPED, START)
        await asked(tickets)
        await db.close()

    asyncio.run(fill())
    return tmp_path


def test_diff_tells_and_load_does(home: Path) -> None:
    file = home / "workflows" / "inquiry.yaml"
    good = file.read_text()
    renamed = good.replace(" expert: {label: {en: With", " specialist: {label: {en: With").replace(
        "from: expert", "from: specialist"
    )
    renamed = renamed.replace("to: expert", "to: specialist").replace(
        "received, expert", "received, specialist"
    )
    renamed = renamed.replace("during: [expert]", "during: [specialist]")
    file.write_text(renamed + "\nmap: {}\n")
    run = CliRunner().invoke
    scenarios = home / "workflows" / "scenarios" / "inquiry"
    scenarios.rename(home / "aside")  # they tell of the state as it was called before
    refused = run(app, ["workflow", "diff", str(file)])
    assert refused.exit_code == 1, refused.output
    assert "1 open in expert (version 1): NO PLACE, add `expert: STATE` to the map" in refused.output
    assert run(app, ["workflow", "load"]).exit_code == 1
    checked = run(app, ["check"])
    assert checked.exit_code == 1
    assert re.search(
        r"workflows/inquiry\.yaml:\d+: 1 open tickets of version 1 are in `expert`, which is no longer there \(add",
        checked.output,
    )
    file.write_text(renamed + "\nmap: {expert: specialist}\n")
    told = run(app, ["workflow", "diff", str(file)])
    assert told.exit_code == 0, told.output
    for line in (
        "complaint: stays at version 1",
        "inquiry: version 1 becomes 2",
        "+ states: specialist",
        "- states: expert",
        "~ clocks: expert (during)",
        "+ row: specialist - take -> stay for department",
        "1 open in expert (version 1): come along to specialist",
    ):
        assert line in told.output
    assert "open tickets: 1, each with a state, 1 come along" in run(app, ["check"]).output
    loaded = run(app, ["workflow", "load"])
    assert (loaded.exit_code, loaded.output.splitlines()[-1]) == (0, "in force")
    again = run(app, ["workflow", "diff"])
    assert "1 open in specialist (version 2): stay as they are" in again.output


def test_a_file_whose_prefix_is_that_of_another_is_not_loaded(home: Path) -> None:
    new = home / "praise.yaml"
    new.write_text((FOLDER / "inquiry.yaml").read_text().replace("name: inquiry", "name: praise"))
    run = CliRunner().invoke
    for command in ("diff", "load"):
        refused = run(app, ["workflow", command, str(new)])
        assert refused.exit_code == 1
        assert "praise.yaml:3: the prefix `Q` is that of inquiry too" in refused.output
    new.write_text(new.read_text().replace("prefix: Q", "prefix: P"))
    assert run(app, ["workflow", "load", str(new)]).exit_code == 0


def test_diff_tells_which_deadlines_a_changed_target_moves(home: Path) -> None:
    file = home / "workflows" / "inquiry.yaml"
    changed = file.read_text().replace("target: 3d", "target: 10d")
    file.write_text(changed + "\nmap: {}\n")
    told = CliRunner().invoke(app, ["workflow", "diff"]).output
    assert "clock inquiry.expert: 1 due later" in told
    file.write_text(changed)
    assert "clock inquiry" not in CliRunner().invoke(app, ["workflow", "diff"]).output


def test_diff_tells_which_deadlines_a_changed_calendar_moves(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendars = home / "calendars"
    shutil.copytree(FOLDER.parent / "calendars", calendars)
    file = calendars / "default.yaml"
    file.write_text(file.read_text().replace('"13:30-17:30"', '"13:30-15:00"'))
    monkeypatch.setenv("RINGDESK_PATHS__CALENDARS", str(calendars))
    told = CliRunner().invoke(app, ["workflow", "diff"])
    assert told.exit_code == 0, told.output
    assert "inquiry: stays at version 1" in told.output
    assert "clock inquiry.expert: 1 due " in told.output


def test_a_definition_is_played_in_the_terminal(home: Path) -> None:
    script = "\n".join(
        (
            "close",
            "receive contact_phone=abc",
            'receive contact_phone="010 1234 5678"',
            "close",
            "wait 45m",
            "consult",
            "consult department=billing",
            "as department billing",
            "take",
            "answer answer='At nine, every day'",
            "as supervisor",
            "history",
            "at 2020-01-01 00:00",
            "as nobody",
            "close",
            "quit",
            "never read",
        )
    )
    args = ["workflow", "try", "inquiry", "--at", "2026-03-02 09:00"]
    played = CliRunner().invoke(app, args, input=script)
    assert played.exit_code == 0, played.output
    out = played.output
    for line in (
        "the ticket is not opened yet: that is `receive`",
        "refused (invalid): Call back on: a telephone number",
        "refused (not_allowed_in_state)",
        "clock first_contact (First contact): running, due 2026-03-02 09:30 (overdue)",
        "refused (missing_field): Expert department is missing.",
        "told: department",
        "owner department-billing, department billing",
        "4. 2026-03-02 09:45 department-billing: Answer -> answered  Answer: At nine, every day",
        "time does not go back here",
        "there is no role `nobody`",
        "state closed (Closed), owner department-billing, department billing, closed",
    ):
        assert line in out
    assert "never read" not in out
    zh = CliRunner().invoke(app, [*args, "--lang", "zh"], input="receive\n")
    assert "state received (已受理)" in zh.output


def test_what_cannot_be_played_is_told(home: Path) -> None:
    unknown = CliRunner().invoke(app, ["workflow", "try", "inquery"])
    assert unknown.exit_code == 1
    assert "did you mean `inquiry`?" in unknown.output
    broken = home / "broken.yaml"
    broken.write_text("name: a\n")
    refused = CliRunner().invoke(app, ["workflow", "try", str(broken)])
    assert refused.exit_code == 1
    assert "broken.yaml:1: `the file` lacks `prefix`" in refused.output
