"""The engine, step by step: what is asked, what an answer leads to, what is kept and what never is."""

import msgspec
import pytest

from ivr_flows.engine import State, answers, begin, step, visit_of
from ivr_flows.flow.told import Told, told
from ivr_flows.messages import (
    Answer,
    Ask,
    Began,
    Collect,
    Done,
    Effect,
    Ended,
    Failed,
    HangUp,
    HungUp,
    Input,
    Keys,
    Language,
    Piece,
    Record,
    Recorded,
    Said,
    Say,
    Target,
    Transfer,
    Value,
    Visit,
)
from tests.unit.ivr_flows.shipped_flows import FLOWS, tiny

ONE = {
    "match": "one",
    "customer_id": "c1",
    "name": "Li",
    "grade": "B",
    "vip": False,
    "language": "en",
    "account": "400100200",
}


def walk(flows: object, name: str, *came: Input, **given: object) -> tuple[State, Effect]:
    """The state and effect after these outcomes, the first one being that the caller is there."""
    state = begin(flows, name, {"caller": "13800138000", **given})  # type: ignore[arg-type]
    state, effect = step(flows, state, Began())  # type: ignore[arg-type]
    for one in came:
        state, effect = step(flows, state, one)  # type: ignore[arg-type]
    return state, effect


def test_words_before_a_question_begin_it() -> None:
    state, effect = walk(tiny(), "tiny")
    assert isinstance(effect, Collect)
    assert [piece.text for piece in effect.pieces] == ["Hello.", "Press 1 or 2."]
    assert [piece.name for piece in effect.pieces] == ["tiny.hello.text", "tiny.menu.text"]
    assert (effect.most, effect.end) == (1, "")
    assert state.path == ("tiny/hello", "tiny/menu")


def test_words_before_anything_else_are_said_first() -> None:
    flows = tiny("next: menu}", "next: bye}")
    state, effect = walk(flows, "tiny")
    assert isinstance(effect, Say)
    assert state.here == "tiny/hello"
    state, effect = step(flows, state, Done())
    assert effect == Say((Piece(Said.PROMPT, "Bye.", Language.EN, "tiny.bye.text"),))
    state, effect = step(flows, state, Done())
    assert effect == HangUp()
    assert state.ended is Ended.SERVED


def test_whole_words_are_never_cut_short() -> None:
    state, effect = walk(tiny("text: {en: Hello.", "whole: true, text: {en: Hello."), "tiny")
    assert isinstance(effect, Say)
    assert state.here == "tiny/hello"


def test_a_wrong_key_and_silence_are_said_and_asked_again_until_the_tries_are_used_up() -> None:
    flows = tiny()
    state, effect = walk(flows, "tiny", Keys("9"))
    assert isinstance(effect, Collect)
    assert effect.pieces[0].name == "common.invalid.text"
    state, effect = step(flows, state, Keys(""))
    assert isinstance(effect, Collect)
    assert effect.pieces[0].name == "common.silent.text"
    state, effect = step(flows, state, Keys(""))
    assert effect == Transfer(Target.QUEUE, "service", 5)
    assert (state.ended, state.detail) == (Ended.TRANSFERRED, "queue:service")
    assert state.path == ("tiny/hello", "tiny/menu", "tiny/person")


def test_zero_is_a_person_in_menus_and_in_entries() -> None:
    for keys in ([Keys("0")], [Keys("1"), Keys("0")]):
        _, effect = walk(tiny(), "tiny", *keys)
        assert effect == Transfer(Target.QUEUE, "service", 5)


@pytest.mark.parametrize("digits", ["123", "123456789", "12*4", "abcd", ""])
def test_an_entry_has_the_digits_that_it_is_to_have(digits: str) -> None:
    state, effect = walk(tiny(), "tiny", Keys("1"), Keys(digits))
    assert isinstance(effect, Collect)
    assert state.here == "tiny/account"
    assert "account" not in state.vars


def test_an_entry_can_be_said_back_and_made_again() -> None:
    flows = tiny(
        "min: 4", 'confirm: {text: {en: "Is it {account|digits}?", zh: "{account|digits}吗？"}}, min: 4'
    )
    state, effect = walk(flows, "tiny", Keys("1"), Keys("4001"))
    assert isinstance(effect, Collect)
    assert [(p.said, p.text) for p in effect.pieces] == [(Said.PROMPT, "Is it"), (Said.DIGITS, "4001")]
    state, effect = step(flows, state, Keys("2"))
    assert isinstance(effect, Collect)
    assert state.phase == "entry"
    # Not "I did not get an entry": the caller pressed a key. And what was mistyped is shown to nobody.
    assert [piece.text for piece in effect.pieces] == ["Account."]
    assert "account" not in state.vars
    state, effect = step(flows, state, Keys("4002"))
    state, effect = step(flows, state, Keys("1"))
    assert effect == Ask("account.find", {"account": "4002"})


def test_an_entry_that_nobody_said_yes_to_is_kept_only_where_nobody_said_no() -> None:
    flows = tiny(
        "min: 4", 'confirm: {text: {en: "Is it {account|digits}?", zh: "{account|digits}吗？"}}, min: 4'
    )
    _, effect = walk(flows, "tiny", Keys("1"), Keys("4001"), Keys(""))
    assert isinstance(effect, Collect)
    assert [piece.text for piece in effect.pieces] == ["I did not get an entry.", "Account."]
    denied = walk(flows, "tiny", Keys("1"), *(Keys("4001"), Keys("2")) * 3)[0]
    left = walk(flows, "tiny", Keys("1"), Keys("4001"), Keys("0"))[0]
    assert denied.ended is left.ended is Ended.TRANSFERRED
    assert answers(flows, denied) == {}
    assert answers(flows, left) == {"account": "4001"}


def pin_asked() -> tuple[State, Effect]:
    return walk(tiny(), "tiny", Keys("1"), Keys("4001"), Answer({"found": True, "account": "4001"}))


def test_the_pin_goes_to_the_check_and_nowhere_else() -> None:
    state, effect = pin_asked()
    assert isinstance(effect, Collect)
    assert effect.secret
    state, effect = step(tiny(), state, Keys("864209"))
    assert effect == Ask("pin.check", {"account": "4001", "pin": "864209"})
    assert b"864209" not in msgspec.json.encode(state)
    state, effect = step(tiny(), state, Answer({"ok": True, "reason": "ok", "tries_left": 5}))
    assert (state.auth, state.account) == ("pin", "4001")
    assert isinstance(effect, Record)
    assert [p.text for p in effect.pieces] == ["It is", "4001", "Speak."]


def test_a_wrong_pin_is_asked_again_and_a_locked_account_is_not() -> None:
    flows = tiny()
    state, _ = pin_asked()
    for _try in range(2):
        state, _ = step(flows, state, Keys("111111"))
        state, effect = step(flows, state, Answer({"ok": False, "reason": "wrong", "tries_left": 3}))
        assert isinstance(effect, Collect)
        assert effect.pieces[0].name == "common.wrong.text"
    state, _ = step(flows, state, Keys("111111"))
    locked, effect = step(flows, state, Answer({"ok": False, "reason": "locked", "tries_left": 0}))
    assert effect == Transfer(Target.QUEUE, "service", 5)
    wrong, effect = step(flows, state, Answer({"ok": False, "reason": "wrong", "tries_left": 2}))
    assert effect == Transfer(Target.QUEUE, "service", 5)
    assert (locked.auth, wrong.auth) == ("", "")


def test_an_answer_of_the_service_that_is_not_yes_proves_nothing() -> None:
    for said in (Answer({}), Answer({"ok": "true"}), Answer({"ok": 1}), Failed("error"), Done()):
        state, _ = pin_asked()
        state, _ = step(tiny(), state, Keys("111111"))
        state, _ = step(tiny(), state, said)
        assert state.auth == ""


def test_words_are_recorded_and_silence_is_not() -> None:
    flows = tiny("next: account}", "next: words}")
    state, effect = walk(flows, "tiny", Keys("1"))
    assert isinstance(effect, Record)
    state, effect = step(flows, state, Recorded("", 0.0))
    assert isinstance(effect, Record)
    assert effect.pieces[0].name == "common.unheard.text"
    state, _ = step(flows, state, Recorded("r1", 4.0))
    assert state.recordings == ("r1",)
    assert state.vars["words"] == "r1"


def test_a_refusal_has_its_own_way_and_a_failure_the_fallback() -> None:
    flows = tiny("into: found, next", "into: found, refused: {gone: bye}, next")
    state, effect = walk(flows, "tiny", Keys("1"), Keys("4001"), Failed("gone"))
    assert state.here == "tiny/bye"
    assert state.failures == ()
    state, effect = walk(flows, "tiny", Keys("1"), Keys("4001"), Failed("unavailable"))
    assert isinstance(effect, Transfer)
    assert state.failures == ("tiny/find: unavailable",)
    assert state.vars["found"] == {"ok": False, "reason": "unavailable"}
    _, effect = walk(flows, "tiny", Keys("1"), Keys("4001"), Answer({"ok": False, "reason": "gone"}))
    assert isinstance(effect, Say)


def test_hanging_up_ends_it_and_nothing_follows() -> None:
    state, effect = walk(tiny(), "tiny", HungUp())
    assert (effect, state.ended) == (HangUp(), Ended.HUNG_UP)
    again, effect = step(tiny(), state, Keys("1"))
    assert (again, effect) == (state, HangUp())


def test_whoever_goes_round_and_round_gets_a_person() -> None:
    flows = tiny()
    state, effect = walk(flows, "tiny")
    for _ in range(1000):
        if state.ended:
            break
        state, effect = step(flows, state, Keys("2"))
    assert isinstance(effect, Transfer)
    assert state.steps <= 300


def test_a_flow_that_was_called_returns_to_its_caller_with_its_variables() -> None:
    state, effect = walk(FLOWS, "hotline", Answer(ONE), Keys("2"), Keys("1"), Keys("123456"))
    assert effect == Ask("pin.check", {"account": "400100200", "pin": "123456"})
    assert [frame.flow for frame in state.stack] == ["hotline", "bill"]
    state, effect = step(FLOWS, state, Answer({"ok": True, "reason": "ok"}))
    assert effect == Ask("account.balance", {"account": "400100200"})
    assert [frame.flow for frame in state.stack] == ["hotline"]


def test_zero_leads_out_of_a_called_flow_too() -> None:
    state, effect = walk(FLOWS, "hotline", Answer(ONE), Keys("2"), Keys("1"), Keys("0"))
    assert effect == Ask("hours.open", {"calendar": "default"})
    assert [frame.flow for frame in state.stack] == ["hotline"]


def test_language_is_chosen_by_record_or_key() -> None:
    state, _ = walk(FLOWS, "hotline", Answer(ONE))
    assert state.language is Language.EN
    state, _ = walk(FLOWS, "hotline", Answer({**ONE, "language": "zh"}))
    assert state.language is Language.ZH
    state, effect = walk(FLOWS, "hotline", Answer({**ONE, "match": "none"}), Keys("3"))
    assert state.language is Language.EN
    assert isinstance(effect, Collect)
    assert {piece.language for piece in effect.pieces} == {Language.EN}


def test_a_transfer_whose_target_is_empty_goes_on_by_another_way() -> None:
    flows = tiny("queue: service, priority: 5", "agent: $who, otherwise: bye")
    state, effect = walk(flows, "tiny", Keys("0"))
    assert isinstance(effect, Say)
    assert state.here == "tiny/bye"
    _, effect = walk(flows, "tiny", Keys("0"), who="anna")
    assert effect == Transfer(Target.AGENT, "anna", 0)


@pytest.mark.parametrize(
    ("given", "level"),
    [(7, 7), ("7", 0), (-3, 0), (10**30, 100), (float("inf"), 100), (float("nan"), 0), (None, 0)],
)
def test_a_priority_is_one_that_the_queue_takes_whatever_a_variable_holds(given: Value, level: int) -> None:
    flows = tiny("queue: service, priority: 5", "queue: service, priority: $rank")
    _, effect = walk(flows, "tiny", Keys("0"), rank=given)
    assert effect == Transfer(Target.QUEUE, "service", level)
    back = "do: callback, queue: service, priority: $rank, next: bye"
    _, effect = walk(tiny("do: transfer, queue: service, priority: 5", back), "tiny", Keys("0"), rank=given)
    assert effect == Ask(
        "callback.request", {"queue": "service", **({} if given is None else {"priority": level})}
    )


def test_what_the_agent_is_shown_is_what_the_flow_marks() -> None:
    state, _ = walk(FLOWS, "hotline", Answer(ONE), Keys("4"), Keys("3"))
    assert answers(FLOWS, state) == {"topic": "fault", "kind": "meter_fault"}
    base = Visit("v1", "call", "main", "", Language.ZH, "1380", 0.0)
    visit = visit_of(FLOWS, state, base)
    assert (visit.flow, visit.node, visit.customer_id) == ("hotline", "fault/own", "c1")
    assert visit.answers == {"topic": "fault", "kind": "meter_fault"}
    shown = {"more": "x", **visit.answers}
    assert [(one.about, one.said) for one in told(FLOWS, visit.path, shown, "en")] == [
        ("Wanted", "Report a fault"),
        ("Fault", "Meter"),
        ("more", "x"),
    ]
    assert told(FLOWS, visit.path, shown, "zh_CN")[1] == Told("故障类型", "表具故障")
