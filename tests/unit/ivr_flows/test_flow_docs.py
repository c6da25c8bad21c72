"""What docs/flows.md shows is what happens: its flow, scenario, trial and tables are run as they stand."""

import re
from pathlib import Path
from textwrap import dedent, indent

import pytest
import yaml

import config
from config.files import shipped_flows
from ivr_flows.flow.checks import check
from ivr_flows.flow.diagram import KINDS
from ivr_flows.flow.load import load
from ivr_flows.flow.model import Flows
from ivr_flows.flow.services import SERVICES
from ivr_flows.flow.words import KINDS as SPOKEN
from ivr_flows.scenario import replay
from ivr_flows.trial import Trial
from tests.unit.ivr_flows.shipped_flows import FLOWS, SHIPPED, TINY

TEXT = (Path(config.__file__).parent.parent / "docs" / "flows.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def block(first: str) -> str:
    """The YAML block that begins with this line."""
    return next(text for text in BLOCKS if text.startswith(first))


HOURS = load(block("name: hours"), "flows.md")


def test_the_flow_shown_is_good() -> None:
    assert check([HOURS]) == []


def test_the_scenario_shown_holds() -> None:
    flows = Flows({"hours": HOURS.flow})
    assert replay(block("about: "), "flows.md", flows, "hours").problems == ()


def test_the_trial_shown_runs_as_shown() -> None:
    shown = re.search(r"ringdesk flow try hours.*?\n(.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    trial = Trial(Flows({"hours": HOURS.flow}), "hours", "13800138000", this_year=2026)
    played: list[str] = []
    for line in (
        "",
        *(line for line in shown[1].splitlines() if "> " in line[:14] and not line.startswith(" ")),
    ):
        if line:
            played += [line, *trial.answer(line.partition("> ")[2])]
        while ask := trial.asked:
            played += trial.served(ask, trial.example(ask))
        played += trial.outcome()
    assert played == shown[1].splitlines()


def test_the_change_shown_can_be_made_to_the_shipped_hotline() -> None:
    key, node = (
        dedent(text) for text in re.findall(r"^   ```yml\n(.*?)^   ```", TEXT, re.DOTALL | re.MULTILINE)
    )
    before = (shipped_flows() / "hotline.yaml").read_text("utf-8")
    where = before.index('      "0":\n', before.index("\n  main:\n"))
    changed = before[:where] + indent(key, " " * 6) + before[where:]
    changed = changed.replace("\nnodes:\n", "\nnodes:\n" + indent(node, "  "), 1)
    others = [one for one in SHIPPED if one.flow.name != "hotline"]
    assert check([*others, load(changed, "hotline.yaml")]) == []


def test_an_example_of_every_node_is_shown_and_has_the_right_shape() -> None:
    nodes = {
        name: node
        for text in BLOCKS
        for name, node in (yaml.safe_load(text) or {}).items()
        if isinstance(node, dict) and "do" in node
    }
    assert {node["do"] for node in nodes.values()} | {"return"} >= set(KINDS)
    head = "name: x\nlabel: {en: X, zh: 甲}\nstart: a\nnodes:\n"
    for text in BLOCKS:
        if not text.startswith(("name:", "about:")):
            load(head + "".join(f"  {line}\n" for line in text.splitlines()), "flows.md")


@pytest.mark.parametrize("name", [name for name in SERVICES if f"`{name}` |" in TEXT])
def test_services_are_told_as_they_are(name: str) -> None:
    row = re.search(rf"^\| `{re.escape(name)}` \| (.*?) ?\| (.*?) \|$", TEXT, re.M)
    assert row is not None
    service = SERVICES[name]
    assert row[1] == ", ".join((*service.needs, *service.takes))
    assert row[2].split(", ") == list(service.gives)


def test_every_kind_of_speaking_and_every_shipped_flow_is_named() -> None:
    assert {kind for kind in SPOKEN if rf"\|{kind}}}" in TEXT} == set(SPOKEN)
    assert {name for name in FLOWS.by_name if f"`{name}`" in TEXT} == {one.flow.name for one in SHIPPED}


def test_the_key_that_ends_an_entry_may_be_typed_in_a_trial() -> None:
    trial = Trial(FLOWS, "outage", "13655556666")
    trial.box.state.vars["who"] = {"match": "none"}
    while ask := trial.asked:
        trial.served(ask, trial.example(ask))
    trial.outcome()
    trial.answer("400100200#")
    assert trial.asked is not None
    assert trial.asked.args == {"account": "400100200"}


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("1210", "您希望 1210 (十二月十日) 确认请按1。"),
        ("1399", "您希望 1399 (no date: read as it is written) 确认请按1。"),
    ],
)
def test_a_trial_says_in_which_words_a_value_is_spoken(typed: str, heard: str) -> None:
    text = TINY.replace(
        "into: account, min: 4",
        'into: account, min: 4, confirm: {text: {en: "{account|date}?", zh: "您希望{account|date}，确认请按1。"}}',
    )
    trial = Trial(Flows({"tiny": load(text, "tiny.yaml").flow}), "tiny", "", "zh_CN", 2026)
    trial.answer("1")
    trial.outcome()
    trial.answer(f"{typed}#")
    assert trial.outcome() == [f"  hears  {heard}"]
