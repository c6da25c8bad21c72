"""Originate: ring a phone first, then send it on into the dialplan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cti.practice.channels import UP, Channel
from cti.practice.dialplan import Dialplan, Idle
from cti.practice.rings import Ring
from cti.practice.timeline import Alarm
from cti.practice.wire import lines
from cti.practice.world import TRUNK, World


@dataclass(frozen=True)
class Order:
    """What was asked for. `timeout` in seconds; an empty `context` means an application that waits."""

    channel: str
    context: str = ""
    exten: str = ""
    timeout: float = 30.0
    caller_num: str = ""
    caller_name: str = ""
    channel_id: str = ""
    tag: str = ""
    action_id: str = ""


class Originated:
    """One Originate. `done` is told whether the phone was picked up; OriginateResponse is told where `told`."""

    def __init__(
        self, plan: Dialplan, order: Order, done: Callable[[bool], None], *, told: bool = True
    ) -> None:
        self.plan, self.order, self.done, self.told = plan, order, done, told
        self.world: World = plan.world
        self._alarm: Alarm | None = None

    def start(self) -> None:
        order, world = self.order, self.world
        target = order.channel.partition("@")[0]
        outside = order.channel.endswith("@trunk")
        endpoint = TRUNK if outside else target
        if endpoint not in world.devices or endpoint in world.unplugged or order.channel_id in self._ids():
            self._response(None, 0)
            return
        dest = world.channel(endpoint, uniqueid=order.channel_id)
        dest.set(tag=order.tag, application="AppDial2", app_data="(Outgoing Line)")
        world.processed += 1
        if order.caller_num and order.caller_num != dest.caller_num:
            dest.set(caller_num=order.caller_num, caller_name=order.caller_name)
            world.callerid(dest)
        if order.caller_num:
            dest.set(connected_num=order.caller_num, connected_name=order.caller_name)
            world.tell("NewConnectedLine", dest.lines())
        ring = Ring(world, dest, None, self, "originate")
        world.tell("DialBegin", ring.lines, lines(DialString=order.channel.partition("/")[2]))
        self._alarm = world.timeline.later(order.timeout, lambda: self._unanswered(ring))
        ring.start()

    def _ids(self) -> set[str]:
        return {leg.uniqueid for leg in self.world.channels.values()} - {""}

    def answered(self, ring: Ring) -> None:
        self._stop()
        dest = ring.dest
        self.world.tell("DialEnd", ring.lines, lines(DialStatus="ANSWER"))
        self.world.device(dest.endpoint)
        self._response(dest, 4)
        if self.order.context:
            self.plan.enter(dest, self.order.context, self.order.exten)
        else:
            dest.flow = Idle(self.world)

    def forwarded(self, ring: Ring, instead: Ring) -> None:
        """Never: no caller is there to be sent on."""

    def refused(self, ring: Ring, cause: int) -> None:
        self._stop()
        self.world.tell("DialEnd", ring.lines, lines(DialStatus="BUSY" if cause in (17, 21) else "NOANSWER"))
        self.world.destroy(ring.dest, cause)
        self._response(None, 0, ring.dest)

    def _unanswered(self, ring: Ring) -> None:
        if ring.cancel():
            self._response(None, 3, ring.dest)
            self.world.destroy(ring.dest, 19, "480")

    def _stop(self) -> None:
        if self._alarm:
            self._alarm.cancel()

    def _response(self, dest: Channel | None, reason: int, tried: Channel | None = None) -> None:
        """`reason`: 4 answered, 3 not answered, 0 failed."""
        order = self.order
        leg = dest or tried
        if self.told:
            extra = (
                f"ChanVariable({dest.name}): RINGDESK_CALL={dest.tag}\r\n".encode()
                if dest and dest.shows_tag
                else b""
            )
            self.world.tell(
                "OriginateResponse",
                lines(ActionID=order.action_id) if order.action_id else b"",
                lines(
                    Response="Success" if dest and dest.state == UP else "Failure",
                    Channel=dest.name if dest else order.channel,
                    Context=order.context,
                    Exten=order.exten,
                    Reason=reason,
                    Uniqueid=leg.uniqueid if leg else "<unknown>",
                    CallerIDNum=order.caller_num or "<unknown>",
                    CallerIDName=order.caller_name or "<unknown>",
                ),
                extra,
            )
        self.done(dest is not None)
