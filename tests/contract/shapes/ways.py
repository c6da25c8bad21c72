"""Other ways to a phone: Local channels, two phones, forwarding, other queues, time-outs, refusals."""

from cti.practice.pbx import OUTSIDE, PracticePbx
from tests.contract.practice_scenes import KNOWN
from tests.contract.shapes.stages import OUT, built, shape, talking


@shape(built("Local/1001@agents/n"))
def local_agent_kept(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.hang_up(caller)


@shape(built("Local/1001@agents"))
def local_agent_optimised(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.speak("1001")
    pbx.hang_up(caller)


@shape(built("Local/1001@agents/n", "Local/1002@agents/n"))
def local_agents_ringall(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4001", "Li Na")
    pbx.reject("1001")
    pbx.advance(0.6)
    pbx.answer("1002")
    pbx.hang_up("1002")


@shape(built(phones=2))
def two_phones_of_one_agent(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN, "4003", "Li Na")
    pbx.advance(1)
    pbx.answer("1001", 0)
    pbx.hang_up(caller)


@shape(built("Local/1001@agents/n", phones=2))
def two_phones_in_a_queue(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4001", "Li Na")
    pbx.reject("1001", phone=1)
    pbx.advance(1)
    pbx.answer("1001")
    pbx.hang_up("1001")


@shape()
def forwarded_direct(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN, "4003", "Li Na")
    pbx.forward("1001", "1002")
    pbx.advance(1)
    pbx.answer("1002")
    pbx.hang_up(caller)


@shape()
def forwarded_from_queue(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4001", "Li Na")
    pbx.forward("1001", "1002")
    pbx.advance(1)
    pbx.answer("1002")
    pbx.hang_up("1002")


@shape()
def queue_overflow(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4011", "Li Na")
    pbx.advance(3)
    pbx.answer("1003")
    pbx.hang_up("1003")


@shape()
def queue_timeout(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4012", "Li Na")
    pbx.advance(3)


@shape(built("1001", "1002", strategy="linear"))
def two_calls_of_one_number(pbx: PracticePbx) -> None:
    one = pbx.caller(KNOWN, "4001", "Li Na")
    pbx.answer("1001")
    two = pbx.caller(KNOWN, "4001", "Li Na")
    pbx.advance(1)
    pbx.answer("1002")
    for caller in (one, two):
        pbx.advance(1)
        pbx.hang_up(caller)


@shape()
def ring_group(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN, "4013", "Li Na")
    pbx.advance(1)
    pbx.answer("1002")
    pbx.hang_up(caller)


@shape()
def direct_then_colleague(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN, "4014", "Li Na")
    pbx.advance(2)
    pbx.answer("1002")
    pbx.hang_up(caller)


@shape()
def outbound_is_busy(pbx: PracticePbx) -> None:
    _turned_down(pbx, 17)


def _turned_down(pbx: PracticePbx, cause: int) -> None:
    pbx.dial("1001", OUT)
    pbx.advance(1)
    pbx.reject(OUTSIDE, cause)


@shape()
def outbound_is_rejected(pbx: PracticePbx) -> None:
    _turned_down(pbx, 21)


@shape()
def outbound_fails(pbx: PracticePbx) -> None:
    _turned_down(pbx, 1)


@shape()
def outbound_unanswered(pbx: PracticePbx) -> None:
    line = pbx.dial("1001", OUT)
    pbx.advance(2)
    pbx.hang_up(line)


@shape()
def internal_busy(pbx: PracticePbx) -> None:
    pbx.dial("1002", "1001")
    pbx.reject("1001")


@shape()
def internal_transferred(pbx: PracticePbx) -> None:
    caller = pbx.dial("1002", "1001")
    pbx.answer("1001")
    pbx.advance(1)
    pbx.transfer("1001", "1003")
    pbx.advance(1)
    pbx.answer("1003")
    pbx.hang_up(caller)


@shape()
def outbound_transferred(pbx: PracticePbx) -> None:
    pbx.dial("1001", OUT)
    outside = pbx.answer(OUTSIDE)
    pbx.advance(1)
    pbx.transfer("1001", "1002")
    pbx.answer("1002")
    pbx.hang_up(outside)
