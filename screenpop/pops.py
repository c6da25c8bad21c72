"""What an agent is shown for a call, pure: built from the call, the caller's records and what they told the IVR."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from core.clock import iso, iso_or_none
from cti.messages import Call, Direction, EndReason, Segment
from customers.messages import Candidate, Lookup, Match
from screenpop.handing import HandedOver, Person, Went, handed_over, went
from screenpop.work import Work, chosen
from ticketing.messages import Ticket

HISTORY_SHOWN = 5
TICKETS_SHOWN = 8
CANDIDATES_SHOWN = 9


class PopCaller(msgspec.Struct, frozen=True):
    """`number` is E.164 where the line sent a number, `shown` what people read; both empty where it is withheld.
    `name` is what the line says (hostile)."""

    number: str
    shown: str
    name: str


class PopCustomer(msgspec.Struct, frozen=True):
    id: str
    name: str
    grade: str
    vip: bool
    certainty: str
    shared: bool
    account: str
    address: str
    meter: str
    language: str
    note: str


class PopTicket(msgspec.Struct, frozen=True):
    id: str
    number: str
    workflow: str
    subject: str
    state: str
    state_label: str
    updated_at: str
    due_at: str | None = None


class PopHistory(msgspec.Struct, frozen=True):
    at: str
    kind: str
    title: str
    text: str
    ref: str
    state: str
    menu: str = ""
    """The flows that the caller came through before an agent had the call, by name."""


class PopIvr(msgspec.Struct, frozen=True):
    """What the caller did in the phone menu. `auth` is what was proved there: empty, or `pin` for `account`."""

    flow: str
    path: tuple[str, ...]
    answers: dict[str, Any]
    auth: str = ""
    account: str = ""
    recordings: tuple[str, ...] = ()


class PopCallback(msgspec.Struct, frozen=True):
    """The call is one that the caller has asked for, from `queue`; `tries` were in vain before it."""

    requested_at: str
    waiting_since: str
    queue: str
    tries: int


class Pop(msgspec.Struct, frozen=True):
    """The data of a `pop` message. `loading` is True while the customer's record has not come yet; `chosen_by` is the
    agent who found out which customer it is, where one has.
    """

    pop_id: str
    call_id: str
    pbx: str
    stage: str
    queue: str | None
    caller: PopCaller
    match: str
    customers: tuple[PopCustomer, ...]
    tickets: tuple[PopTicket, ...]
    history: tuple[PopHistory, ...]
    ivr: PopIvr | None
    user: str
    offered_at: str
    answered_at: str | None = None
    ended_at: str | None = None
    loading: bool = False
    handed_over: HandedOver | None = None
    went: Went | None = None
    chosen_by: str = ""
    callback: PopCallback | None = None


class Context(msgspec.Struct, frozen=True):
    """What is known of the caller, the same for every agent whom the call is offered to."""

    lookup: Lookup
    tickets: tuple[Ticket, ...] = ()
    history: tuple[PopHistory, ...] = ()
    loading: bool = False
    customer_id: str = ""
    """The customer whom an agent chose, where the record was read for that one."""


class Question(msgspec.Struct, frozen=True):
    """Whom a record is wanted of: the caller's `number` at a PBX, in a call, or the customer whom an agent chose."""

    number: str
    pbx: str
    call_id: str
    customer_id: str = ""


StateLabel = Callable[[Ticket], str]
"""A ticket's state in the words of one language."""


def who(call: Call) -> str:
    """The number of the outside party: whom an outbound call is to, whom any other call is from."""
    return call.dialled if call.direction is Direction.OUTBOUND else call.caller.number


def pop_id(segment: Segment) -> str:
    """The same for the same offer after a restart of the server, so that a draft finds its pop again."""
    return f"pop-{segment.id}"


class Others(msgspec.Struct, frozen=True):
    """What others have to do with a call: who wrote what in it, by user, and what users are called."""

    works: Mapping[str, Work]
    person: Person
    callback: PopCallback | None = None
    ivr: PopIvr | None = None


def build(call: Call, segment: Segment, context: Context, state_label: StateLabel, others: Others) -> Pop:
    """The pop of one offer as things stand now. The segment must have an agent."""
    lookup = context.lookup
    customer_id, by = chosen(others.works.values())
    return Pop(
        pop_id=pop_id(segment),
        call_id=call.id,
        pbx=call.pbx,
        stage="ringing" if segment.answered_at is None else "answered",
        queue=segment.queue or call.queue or (others.callback.queue if others.callback else None),
        caller=_caller(call, lookup),
        match=lookup.match.value,
        customers=tuple(_customer(candidate) for candidate in lookup.candidates[:CANDIDATES_SHOWN]),
        tickets=tuple(_ticket(ticket, state_label(ticket)) for ticket in context.tickets[:TICKETS_SHOWN]),
        history=tuple(row for row in context.history if row.ref != call.id)[:HISTORY_SHOWN],
        ivr=others.ivr,
        user=segment.agent or "",
        offered_at=iso(segment.offered_at),
        answered_at=iso_or_none(segment.answered_at),
        ended_at=iso_or_none(segment.ended_at),
        loading=context.loading,
        handed_over=handed_over(call, segment, others.works, others.person),
        went=went(call, segment, others.person),
        chosen_by=by if customer_id and customer_id == context.customer_id else "",
        callback=others.callback,
    )


def with_customer(
    pop: Pop, candidate: Candidate, tickets: Sequence[tuple[Ticket, str]], history: Sequence[PopHistory]
) -> Pop:
    """The pop once the agent has found out who of several, or who without a known number, is calling."""
    return msgspec.structs.replace(
        pop,
        match=Match.ONE.value,
        customers=(_customer(candidate),),
        tickets=tuple(_ticket(ticket, label) for ticket, label in tickets[:TICKETS_SHOWN]),
        history=tuple(history[:HISTORY_SHOWN]),
        loading=False,
    )


def unknown_yet(number: str) -> Context:
    """The context of a caller whose record has not come in time: only what the line says."""
    return Context(Lookup(Match.NONE, shown=number), loading=True)


def withdrawal(segment: Segment) -> str:
    """Why a ringing pop goes away, in the contract's words."""
    match segment.end_reason:
        case EndReason.ANSWERED_ELSEWHERE:
            return "answered_elsewhere"
        case EndReason.NO_ANSWER | EndReason.BUSY:
            return "no_answer"
        case EndReason.CALLER_HUNG_UP:
            return "caller_hung_up"
        case EndReason.TRANSFERRED:
            return "transferred"
        case _:
            return "cancelled"


def _caller(call: Call, lookup: Lookup) -> PopCaller:
    """Who the line says it is. A withheld number has no text of its own: `anonymous` is a word of the line's."""
    if lookup.match is Match.ANONYMOUS or not (lookup.shown or lookup.e164):
        return PopCaller("", "", _name(call))
    return PopCaller(lookup.e164 or who(call), lookup.shown, _name(call))


def _name(call: Call) -> str:
    """What the line calls the outside party; on an outbound call the name is the agent's own and says nothing."""
    return "" if call.direction is Direction.OUTBOUND else call.caller.name


def _ticket(ticket: Ticket, label: str) -> PopTicket:
    return PopTicket(
        id=ticket.id,
        number=ticket.number,
        workflow=ticket.workflow,
        subject=ticket.subject,
        state=ticket.state,
        state_label=label,
        updated_at=iso(ticket.updated_at),
    )


def _customer(candidate: Candidate) -> PopCustomer:
    customer = candidate.customer
    address = customer.address
    return PopCustomer(
        id=customer.id,
        name=customer.name,
        grade=customer.grade.value,
        vip=customer.vip,
        certainty=candidate.certainty.value,
        shared=candidate.shared,
        account=customer.account,
        address=address.text if address else "",
        meter=address.meter if address else "",
        language=customer.language,
        note=customer.note,
    )
