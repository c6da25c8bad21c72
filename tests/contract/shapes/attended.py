"""Attended transfers: by the phone's second line (REFER with Replaces), and by mouse (Atxfer)."""

from cti.practice.channels import Channel
from cti.practice.pbx import OUTSIDE, PracticePbx
from tests.contract.shapes.stages import OUT, shape, talking


def asking(pbx: PracticePbx, to: str) -> tuple[Channel, Channel]:
    """1001 holds the caller and calls somebody on its second line; the caller and that line."""
    caller = talking(pbx)
    pbx.hold("1001")
    return caller, pbx.dial("1001", to)


@shape()
def attended_refer_completed(pbx: PracticePbx) -> None:
    caller, _ = asking(pbx, "1002")
    pbx.answer("1002")
    pbx.advance(2)
    pbx.connect("1001")
    pbx.advance(1)
    pbx.hang_up(caller)


@shape()
def attended_refer_cancelled(pbx: PracticePbx) -> None:
    _, line = asking(pbx, "1002")
    pbx.answer("1002")
    pbx.advance(2)
    pbx.hang_up(line)
    pbx.resume("1001")
    pbx.hang_up("1001")


@shape()
def attended_refer_unanswered(pbx: PracticePbx) -> None:
    caller, line = asking(pbx, "1002")
    pbx.advance(1)
    pbx.hang_up(line)
    pbx.resume("1001")
    pbx.hang_up(caller)


@shape()
def attended_refer_to_outside(pbx: PracticePbx) -> None:
    caller, _ = asking(pbx, OUT)
    pbx.answer(OUTSIDE)
    pbx.advance(1)
    pbx.connect("1001")
    pbx.hang_up(caller)


def asked(pbx: PracticePbx, to: str = "1002", *, answered: bool = True) -> Channel:
    """1001 asks somebody, who answers; the caller."""
    caller = talking(pbx)
    pbx.ask("1001", to)
    pbx.advance(1)
    if answered:
        pbx.answer({"1002": "1002", "4004": "1003"}.get(to, OUTSIDE))
        pbx.advance(1)
    return caller


@shape()
def attended_ami_completed(pbx: PracticePbx) -> None:
    caller = asked(pbx)
    pbx.hang_up("1001")
    pbx.hang_up(caller)


@shape()
def attended_ami_cancelled(pbx: PracticePbx) -> None:
    caller = asked(pbx)
    pbx.take_back("1001")
    pbx.hang_up(caller)


@shape()
def attended_ami_cancelled_ringing(pbx: PracticePbx) -> None:
    caller = asked(pbx, answered=False)
    pbx.take_back("1001")
    pbx.hang_up(caller)


@shape()
def attended_ami_left_ringing(pbx: PracticePbx) -> None:
    caller = asked(pbx, answered=False)
    pbx.hang_up("1001")
    pbx.advance(1)
    pbx.answer("1002")
    pbx.hang_up(caller)


@shape()
def attended_ami_threeway(pbx: PracticePbx) -> None:
    caller = asked(pbx)
    pbx.bring_together("1001")
    pbx.speak("1002")
    pbx.advance(1)
    pbx.hang_up("1001")
    pbx.advance(1)
    pbx.hang_up(caller)


@shape()
def attended_ami_caller_gone(pbx: PracticePbx) -> None:
    caller = asked(pbx)
    pbx.hang_up(caller)
    pbx.speak("1001")
    pbx.advance(1)
    pbx.hang_up("1001")


@shape()
def attended_ami_to_outside(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.ask("1001", OUT)
    outside = pbx.answer(OUTSIDE)
    pbx.advance(1)
    pbx.hang_up("1001")
    assert caller.alive
    pbx.hang_up(outside)


@shape()
def attended_ami_to_queue(pbx: PracticePbx) -> None:
    caller = asked(pbx, "4004")
    pbx.hang_up("1001")
    pbx.hang_up(caller)
