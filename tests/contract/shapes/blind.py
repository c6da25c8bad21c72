"""Blind transfers: by the phone's key and by mouse alike."""

from cti.practice.pbx import OUTSIDE, PracticePbx
from tests.contract.shapes.stages import OUT, shape, talking


@shape()
def blind_refer_to_agent(pbx: PracticePbx) -> None:
    _to_agent(pbx, None)


@shape()
def blind_ami_to_agent(pbx: PracticePbx) -> None:
    _to_agent(pbx, "1002")


def _to_agent(pbx: PracticePbx, ends: str | None) -> None:
    caller = talking(pbx)
    pbx.transfer("1001", "1002")
    pbx.advance(1)
    pbx.answer("1002")
    pbx.advance(2)
    pbx.hang_up(ends or caller)


@shape()
def blind_refer_to_queue(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.transfer("1001", "4004")
    pbx.advance(1)
    pbx.answer("1003")
    pbx.hang_up(caller)


@shape()
def blind_refer_to_outside(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.transfer("1001", OUT)
    pbx.answer(OUTSIDE)
    pbx.hang_up(caller)


@shape()
def blind_ami_to_outside(pbx: PracticePbx) -> None:
    talking(pbx)
    pbx.transfer("1001", OUT)
    pbx.hang_up(pbx.answer(OUTSIDE))


@shape()
def blind_unanswered(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.transfer("1001", "1002")
    pbx.advance(2)
    pbx.hang_up(caller)


@shape()
def blind_twice(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.transfer("1001", "1002")
    pbx.answer("1002")
    pbx.advance(2)
    pbx.transfer("1002", "1003")
    pbx.answer("1003")
    pbx.hang_up(caller)
