"""Ways to the nodes of the shipped flows for callers of a real Asterisk: who calls, what is in the database for it,
and which keys are pressed where. Made of the scenarios beside the flows; what those say that services answer is here
what the records have to hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.files import shipped_flows
from ivr_flows.flow import model as m
from ivr_flows.scenario import Scenario, replay
from tests.e2e.robot import HOTLINE
from tests.unit.ivr_flows.scripted_call import scenario_of
from tests.unit.ivr_flows.shipped_flows import FLOWS
from tests.unit.ivr_flows.ways import SCENARIOS, heard_at, node_of, ways

SURVEY, WITH_NEWS = "4015", "4006"
IN_HOTLINE = {"bill": "2", "identify": "2", "outage": "3", "fault": "4", "ticket_status": "5", "person": "0"}
"""The key of the main menu that leads into the flow."""
DIALLED = {"survey": SURVEY, "ticket_survey": WITH_NEWS}
ACCOUNT, TICKET = "400100200", "20260042"
"""What the scenarios type; each caller has an account and a ticket of its own here."""
PIN, WRONG = "246810", "9"
ENDING, OPEN_ENDED = "停供甲区", "停供乙区"
"""Districts with an outage: until when is known, and is not."""
WORDS = "fault/words"
NEWS_EN, NEWS_ZH = "Gas is off.", "停气检修。"
"""What is said of either."""
INLAND, ABROAD = "1361{:07d}", "00442079{:06d}"
ELSEWHERE = ("rung_up",)
"""Scenarios of callers whom we rang up: not for a call that comes in."""
SLOW = ("unknown_account",)
"""Whose silence has to be waited for twice: taken where no other scenario comes to a node."""


@dataclass
class Plan:
    """One call: to this node, by this scenario."""

    node: str
    path: Path
    index: int
    ticket: str = ""
    """The digits of the caller's own ticket, once there is one."""
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Where which keys are pressed."""

    def __post_init__(self) -> None:
        self.scenario: Scenario = scenario_of(self.path)
        self.flow = self.path.parent.name
        self._way = replay(self.path.read_text("utf-8"), str(self.path), FLOWS, self.flow).path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def did(self) -> str:
        return DIALLED.get(self.flow, HOTLINE)

    @property
    def number(self) -> str:
        barred = self.scenario.refuses.get("callback.request")
        return (ABROAD if barred else INLAND).format(self.index)

    @property
    def account(self) -> str:
        return f"4001{self.index:05d}"

    def answer(self, service: str) -> dict[str, Any]:
        """What the scenario says of this service, else the flow of the node, else the flows on the way."""
        if service == "customer.find" and "who" in self.scenario.vars:
            return dict(self.scenario.vars["who"])  # type: ignore[arg-type]  # a scenario gives a mapping there
        flows = (self.node.partition("/")[0], self.flow, *(one.partition("/")[0] for one in self._way))
        found = [FLOWS.by_name[flow].examples.get(service, {}) for flow in flows]
        return dict(self.scenario.answers.get(service) or next((one for one in found if one), {}))

    @property
    def known(self) -> bool:
        return self.answer("customer.find").get("match") == "one"

    @property
    def district(self) -> str:
        asks = any(one.startswith(("outage/", "fault/")) for one in self._way)
        at = self.answer("outage.at") if asks else {}
        return (ENDING if at.get("until") else OPEN_ENDED) if at.get("found") else "平安区"

    @property
    def broken(self) -> bool:
        """Whether the records have to be away."""
        return self.node.endswith("/sorry") and any(
            code.startswith("un") for code in self.scenario.refuses.values()
        )

    @property
    def office(self) -> str:
        """Whether it is open, closed, or closed for a holiday when the caller asks for a person."""
        hours = self.answer("hours.open") if self.flow == "person" else {}
        return "holiday" if hours.get("holiday") else "open" if hours.get("open", True) else "closed"

    @property
    def records(self) -> bool:
        """Whether words are recorded on the way to the node, or in it."""
        return self._way.index(self.node) >= self._way.index(WORDS) if WORDS in self._way else False

    @property
    def ticket_kind(self) -> str:
        """The workflow of the ticket that the caller asks about; empty where there is none."""
        status = self.answer("ticket.status")
        if not status.get("found") or not any(step.press == TICKET for step in self.scenario.steps):
            return ""
        asks = status.get("may_confirm") or status.get("may_rate")
        return "inquiry" if asks else "repair"

    def written(self) -> list[tuple[str, str]]:
        """Where which keys are pressed, from the first question of the call on."""
        steps: list[tuple[str, str]] = []
        if self.flow in IN_HOTLINE:
            steps += [] if self.known else [("hotline/welcome", "2")]
            steps.append(("hotline/main", IN_HOTLINE[self.flow]))
        for step in self.scenario.steps:
            if step.at:
                at = step.at if "/" in step.at else f"{self.flow}/{step.at}"
                # Who says nothing has to be waited for: a wrong key leads the same way, and at once.
                keys = "#" if step.speak else self._typed(at, step.press) if step.press else WRONG
                steps.append((at, keys))
        return steps

    def _typed(self, at: str, keys: str) -> str:
        node = node_of(at)
        keys = keys.replace(ACCOUNT, self.account).replace(TICKET, self.ticket)
        short = isinstance(node, m.Pin) and len(keys) < node.digits
        return f"{keys}#" if short or (isinstance(node, m.Collect) and len(keys) > 1) else keys


def plans() -> list[Plan]:
    """A call to each node at which a caller hears something."""
    fit = [path for path in SCENARIOS if path.stem not in ELSEWHERE]
    found = ways(fit) | ways(path for path in fit if path.stem not in SLOW)
    heard = [node for node in found if heard_at(node)]
    return [Plan(node, found[node], index) for index, node in enumerate(heard, start=1)]


def plans_to(nodes: Iterable[str], by: Mapping[str, str]) -> list[Plan]:
    """A call to each of these: by the scenario named for it, else where it can be by one that refuses nothing."""
    fit = [path for path in SCENARIOS if path.stem not in ELSEWHERE]
    served = [path for path in fit if path.stem not in SLOW and not scenario_of(path).refuses]
    found = ways(fit) | ways(path for path in fit if path.stem not in SLOW) | ways(served)
    found |= {node: shipped_flows() / "scenarios" / name for node, name in by.items()}
    return [Plan(node, found[node], index) for index, node in enumerate(nodes, start=1)]


def customers(calls: list[Plan]) -> str:
    """The customers' records: the callers' own, and those of accounts that callers without a record ask about."""
    lines = ["name,phones,grade,account,address,district,language,vip"]
    for one in calls:
        who = one.answer("customer.find")
        language = who.get("language", "zh_CN")
        own = f"{one.number}" if one.known else ""
        vip = "yes" if who.get("vip") else ""
        grade = who.get("grade") or "C"
        told = one.answer("outage.at").get("address", True)
        where = f"花园路 {one.index} 号,{one.district}" if told else ","
        lines.append(f"客户{one.index},{own},{grade},{one.account},{where},{language},{vip}")
    return "\n".join(lines) + "\n"


def accounts(calls: list[Plan]) -> str:
    """Billing's records, but of those callers whose scenario has none."""
    lines = ["account,balance,currency,bill,due,period"]
    for one in calls:
        told = one.answer("account.balance")
        if told and "account.balance" not in one.scenario.refuses:
            balance = str(told["balance"]).split()[0]
            bill = str(told["bill"]).partition(" ")[0]
            sign = "-" if told["owed"] else ""
            lines.append(f"{one.account},{sign}{balance},CNY,{bill},{told['due']},{told['period']}")
    return "\n".join(lines) + "\n"


def pins(calls: list[Plan]) -> str:
    """A PIN for each account that a caller proves."""
    proves = [one for one in calls if any(keys == PIN or at == "identify/pin" for at, keys in one.written())]
    return "".join(["account,pin\n", *(f"{one.account},{PIN}\n" for one in proves)])
