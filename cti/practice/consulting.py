"""An attended transfer by AMI (Atxfer): the agent asks a colleague while the customer hears music.

The order of events is that of Asterisk 22: the customer stays in the first bridge, the agent goes into a second one
with one half of a Local channel, whose other half goes through the dialplan.
"""

from __future__ import annotations

from cti.practice.channels import Channel
from cti.practice.dialplan import Dialplan
from cti.practice.talks import Talk
from cti.practice.wire import lines


class Consultation:
    """`agent` leaves `talk` for a while. It ends by `cancel`, or by whoever hangs up first."""

    def __init__(self, plan: Dialplan, talk: Talk, agent: Channel, context: str, exten: str) -> None:
        self.plan, self.world, self.talk, self.agent = plan, plan.world, talk, agent
        self.customer = talk.peer(agent)
        self.open = True
        talk.bridge.kept = True
        talk.hold(agent)
        self.line, beyond = self.world.local(context, exten, agent)
        self.bridge = self.world.bridge()
        self.bridge.kept = True
        self.world.enter(self.bridge, self.line)
        self.world.leave(agent)
        self.world.enter(self.bridge, agent)
        for channel in (agent, self.customer, self.line):
            channel.flow = self
        plan.enter(beyond, context, exten)

    def cancel(self) -> None:
        """The agent takes the customer back."""
        if self._close():
            self._agent_back()
            self.world.leave(self.line)
            self.world.hang_up(self.line)

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """Who hangs up first decides: the agent hands over, the colleague declines, the customer leaves the two."""
        if not self._close():
            return
        if channel is self.agent:
            self._hand_over(cause)
        elif channel is self.line:
            self._agent_back()
            self.world.leave(self.line)
            self.world.destroy(self.line, cause)
        else:
            self._customer_gone(cause, end)

    def _close(self) -> bool:
        was, self.open = self.open, False
        for bridge in (self.talk.bridge, self.bridge):
            bridge.kept = False
        if was:
            self.line.flow = None
        return was

    def _agent_back(self) -> None:
        world, talk = self.world, self.talk
        self.bridge.kept = len(self.bridge.members) < 2
        world.leave(self.agent)
        self.bridge.kept = False
        world.enter(talk.bridge, self.agent)
        self.agent.flow = self.customer.flow = talk
        talk.resume(self.agent)

    def _hand_over(self, cause: int) -> None:
        """The colleague's line takes the agent's place in the first bridge."""
        world, talk, agent, customer = self.world, self.talk, self.agent, self.customer
        customer.held = False
        world.tell("MusicOnHoldStop", customer.lines())
        world.leave(agent)
        world.tell("BridgeMerge", talk.bridge.lines("ToBridge"), self.bridge.lines("FromBridge"))
        world.leave(self.line)
        world.enter(talk.bridge, self.line)
        world.tell(
            "AttendedTransfer",
            lines(Result="Success"),
            agent.lines("OrigTransferer"),
            talk.bridge.lines("OrigBridge"),
            agent.lines("SecondTransferer"),
            self.bridge.lines("SecondBridge"),
            customer.lines("Transferee"),
            self.line.lines("TransferTarget"),
            lines(IsExternal="No", DestType="Bridge", DestBridgeUniqueid=talk.bridge.uniqueid),
        )
        talk.handed_on()
        Talk(world, customer, self.line, bridge=talk.bridge).join()
        world.destroy(agent, cause)

    def _customer_gone(self, cause: int, end: bool) -> None:
        """Agent and colleague are left with each other."""
        world, customer = self.world, self.customer
        customer.held = False
        self.talk.deserted()
        world.tell("MusicOnHoldStop", customer.lines())
        world.leave(customer)
        customer.flow = None
        Talk(world, self.agent, self.line, bridge=self.bridge).join()
        if end:
            world.soft_hangup(customer)
            world.destroy(customer, cause)
