"""The shipped workflows against the field's own tables: who may do what in which state, where it leads, and how long
each part may take. Everything that is not in a table is refused, for every role."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.unit.ticketing.shipped import AT, SHIPPED, opened, person
from ticketing.workflow.decide import decide
from ticketing.workflow.model import MACHINES, ROLES, Target, Workflow
from ticketing.workflow.values import Refusal

# States, event, next state (= for the same one), who. `open`: every state that is not an end.
TABLES = {
    "complaint": """
        registered                                  judge        assessed             dispatcher
        registered assessed                         reject       not_accepted         supervisor
        registered assessed                         merge        merged               dispatcher
        registered assessed dispatched handling     danger       converted            dispatcher department
        assessed                                    dispatch     dispatched           dispatcher
        dispatched                                  sign         handling             department
        dispatched                                  return       return_review        department
        return_review                               uphold       assessed             dispatcher
        return_review                               refuse       dispatched           dispatcher
        handling                                    contact      =                    department
        handling                                    wait         waiting_customer     department
        waiting_customer                            resume       handling             department agent
        handling                                    propose      awaiting_instruction department
        awaiting_instruction                        approve      replying             leader
        awaiting_instruction                        amend        handling             leader
        handling replying                           reply        callback_due         department
        callback_due                                satisfied    closed               agent ivr
        callback_due                                dissatisfied handling             agent ivr
        callback_due                                no_answer    =                    agent
        callback_due                                unreached    closed_unreached     agent
        supervision                                 instruct     handling             leader
        supervision                                 conclude     closed               leader
        closed closed_unreached withdrawn not_accepted archive   archived             supervisor timer
        closed closed_unreached withdrawn           reopen       assessed             agent dispatcher
        open                                        urge         =                    agent ivr
        dispatched handling waiting_customer replying ask_extension =                 department
        dispatched handling waiting_customer replying extend     =                    supervisor leader
        callback_due closed closed_unreached        rate         =                    agent ivr
        open                                        supervise    =                    leader supervisor
        dispatched handling waiting_customer replying co_handle  =                    dispatcher department
        handling waiting_customer replying          assign       =                    dispatcher
        open                                        link         =                    agent dispatcher department
        open                                        withdraw     withdrawn            agent
        open                                        comment      =                    agent dispatcher department leader
    """,
    "repair": """
        reported                                    triage       triaged              dispatcher
        triaged                                     advise       customer_owned       dispatcher agent
        triaged                                     dispatch     dispatched           dispatcher
        dispatched                                  acknowledge  acknowledged         department
        acknowledged                                set_out      en_route             department
        en_route                                    arrive       on_site              department
        on_site                                     make_safe    made_safe            department
        made_safe                                   begin_repair repairing            department
        made_safe repairing                         wait_parts   waiting_parts        department
        waiting_parts                               parts_here   repairing            department dispatcher
        repairing                                   restore      restored             department
        restored                                    verify       verified             department dispatcher
        restored                                    fail_check   repairing            dispatcher department
        verified                                    ask_back     callback             dispatcher department system
        callback                                    satisfied    closed               agent ivr
        callback                                    dissatisfied triaged              agent ivr
        callback                                    no_answer    =                    agent
        callback                                    unreached    closed               agent
        closed                                      reopen       triaged              agent dispatcher
        dispatched acknowledged en_route            dispatch     dispatched           dispatcher
        triaged dispatched acknowledged en_route on_site made_safe repairing waiting_parts triage = dispatcher
        on_site                                     no_access    dispatched           department
        open                                        major_incident = dispatcher department leader supervisor
        reported triaged dispatched acknowledged    attach_to_outage in_outage        dispatcher ivr
        callback closed                             rate         =                    agent ivr
        open                                        urge         =                    agent ivr
        acknowledged en_route on_site made_safe repairing waiting_parts assign =      dispatcher
        open                                        link         =                    agent dispatcher department
        reported triaged dispatched acknowledged    cancel       cancelled            agent dispatcher
        open                                        comment      =                    agent dispatcher department leader
    """,
    "inquiry": """
        received                                    answer       answered             agent
        received                                    consult      expert               agent dispatcher
        expert                                      take         =                    department
        expert                                      answer       answered             department agent
        expert                                      give_back    received             department
        answered                                    ask_again    expert               agent ivr
        answered                                    close        closed               agent ivr timer
        received expert answered                    convert      converted            agent dispatcher
        closed                                      reopen       received             agent
        expert                                      assign       =                    department dispatcher
        answered closed                             rate         =                    agent ivr
        open                                        link         =                    agent dispatcher department
        open                                        withdraw     withdrawn            agent
        open                                        urge         =                    agent ivr
        open                                        comment      =                    agent dispatcher department
    """,
}
# Clock, target (by the field's value where it goes by one), calendar, where it counts, where it pauses.
CLOCKS = {
    "complaint": """
        assess   2h   working registered -
        sign     2h   working dispatched -
        contact  24h  always  handling waiting_customer,awaiting_instruction
        handle   7d   working dispatched,return_review,handling,replying waiting_customer,awaiting_instruction
        review   4h   working return_review -
        instruct 1d   working awaiting_instruction -
        callback 1d   working callback_due -
        archive  30d  always  closed,closed_unreached,withdrawn,not_accepted -
    """,
    "repair": """
        triage   5m   always  reported -
        arrive   urban=45m,rural=90m,remote=120m always reported,triaged,dispatched,acknowledged,en_route -
        restore  24h  always  on_site,made_safe,repairing waiting_parts
        callback 1d   working verified,callback -
    """,
    "inquiry": """
        first_contact 30m always received -
        expert        3d  working expert -
        settle        3d  working answered -
    """,
}


def rows(workflow: Workflow) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    """State, event, next state and roles, written out."""
    unfinished = [name for name, state in workflow.states.items() if not state.end]
    for line in TABLES[workflow.name].strip().splitlines():
        words = line.split()
        at = next(i for i, word in enumerate(words) if word in workflow.events and i and words[i - 1] != "=")
        for state in unfinished if words[0] == "open" else words[:at]:
            to = state if words[at + 1] == "=" else words[at + 1]
            yield state, words[at], to, frozenset(words[at + 2 :])


@pytest.mark.parametrize("name", TABLES)
def test_everybody_may_do_what_the_table_says_and_nothing_else(name: str) -> None:
    workflow = replace(SHIPPED[name], includes={})
    table = {(state, event): roles for state, event, _, roles in rows(workflow)}
    ticket = opened(workflow)
    for state in workflow.states:
        for event in workflow.events:
            may = set()
            for role in ROLES | MACHINES:
                said = decide(workflow, replace(ticket, state=state), event, person(role), {}, AT)
                code = said.code if isinstance(said, Refusal) else ""
                assert (code == "not_allowed_in_state") == ((state, event) not in table), (state, event, role)
                may |= {role} if code not in ("role", "not_allowed_in_state") else set()
            assert may == table.get((state, event), frozenset()), (state, event)


@pytest.mark.parametrize("name", TABLES)
def test_each_step_leads_where_the_table_says(name: str) -> None:
    workflow = SHIPPED[name]
    for state, event, to, _ in rows(workflow):
        first = {row.to if row.to != "stay" else state for row in workflow.rows(state, event)}
        assert to in first, (state, event)
        assert first <= {to, "supervision"}, (state, event)


@pytest.mark.parametrize("name", CLOCKS)
def test_each_part_may_take_as_long_as_the_table_says(name: str) -> None:
    clocks = SHIPPED[name].clocks
    said = {}
    for line in CLOCKS[name].strip().splitlines():
        clock, target, calendar, during, pauses = line.split()
        said[clock] = (target, calendar, during, pauses)
    assert said == {
        clock: (
            ",".join(f"{value}={target}" for value, target in c.target.values.items())
            if isinstance(c.target, Target)
            else c.target,
            c.calendar,
            ",".join(c.during),
            ",".join(c.pauses) or "-",
        )
        for clock, c in clocks.items()
    }


def test_only_the_pauses_of_a_complaint_are_capped_and_an_emergency_has_none() -> None:
    assert SHIPPED["complaint"].clocks["handle"].cap == "5d"
    assert SHIPPED["repair"].clocks["restore"].never_pauses_when == ("emergency",)
    assert all(not c.pauses or c.never_pauses_when for c in SHIPPED["repair"].clocks.values())


@pytest.mark.parametrize(("workflow", "event", "required"), [
    ("complaint", "reject", {"reason"}),
    ("complaint", "dispatch", {"department"}),
    ("complaint", "return", {"reason"}),
    ("complaint", "wait", {"contact_log"}),
    ("complaint", "reply", {"reply", "evidence", "founded"}),
    ("complaint", "extend", {"reason", "extended_until", "customer_told"}),
    ("complaint", "withdraw", {"reason"}),
    ("repair", "triage", {"urgency", "medium"}),
    ("repair", "make_safe", {"measures"}),
    ("repair", "no_access", {"reason"}),
    ("inquiry", "convert", {"new_kind"}),
])  # fmt: skip
def test_what_is_asked(workflow: str, event: str, required: set[str]) -> None:
    assert set(SHIPPED[workflow].events[event].required) == required
