"""The shipped workflows and a few people to act on them."""

from pathlib import Path

import config
from ticketing.definitions import read_files, workflow_files
from ticketing.messages import Actor, NewTicket, Ticket
from ticketing.workflow.decide import Outcome, decide
from ticketing.workflow.model import Workflow
from ticketing.workflow.opening import Birth, decide_open
from ticketing.workflow.values import Refusal

FILES = workflow_files(Path(config.__file__).parent / "workflows")
SHIPPED = read_files(FILES)
COMPLAINT, REPAIR, INQUIRY = SHIPPED["complaint"], SHIPPED["repair"], SHIPPED["inquiry"]

AT = 1_769_846_400.0
DAY = 86_400.0


def person(role: str, user: str = "", department: str = "") -> Actor:
    return Actor(user or role, frozenset({role}), department)


AGENT, DISPATCHER, SUPERVISOR, LEADER = (person(r) for r in ("agent", "dispatcher", "supervisor", "leader"))
CLERK = person("department", "clerk", "billing")


def opened(workflow: Workflow, **given: object) -> Ticket:
    new = NewTicket(workflow=workflow.name, subject="Bill doubled", **given)  # type: ignore[arg-type]  # test data
    outcome = decide_open(workflow, new, AGENT, Birth("t1", "X-20260131-0001", 1, AT))
    assert isinstance(outcome, Outcome), outcome
    return outcome.ticket


class Walk:
    """A ticket taken through its workflow by hand; time stands still unless told."""

    def __init__(self, workflow: Workflow, **given: object) -> None:
        self.workflow = workflow
        self.ticket = opened(workflow, **given)
        self.now = AT
        self.notices: tuple[str, ...] = ()

    def try_(self, event: str, actor: Actor, **data: object) -> Outcome | Refusal:
        return decide(self.workflow, self.ticket, event, actor, data, self.now)

    def do(self, event: str, actor: Actor, **data: object) -> "Walk":
        outcome = self.try_(event, actor, **data)
        assert isinstance(outcome, Outcome), outcome
        self.ticket, self.notices = outcome.ticket, outcome.notices
        return self

    def refused(self, event: str, actor: Actor, **data: object) -> tuple[str, object]:
        """The code of the refusal, and the guard or field that it names."""
        refusal = self.try_(event, actor, **data)
        assert isinstance(refusal, Refusal), refusal
        return refusal.code, refusal.details.get("guard") or refusal.details.get("field")


def handled() -> Walk:
    """A complaint that the billing clerk has signed for."""
    walk = Walk(COMPLAINT)
    return walk.do("judge", DISPATCHER).do("dispatch", DISPATCHER, department="billing").do("sign", CLERK)
