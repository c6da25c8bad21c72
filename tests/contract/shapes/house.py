"""Calls within the house: picked up, parked, in a conference, moved by AMI."""

from cti.practice.pbx import PracticePbx
from tests.contract.practice_scenes import KNOWN
from tests.contract.shapes.stages import shape, talking


@shape()
def pickup_of_queue_call(pbx: PracticePbx) -> None:
    caller = pbx.caller(KNOWN, "4001", "Li Na")
    pbx.advance(1)
    pbx.dial("1002", "*8")
    pbx.advance(2)
    pbx.hang_up(caller)


@shape()
def pickup_of_direct_call(pbx: PracticePbx) -> None:
    pbx.caller(KNOWN, "4003", "Li Na")
    pbx.advance(1)
    pbx.hang_up(pbx.dial("1002", "**1001"))


@shape()
def parked_and_fetched(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.transfer("1001", "700")
    pbx.advance(2)
    pbx.dial("1002", "701")
    pbx.advance(2)
    pbx.hang_up(caller)


@shape()
def parked_and_forgotten(pbx: PracticePbx) -> None:
    talking(pbx)
    pbx.transfer("1001", "700")
    pbx.advance(4)
    pbx.answer("1001")
    pbx.hang_up("1001")


@shape()
def parked_and_left(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.transfer("1001", "700")
    pbx.advance(1)
    pbx.hang_up(caller)


@shape()
def conference(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.transfer("1001", "800")
    one = pbx.dial("1001", "800")
    two = pbx.dial("1002", "800")
    pbx.advance(1)
    for leaves in (one, two, caller):
        pbx.hang_up(leaves)


@shape()
def redirected(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    pbx.redirect(caller, "agents", "1002")
    pbx.answer("1002")
    pbx.hang_up(caller)


@shape()
def masqueraded(pbx: PracticePbx) -> None:
    caller = talking(pbx)
    colleague = pbx.dial("1002", "1003")
    pbx.answer("1003")
    pbx.advance(1)
    pbx.join(caller, colleague)
    pbx.advance(1)
    pbx.hang_up(caller)
