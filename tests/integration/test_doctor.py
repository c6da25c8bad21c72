"""The doctor on a real Asterisk, and on what is none."""

import asyncio
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from config.files import flows_dir
from config.settings import CallbackSettings, IvrSettings, PathSettings, PbxSettings, Settings
from core.clock import SystemClock
from cti.dialplan_findings import FlowPort
from cti.doctor import Asked, examine
from cti.findings import Finding, Level
from cti.messages import Seat
from ivr_flows.definitions import flow_files
from server.commands.flow_queues import agent_name_findings, queue_name_findings
from server.commands.reach import reach_findings
from tests.integration.ami_script import ScriptedAmi, error, settings
from tests.integration.test_link_asterisk import ONE_AGENT, add_user
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone


def bad(findings: list[Finding]) -> list[str]:
    return [finding.what for finding in findings if finding.level in {Level.WARNING, Level.PROBLEM}]


async def doctor(of: PbxSettings, *seats: Seat, flows: FlowPort | None = None) -> list[Finding]:
    asked = Asked("rd-doctor-test", seats, flows, seconds=0.5)
    return list((await examine(of, asked, SystemClock())).findings)


def of_asterisk(pbx: Asterisk, username: str = "ringdesk", **more: object) -> PbxSettings:
    return settings(pbx.ami_port, username=username, secret=pbx.secret, dial_context="agents", **more)


SEATS = [Seat(f"agent{n}", "", "main", f"PJSIP/{n}", str(n)) for n in (1001, 1003)]


async def test_a_port_where_nothing_listens() -> None:
    async with ScriptedAmi() as pbx:
        port = pbx.port
    assert bad(await doctor(settings(port)))[0].startswith("PBX main: cannot connect to")


async def test_a_refused_login() -> None:
    async with ScriptedAmi(Login=lambda _, m: error(m, "Authentication failed")) as pbx:
        assert bad(await doctor(settings(pbx.port))) == ["Login of ringdesk refused"]


async def test_a_pbx_that_goes_away_meanwhile() -> None:
    async with ScriptedAmi() as pbx:
        pbx.cut_after = [400]
        assert bad(await doctor(settings(pbx.port)))[-1].startswith("The PBX stopped answering")


@pytest.mark.real
async def test_a_pbx_set_up_by_the_samples_is_well() -> None:
    async with Asterisk(ONE_AGENT) as pbx, Phone(pbx, "1001") as phone, Caller(pbx, "4001"):
        await phone.ringing()
        findings = await doctor(of_asterisk(pbx), *SEATS)
        assert bad(findings) == []
        text = " ".join(finding.what for finding in findings)
        for part in (
            "Asterisk 22",
            "RINGDESK_CALL",
            "context agents",
            "context ringdesk-ivr",
            "pause",
            "class call arrive",
            "class agent arrive",
            "Clocks agree",
            "all of them users",
        ):
            assert part in text


@pytest.mark.real
async def test_what_lacks_is_named() -> None:
    async with Asterisk(ONE_AGENT) as pbx:
        await add_user(pbx, "poor", read="call", write="call,reporting")
        stranger = Seat("ghost", "", "main", "PJSIP/7777", "7777")
        found = bad(await doctor(of_asterisk(pbx, "poor"), SEATS[0], stranger))
        assert found == [
            "Events of the class system do not arrive",
            "The manager user lacks write=agent",
            "The manager user lacks write=originate",
            "The context agents has no extension 7777 (ghost)",
            "PJSIP/1003 is a member of emergency and matches no user",
            "ghost's phone PJSIP/7777 does not exist",
        ]
        no_context = settings(pbx.ami_port, secret=pbx.secret, dial_context="nowhere")
        assert "The dialplan has no context nowhere" in bad(await doctor(no_context, *SEATS))
        no_flows = bad(await doctor(of_asterisk(pbx, flow_context="nothing"), *SEATS))
        assert no_flows[0] == "The dialplan has no context nothing"
        unwanted = await doctor(of_asterisk(pbx, flow_context=""), *SEATS)
        assert not any("context nothing" in one.what or "ringdesk-ivr" in one.what for one in unwanted)


@pytest.mark.real
@pytest.mark.parametrize("version", [22, 16])
async def test_what_may_not_be_read_and_what_leads_elsewhere(version: int) -> None:
    write = "call,agent,originate,reporting"
    async with Asterisk(ONE_AGENT, version=version) as pbx:
        flows = FlowPort("127.0.0.1", pbx.agi_port)
        elsewhere, token = FlowPort("127.0.0.1", pbx.agi_port + 1), "a-token-of-ours"
        for lacking, read in (("call", "system,agent"), ("agent", "system,call")):
            await add_user(pbx, f"without-{lacking}", read, write)
        assert bad(await doctor(of_asterisk(pbx), *SEATS, flows=flows)) == []
        more = {"queue_extensions": {"service": "4001", "sales": "4999"}, "wrapup": {"emergency": 5}}
        assert bad(await doctor(of_asterisk(pbx, "without-call", **more), *SEATS, flows=elsewhere)) == [
            "The context agents has no extension 4999 (the queue sales)",
            f"The dialplan looks for flows at {flows}, and they are served at {elsewhere}",
            "queue_extensions names the queue sales, which this PBX does not have",
            "Events of the class call do not arrive",
        ]
        asks = FlowPort("127.0.0.1", pbx.agi_port, token)
        assert bad(await doctor(of_asterisk(pbx, "without-agent"), *SEATS, flows=asks)) == [
            "The dialplan's AGI() carries another token than ivr.token",
            "Events of the class agent do not arrive",
        ]
        # What was done to see it is undone.
        members = await pbx.ami.action_list("QueueStatus")
        assert not [one for one in members if "nowhere" in one.get("Location", "")]
        assert not await pbx.ami.action_list("CoreShowChannels")


@pytest.mark.real
async def test_the_short_write_timeout_of_an_asterisk_that_nobody_told_is_found() -> None:
    async with Asterisk(ONE_AGENT) as pbx:
        await add_user(pbx, "hasty", "system,call,agent", "call,agent,originate,reporting", write_timeout=100)
        assert bad(await doctor(of_asterisk(pbx, "hasty"), *SEATS)) == ["writetimeout is too short"]


async def test_whether_a_dialplan_finds_the_flows_where_they_are_served() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    ivr = IvrSettings(port=server.sockets[0].getsockname()[1])
    here = Settings(pbx=(PbxSettings("main"),), ivr=ivr)
    async with server:
        assert [one.level for one in await reach_findings(here)] == [Level.OK]
        away = Settings(pbx=(PbxSettings("far", host="pbx.example"),), ivr=ivr)
        assert bad(await reach_findings(away)) == [
            "PBX far is another machine, and flows are served at 127.0.0.1 only"
        ]
        open_to_it = replace(away, ivr=replace(ivr, host="0.0.0.0"))  # nothing listens there
        assert bad(await reach_findings(open_to_it)) == []
    (finding,) = await reach_findings(here)
    assert finding.level is Level.WARNING
    assert finding.what.startswith(f"Nothing answers at 127.0.0.1:{ivr.port}")
    assert "agi.no_port" in finding.fix
    assert await reach_findings(Settings(pbx=(PbxSettings("main", flow_context=""),), ivr=ivr)) == []


def test_queues_that_flows_name_and_no_pbx_has(tmp_path: Path) -> None:
    for file in flow_files(flows_dir(PathSettings())):
        text = file.read_text().replace("queue: emergency", "queue: emergncy")
        (tmp_path / file.name).write_text(text)
    of = Settings(
        pbx=(PbxSettings("main"), PbxSettings("other")),
        paths=PathSettings(flows=str(tmp_path)),
        callback=CallbackSettings(queues=("service", "sales")),
    )
    queues = {"service", "emergency"}
    first, second = queue_name_findings(of, [{"service"}, {"emergency"}])
    assert re.match(r".*/danger\.yaml:\d+: there is no queue `emergncy` on any PBX$", first.what)
    assert (first.level, first.fix) == (Level.WARNING, "did you mean `emergency`?")
    assert second.what.startswith("callback.queues names the queue sales")
    shipped = replace(of, paths=PathSettings(), callback=CallbackSettings())
    assert [one.level for one in queue_name_findings(shipped, [queues])] == [Level.OK]
    assert [one.level for one in queue_name_findings(shipped, [queues, None])] == [Level.NOTE]
    text = (tmp_path / "danger.yaml").read_text().replace("queue: emergncy", "agent: ann")
    (tmp_path / "danger.yaml").write_text(text)
    (ann,) = agent_name_findings(of, {"anna"})
    assert re.match(r".*/danger\.yaml:\d+: there is no agent `ann`$", ann.what)
    assert ann.level is Level.WARNING
    assert agent_name_findings(of, {"ann"}) == agent_name_findings(shipped, ()) == []
    (tmp_path / "danger.yaml").write_text("nothing")
    assert agent_name_findings(of, ()) == []
    assert queue_name_findings(replace(of, callback=CallbackSettings()), [queues]) == []  # said elsewhere
    assert queue_name_findings(Settings(pbx=(PbxSettings("main", flow_context=""),)), [queues]) == []
