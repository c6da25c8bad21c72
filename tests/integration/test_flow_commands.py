"""`ringdesk flow`: a flow is played with its examples, or with the rooms of a real database behind it."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from server.cli import app
from tests.unit.ivr_flows.shipped_flows import TINY


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "ringdesk.toml"
    file.write_text(f'[database]\nurl = "sqlite:///{tmp_path / "ringdesk.db"}"\n')
    run("migrate", "--config", str(file))
    customers = tmp_path / "customers.csv"
    customers.write_text("name,phones,grade,account,language\nLi Min,13800138000,A,400100200,en\n")
    run("customers", "import", str(customers), "--config", str(file))
    return file


def run(*arguments: str, typed: str = "", fails: bool = False) -> str:
    result = CliRunner().invoke(app, list(arguments), input=typed)
    assert (result.exit_code != 0) is fails, result.output
    return result.output


def test_a_flow_is_played_with_its_examples() -> None:
    said = run("flow", "try", "hotline", "--as", "13800138000", typed="2\n1\n246810\n\n")
    assert 'asks   customer.find {"number":"13800138000"}' in said
    assert "identify/pin> ••••••" in said
    assert "246810" not in said
    assert "ended  served" in said
    assert "agent  Account: 400100200" in said


@pytest.mark.parametrize(
    ("lang", "hears", "agent"),
    [
        ("en", "Enter your account number, then hash.", "agent  Balance told: 88.20 CNY"),
        ("zh", "请输入户号，按井号键结束。", "agent  已告知余额: 88.20 CNY"),
    ],
)
def test_a_flow_is_played_in_the_language_that_is_asked_for(lang: str, hears: str, agent: str) -> None:
    said = run("flow", "try", "bill", "--lang", lang, typed="400100200\n135790\n")
    assert f"hears  {hears}" in said
    assert agent in said
    run("flow", "try", "bill", "--lang", "fr", fails=True)


def test_a_variable_tells_the_language_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(TINY.replace("with: {account: $account}", "with: {account: $language}"))
    for lang, tag in ((), "en"), (("--lang", "zh"), "zh_CN"):
        said = run("flow", "try", str(file), *lang, typed="1\n4001\nquit\n")
        assert f'asks   account.find {{"account":"{tag}"}}' in said


def test_what_can_be_typed_is_said() -> None:
    typed = "help\nshow\nhello\n1\n4001\n123456\nhello\nsay 4\n"
    said = run("flow", "try", "survey", typed=typed)
    assert "the caller hangs up" in said
    assert "`hello` is no key" in said
    assert "way: survey/who, survey/score" in said
    assert "ended  served" in said
    gone = run("flow", "try", "survey", typed="hang up\n")
    assert "ended  hung_up" in gone
    assert "ended" not in run("flow", "try", "survey", typed="quit\n")


def test_the_real_database_answers_where_settings_are_named(settings: Path) -> None:
    config = ("--config", str(settings))
    typed = "4\n3\n1\nsay 5\n*\n5\n"
    said = run("flow", "try", "hotline", "--as", "13800138000", *config, typed=typed)
    assert "what is opened or kept is real" in said
    assert '"name":"Li Min"' in said
    assert "Welcome back." in said
    opened = next(line for line in said.splitlines() if "asks   ticket.open" in line)
    assert '"category":"meter_fault"' in opened
    assert '-> {"number":"R-' in opened
    digits = opened.rpartition('"digits":"')[2].partition('"')[0]
    urged = run("flow", "try", "hotline", "--as", "13800138000", *config, typed=f"5\n{digits}\n1\n\n")
    assert '"state":"reported"' in urged
    assert "We have noted that you are waiting for it." in urged
    stranger = run("flow", "try", "ticket_status", "--as", "13911112222", *config, typed=f"{digits}\n\n")
    assert '"found":false' in stranger


def test_what_is_heard_is_not_mixed_with_the_log(settings: Path) -> None:
    played = CliRunner().invoke(app, ["flow", "try", "hotline", "--config", str(settings)], input="quit\n")
    assert played.stdout.splitlines()[1].startswith("  asks   customer.find")
    assert "in_force" not in played.output


def test_a_balance_is_told_to_nobody_without_the_pin(settings: Path) -> None:
    config = ("--config", str(settings))
    said = run("flow", "try", "hotline", "--as", "13800138000", *config, typed="2\n1\n864209\n\n")
    assert "asks   pin.check" in said
    assert "account.balance" not in said
    assert "864209" not in said


def test_a_file_is_read_with_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(TINY)
    assert "Press 1 or 2." in run("flow", "try", str(file), typed="quit\n")
    assert "did you mean `hotline`?" in run("flow", "try", "hotlin", fails=True)
    file.write_text(TINY.replace("next: menu}", "next: men}", 1))
    assert "there is no node `men`" in run("flow", "try", str(file), fails=True)


def test_diagrams_are_printed() -> None:
    assert run("flow", "diagram", "danger").startswith("flowchart TD")
    picture = run("flow", "diagram", "person", "--kind", "svg", "--lang", "zh")
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert "菜单" in picture
