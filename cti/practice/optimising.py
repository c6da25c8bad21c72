"""Local channels that Asterisk takes out of the way once sound passes them."""

from __future__ import annotations

from cti.practice.channels import Channel
from cti.practice.consulting import Trio
from cti.practice.talks import Talk
from cti.practice.wire import lines
from cti.practice.world import World


def optimise(world: World, phone: Channel) -> bool:
    """The phone comes out from behind a Local channel, into the bridge of its first half; false if there is none."""
    inner = phone.flow
    second = inner.peer(phone) if isinstance(inner, Talk) else None
    first = second.partner if second else None
    outer = first.flow if first else None
    if not isinstance(inner, Talk) or not isinstance(outer, Talk | Trio) or not inner.plain:
        return False
    if second is None or first is None or first.stays or first.bridge is None:
        return False
    bridge, halves = first.bridge, first.lines("LocalOne") + second.lines("LocalTwo")
    more = lines(DestUniqueId=second.uniqueid, Id=0)
    world.tell("LocalOptimizationBegin", halves, phone.lines("Source"), more)
    inner.over("transfer")
    world.leave(phone)
    world.leave(first)
    world.enter(bridge, phone)
    outer.replace(first, phone)
    world.tell("LocalOptimizationEnd", halves, lines(Success="No", Id=0))  # as Asterisk says it
    _gone(world, first, second)
    return True


def _gone(world: World, first: Channel, second: Channel) -> None:
    first.partner = second.partner = None
    world.tell("HangupRequest", second.lines(), lines(Cause=16))
    world.leave(second)
    world.soft_hangup(second)
    world.destroy(first, 16)
    world.destroy(second, 16)
