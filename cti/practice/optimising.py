"""Local channels that Asterisk takes out of the way once sound passes them."""

from __future__ import annotations

from cti.practice.channels import Channel
from cti.practice.consulting import Trio
from cti.practice.talks import Talk
from cti.practice.wire import lines
from cti.practice.world import World


def optimise(world: World, phone: Channel) -> bool:
    """The phone goes past the Local channel that it talks over, into the bridge beyond; false if there is none."""
    here = phone.flow
    near = here.peer(phone) if isinstance(here, Talk) and here.plain else None
    far = near.partner if near is not None else None
    if near is None or far is None or far.bridge is None or near.stays or far.stays:
        return False
    there, bridge = far.flow, far.bridge
    if not isinstance(here, Talk) or not isinstance(there, Talk | Trio):
        return False
    one, two = (near, far) if near.name.endswith(";1") else (far, near)
    halves = one.lines("LocalOne") + two.lines("LocalTwo")
    more = lines(DestUniqueId=two.uniqueid, Id=0)
    world.tell("LocalOptimizationBegin", halves, phone.lines("Source"), more)
    here.over("transfer")
    world.leave(phone)
    world.leave(far)
    world.enter(bridge, phone)
    there.replace(far, phone)
    world.tell("LocalOptimizationEnd", halves, lines(Success="No", Id=0))  # as Asterisk says it
    one.partner = two.partner = None
    world.tell("HangupRequest", near.lines(), lines(Cause=16))
    world.leave(near)
    world.soft_hangup(two)
    world.destroy(one, 16)
    world.destroy(two, 16)
    return True
