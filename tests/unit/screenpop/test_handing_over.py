"""The context follows the customer: to the next agent at a transfer, and back where it is cancelled."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from cti import messages as cti
from customers.messages import Match
from screenpop.contexts import Change
from tests.unit.screenpop.fakes import KNOWN, Desk, call, segment, turn
from ticketing.messages import Ticket, TicketOpened

T0 = 1_780_000_010.0
ANNA = segment("anna", answered_at=T0)


def asked(**changes: Any) -> cti.Segment:
    plain = segment("ben", id="main-1.1-2", how=cti.How.TRANSFER, queue=None, offered_at=T0 + 60)
    return replace(plain, **changes)


class Talk:
    """Anna talks with a known caller and has written something; the test says what happens next."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.call = call()

    async def begin(self, context: Any = KNOWN) -> None:
        self.desk.bus.publish(cti.CallStarted(self.call))
        await self.desk.records.answer(context)
        self.say(cti.CallAnswered, ANNA, state=cti.CallState.TALKING, answered_at=T0)

    def say(self, kind: type[Any], segment: cti.Segment, **changes: Any) -> None:
        others = tuple(one for one in self.call.segments if one.id != segment.id)
        segments = tuple(sorted((*others, segment), key=lambda one: one.offered_at))
        self.call = replace(self.call, segments=segments, **changes)
        self.desk.calls[self.call.id] = self.call
        self.desk.bus.publish(kind(self.call) if kind is cti.CallChanged else kind(self.call, segment))

    def change(self, **changes: Any) -> None:
        self.call = replace(self.call, **changes)
        self.desk.calls[self.call.id] = self.call
        self.desk.bus.publish(cti.CallChanged(self.call))

    async def writes(self, user: str, **change: Any) -> None:
        self.desk.clock.at += 1
        await self.desk.contexts.save(self.call.id, user, Change(**change))

    async def blind(self) -> None:
        """Anna writes, then sends the customer to Ben, whose phone begins to ring."""
        await self.writes(
            "anna", draft={"subject": "Meter", "body": "Since May"}, note="calls for her mother"
        )
        self.leaves()
        self.say(cti.CallOffered, asked(), state=cti.CallState.RINGING)

    def leaves(self, at: float = T0 + 60, sent_to: str = "") -> None:
        """Anna has transferred the customer."""
        gone = replace(ANNA, ended_at=at, end_reason=cti.EndReason.TRANSFERRED, sent_to=sent_to)
        self.say(cti.SegmentEnded, gone)

    def ben_answers(self, *, asked_only: bool = False) -> None:
        since = T0 + 70 if asked_only else None
        talks = asked(answered_at=T0 + 70, consult_since=since)
        self.say(cti.CallAnswered, talks, state=cti.CallState.HELD if asked_only else cti.CallState.TALKING)

    def pops(self, user: str) -> list[dict[str, Any]]:
        return self.desk.popper.pops_of(user, "en")

    def pop(self, user: str) -> dict[str, Any]:
        (found,) = self.pops(user)
        return found


async def test_while_the_next_phone_rings_its_agent_sees_notes_and_draft_and_from_whom() -> None:
    talk = Talk()
    await talk.begin()
    await talk.blind()
    pop = talk.pop("ben")
    handed = pop["handed_over"]
    assert (pop["stage"], pop["match"], pop["customers"][0]["name"]) == ("ringing", "one", "Li Wei")
    assert (handed["stage"], handed["user"], handed["name"]) == ("handed", "anna", "Anna")
    assert [note["text"] for note in handed["notes"]] == ["calls for her mother"]
    assert handed["draft"]["values"] == {"subject": "Meter", "body": "Since May"}
    assert [message["type"] for message in talk.desk.heard("ben")] == ["pop"]


async def test_the_first_agents_card_says_where_the_customer_went_as_it_happens() -> None:
    talk = Talk()
    await talk.begin()
    assert talk.pop("anna")["went"] is None
    await talk.blind()
    went = talk.pop("anna")["went"]
    assert (went["kind"], went["name"], went["state"], went["asking"]) == ("agent", "Ben", "ringing", False)
    talk.ben_answers()
    assert talk.pop("anna")["went"]["state"] == "talking"
    done = asked(answered_at=T0 + 70, ended_at=T0 + 99, end_reason=cti.EndReason.CALLER_HUNG_UP)
    talk.say(cti.SegmentEnded, done, state=cti.CallState.ENDED, ended_at=T0 + 99)
    talk.desk.bus.publish(cti.CallEnded(talk.call))
    assert talk.pop("anna")["went"]["state"] == "ended"
    assert talk.pop("anna")["ended_at"] is not None


async def test_to_a_queue_it_waits_there_until_the_next_agent_and_to_an_outside_number_it_is_outside() -> (
    None
):
    talk = Talk()
    await talk.begin()
    talk.leaves()
    talk.change(state=cti.CallState.QUEUED, queue="billing", queued_at=T0 + 61)
    went = talk.pop("anna")["went"]
    assert (went["kind"], went["name"], went["state"]) == ("queue", "billing", "waiting")
    queued = asked(how=cti.How.QUEUE, queue="billing", offered_at=T0 + 65)
    talk.say(cti.CallOffered, queued, state=cti.CallState.RINGING)
    assert talk.pop("ben")["handed_over"]["name"] == "Anna"
    assert talk.pop("anna")["went"]["name"] == "Ben"

    other = Talk()
    await other.begin()
    other.leaves(sent_to="01088886666")
    other.change(state=cti.CallState.TALKING)
    went = other.pop("anna")["went"]
    assert (went["kind"], went["name"], went["state"]) == ("outside", "01088886666", "talking")


async def test_of_a_customer_who_reaches_nobody_the_card_says_so() -> None:
    talk = Talk()
    await talk.begin()
    await talk.blind()
    gone = asked(ended_at=T0 + 80, end_reason=cti.EndReason.NO_ANSWER)
    talk.say(cti.OfferWithdrawn, gone, state=cti.CallState.ENDED, ended_at=T0 + 80)
    talk.desk.bus.publish(cti.CallEnded(talk.call))
    assert talk.pop("anna")["went"]["state"] == "gone"
    assert talk.pops("ben") == []


async def test_who_is_asked_first_sees_the_customer_and_loses_the_card_when_the_colleague_thinks_better() -> (
    None
):
    talk = Talk()
    await talk.begin()
    await talk.writes("anna", draft={"subject": "Meter"}, note="angry")
    talk.say(cti.CallOffered, asked())
    assert talk.pop("ben")["handed_over"]["stage"] == "asks"
    assert talk.pop("ben")["customers"][0]["name"] == "Li Wei"
    assert talk.pop("anna")["went"] == {**talk.pop("anna")["went"], "asking": True, "state": "ringing"}
    talk.ben_answers(asked_only=True)
    assert talk.pop("anna")["went"]["state"] == "talking"
    await talk.writes("ben", note="known to us")
    assert talk.pop("anna")["handed_over"]["notes"][0]["text"] == "known to us"

    back = asked(answered_at=T0 + 70, ended_at=T0 + 90, end_reason=cti.EndReason.CANCELLED)
    talk.say(cti.SegmentEnded, back)
    last = talk.desk.heard("ben")[-2:]
    assert [message["type"] for message in last] == ["pop.withdrawn", "context"]
    assert last[0]["data"]["reason"] == "cancelled"
    assert last[1]["data"]["removed"] is True
    anna = talk.pop("anna")
    assert (anna["stage"], anna["ended_at"], anna["went"]) == ("answered", None, None)
    assert talk.desk.contexts.of_call(talk.call.id)["anna"].draft == {"subject": "Meter"}
    assert anna["handed_over"]["notes"][0]["text"] == "known to us"


async def test_a_ringing_question_that_is_taken_back_is_cancelled() -> None:
    talk = Talk()
    await talk.begin()
    talk.say(cti.CallOffered, asked())
    talk.say(cti.OfferWithdrawn, asked(ended_at=T0 + 65, end_reason=cti.EndReason.CANCELLED))
    assert talk.desk.heard("ben")[-1]["data"]["reason"] == "cancelled"
    assert talk.pop("anna")["went"] is None


async def test_after_the_question_the_customer_is_handed_over() -> None:
    talk = Talk()
    await talk.begin()
    talk.say(cti.CallOffered, asked())
    talk.ben_answers(asked_only=True)
    talk.leaves(T0 + 90)
    talk.say(cti.CallChanged, asked(answered_at=T0 + 70, consult_seconds=20.0))
    assert talk.pop("ben")["handed_over"]["stage"] == "handed"
    assert talk.pop("anna")["went"]["name"] == "Ben"


async def test_three_who_talk_together_share_what_they_write_and_nobody_asks() -> None:
    talk = Talk()
    await talk.begin()
    await talk.writes("anna", note="angry")
    talk.say(cti.CallOffered, asked())
    talk.ben_answers()
    assert talk.pop("ben")["handed_over"]["stage"] == "shared"
    assert talk.pop("anna")["went"] is None
    gone = asked(answered_at=T0 + 70, ended_at=T0 + 90, end_reason=cti.EndReason.AGENT_HUNG_UP)
    talk.say(cti.SegmentEnded, gone)
    assert talk.pop("ben")["ended_at"] is not None


async def test_what_the_first_agent_writes_late_is_still_seen() -> None:
    talk = Talk()
    await talk.begin()
    await talk.blind()
    await talk.writes("anna", note="wants to be called Dr. Li", note_base=1)
    assert talk.pop("ben")["handed_over"]["notes"][0]["text"] == "wants to be called Dr. Li"


async def test_a_draft_that_was_taken_over_is_not_offered_again() -> None:
    talk = Talk()
    await talk.begin()
    await talk.blind()
    talk.ben_answers()
    await talk.writes("ben", draft={"subject": "Meter", "body": "Since May"}, origin="anna")
    assert talk.pop("ben")["handed_over"]["draft"] is None
    carol = segment("carol", id="main-1.1-3", how=cti.How.TRANSFER, offered_at=T0 + 120)
    over = asked(answered_at=T0 + 70, ended_at=T0 + 119, end_reason=cti.EndReason.TRANSFERRED)
    talk.say(cti.SegmentEnded, over)
    talk.say(cti.CallOffered, carol)
    assert talk.pop("carol")["handed_over"]["draft"]["user"] == "ben"
    assert talk.pop("anna")["went"] == {**talk.pop("anna")["went"], "name": "Carol", "via": ("Ben",)}


async def test_a_draft_that_became_a_ticket_is_not_handed_over() -> None:
    talk = Talk()
    await talk.begin()
    await talk.writes("anna", draft={"subject": "Meter"})
    ticket = Ticket("t1", "C-1", "complaint", 1, "registered", 1, "Meter", "", "normal", "", "phone", None,
                    talk.call.id, "anna", None, "", {}, T0, T0)  # fmt: skip
    talk.desk.bus.publish(TicketOpened(ticket, "anna"))
    await talk.desk.records.answer(KNOWN)
    talk.leaves()
    talk.say(cti.CallOffered, asked())
    assert talk.pop("ben")["handed_over"]["draft"] is None
    assert talk.desk.store.rows[talk.call.id, "anna"].ticket_id == "t1"
    assert talk.desk.contexts.snapshot("anna")[0]["draft"] == {}


async def test_whom_one_agent_chose_of_several_is_chosen_for_the_next() -> None:
    talk = Talk()
    several = replace(KNOWN, lookup=replace(KNOWN.lookup, match=Match.SEVERAL))
    await talk.begin(several)
    await talk.desk.contexts.choose(talk.call.id, "anna", "cu1")
    await talk.desk.records.answer(replace(KNOWN, customer_id="cu1"))
    assert [question.customer_id for question in talk.desk.records.questions] == ["", "cu1"]
    assert talk.pop("anna")["match"] == "one"
    talk.leaves()
    talk.say(cti.CallOffered, asked())
    assert (talk.pop("ben")["match"], talk.pop("ben")["chosen_by"]) == ("one", "anna")


async def test_a_customer_who_comes_back_has_one_card_and_the_draft_of_before() -> None:
    talk = Talk()
    await talk.begin()
    await talk.blind()
    talk.say(cti.OfferWithdrawn, asked(ended_at=T0 + 80, end_reason=cti.EndReason.NO_ANSWER))
    again = segment("anna", id="main-1.1-3", how=cti.How.TRANSFER, offered_at=T0 + 81)
    talk.say(cti.CallOffered, again)
    assert len(talk.pops("anna")) == 2
    talk.say(cti.CallAnswered, replace(again, answered_at=T0 + 84))
    assert talk.pop("anna")["pop_id"] == "pop-main-1.1-3"
    assert talk.desk.contexts.snapshot("anna")[0]["draft"]["subject"] == "Meter"


async def test_what_was_written_in_a_question_moves_to_the_call_that_it_was_about() -> None:
    talk = Talk()
    await talk.begin()
    await talk.writes("anna", note="angry")
    out = call(id="main-2.2", direction=cti.Direction.OUTBOUND, segments=(segment("anna", id="main-2.2-1"),))
    talk.desk.calls[out.id] = out
    await talk.desk.contexts.save(out.id, "anna", Change(note="the plumber comes at 5"))
    talk.desk.bus.publish(cti.CallEnded(replace(out, joined=talk.call.id, ended_at=T0 + 50)))
    await turn()
    work = talk.desk.contexts.of_call(talk.call.id)["anna"]
    assert work.note == "angry\nthe plumber comes at 5"


async def test_an_agent_who_is_one_of_many_hears_of_no_colleague() -> None:
    talk = Talk()
    for user in ("anna", "ben"):
        talk.say(cti.CallOffered, segment(user))
    await talk.desk.records.answer(KNOWN)
    assert talk.pop("ben")["handed_over"] is None
