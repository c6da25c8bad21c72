"""An attended transfer by AMI (Atxfer): the agent asks a colleague while the customer hears music.

The order of events is that of Asterisk 22: the customer stays in the first bridge, the agent goes into a second one
with one half of a Local channel, whose other half goes through the dialplan.
"""

from __future__ import annotations

from cti.practice.channels import UP, Channel
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
        self.line, beyond = self.world.local(context, exten, agent, shown=False)
        self.line.on_far_answer = self._answered
        self.bridge = self.world.bridge()
        self.bridge.kept = True
        self.world.enter(self.bridge, self.line)
        self.world.leave(agent)
        self.world.enter(self.bridge, agent)
        for channel in (agent, self.customer, self.line):
            channel.flow = self
        plan.enter(beyond, context, exten)

    def _answered(self) -> None:
        self.world.state(self.line, UP)
        self.world.tell("DialEnd", self.line.lines("Dest"), lines(DialStatus="ANSWER"))

    def cancel(self) -> None:
        """The agent takes the customer back."""
        if self._close():
            self._agent_back()
            self.world.leave(self.line)
            self.world.hang_up(self.line, by_phone=False)

    def together(self) -> None:
        """The agent brings all three together; nothing happens once that is no longer possible."""
        if not self._close():
            return
        world, talk, agent = self.world, self.talk, self.agent
        self.bridge.kept = True
        world.tell("BridgeMerge", talk.bridge.lines("ToBridge"), self.bridge.lines("FromBridge"))
        for channel in (self.line, agent):
            world.leave(channel)
            world.enter(talk.bridge, channel)
        self._music_stops()
        talk.bridge.technology = "softmix"
        where = {"DestType": "Threeway", "DestBridgeUniqueid": talk.bridge.uniqueid}
        self._transferred(**where, DestTransfererChannel=agent.name)
        self.bridge.kept = False
        world.drop_empty(self.bridge)
        Trio(talk, agent, self.customer, self.line)

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
        self._music_stops()
        world.leave(agent)
        world.tell("BridgeMerge", talk.bridge.lines("ToBridge"), self.bridge.lines("FromBridge"))
        world.leave(self.line)
        world.enter(talk.bridge, self.line)
        self._transferred(DestType="Bridge", DestBridgeUniqueid=talk.bridge.uniqueid)
        talk.over("transfer", held=True)
        Talk(world, customer, self.line, bridge=talk.bridge).join()
        world.destroy(agent, cause)

    def _transferred(self, **where: str) -> None:
        self.world.tell(
            "AttendedTransfer",
            lines(Result="Success"),
            self.agent.lines("OrigTransferer"),
            self.talk.bridge.lines("OrigBridge"),
            self.agent.lines("SecondTransferer"),
            self.bridge.lines("SecondBridge"),
            self.customer.lines("Transferee"),
            self.line.lines("TransferTarget"),
            lines(IsExternal="No", **where),
        )

    def _music_stops(self) -> None:
        self.customer.held = False
        self.world.device(self.customer.endpoint)
        self.world.tell("MusicOnHoldStop", self.customer.lines())

    def _customer_gone(self, cause: int, end: bool) -> None:
        """Agent and colleague are left with each other."""
        world, customer = self.world, self.customer
        self.talk.over("caller", held=True)
        self._music_stops()
        world.leave(customer)
        customer.flow = None
        Talk(world, self.agent, self.line, bridge=self.bridge).join()
        if end:
            if customer.in_dialplan:
                world.soft_hangup(customer)
            world.destroy(customer, cause)


class Trio:
    """Agent, customer and the colleague's line in one bridge, until the first of them goes."""

    def __init__(self, talk: Talk, agent: Channel, customer: Channel, line: Channel) -> None:
        self.world, self.talk, self.agent, self.customer, self.line = talk.world, talk, agent, customer, line
        for channel in (agent, customer, line):
            channel.flow = self

    def replace(self, channel: Channel, by: Channel) -> None:
        """Another channel takes the place of one of them: the colleague's own, say, of its line."""
        self.talk.replace(channel, by)
        three = (self.agent, self.customer, self.line)
        self.agent, self.customer, self.line = (by if one is channel else one for one in three)
        by.flow = self

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """The other two go on."""
        world, talk = self.world, self.talk
        rest = [one for one in (self.customer, self.agent, self.line) if one is not channel]
        if channel is self.line:
            self.customer.flow = self.agent.flow = talk
        else:
            talk.over("agent" if channel is self.agent else "caller")
        world.leave(channel)
        channel.flow = None
        if end:
            if channel.in_dialplan:
                world.soft_hangup(channel)
            world.destroy(channel, cause)
        if channel is not self.line:
            Talk(world, rest[0], rest[1], bridge=talk.bridge).join()


def connect(first: Talk, mine: Channel, second: Talk, other: Channel) -> None:
    """An agent's phone connects its two calls (REFER with Replaces): who was asked takes its place in the first one.

    `mine` and `other` are the agent's channels in them.
    """
    world, customer, asked = first.world, first.peer(mine), second.peer(other)
    first.resume(mine)
    world.tell("Unhold", other.lines())
    second.over("transfer")
    world.leave(asked)
    world.leave(mine)
    world.enter(first.bridge, asked)
    world.soft_hangup(other, 1)
    second.bridge.kept = True
    world.leave(other)
    world.tell(
        "AttendedTransfer",
        lines(Result="Success"),
        mine.lines("OrigTransferer"),
        first.bridge.lines("OrigBridge"),
        other.lines("SecondTransferer"),
        second.bridge.lines("SecondBridge"),
        customer.lines("Transferee"),
        asked.lines("TransferTarget"),
        lines(IsExternal="Yes", DestType="Bridge", DestBridgeUniqueid=first.bridge.uniqueid),
    )
    world.destroy(mine, 16)
    world.soft_hangup(other)
    world.destroy(other, 16)
    first.over("transfer")
    second.bridge.kept = False
    world.drop_empty(second.bridge)
    Talk(world, customer, asked, bridge=first.bridge).join()
