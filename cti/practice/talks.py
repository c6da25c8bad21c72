"""Two people on the line: hold, hang-up, blind transfer, being taken elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from cti.practice.channels import Bridge, Channel
from cti.practice.wire import lines
from cti.practice.world import World

Finish = Callable[[str], None]
"""Called once when the conversation ends, before anybody leaves the bridge: caller, agent or transfer."""


class Talk:
    """`caller` made the call and `other` took it."""

    def __init__(
        self,
        world: World,
        caller: Channel,
        other: Channel,
        finish: Finish | None = None,
        bridge: Bridge | None = None,
    ) -> None:
        """They come together in a new bridge, or are in `bridge` already."""
        self.world, self.caller, self.other = world, caller, other
        self.began = world.now()
        self.open = True
        self._finish = finish
        self.goes_on: Callable[[], None] | None = None
        """Where the caller goes on when the other hangs up first; the caller is hung up too where that is nowhere."""
        self.bridge = bridge or world.bridge()
        for channel in (other, caller):
            channel.flow = self
        if bridge is None:
            world.enter(self.bridge, other)

    def join(self) -> Talk:
        """The caller's leg enters too; from here on they hear each other."""
        if self.caller.bridge is not self.bridge:
            self.world.enter(self.bridge, self.caller)
        self.world.talks.append(self)
        for watcher in self.world.on_talk:
            watcher(self)
        return self

    def peer(self, channel: Channel) -> Channel:
        return self.other if channel is self.caller else self.caller

    def hold(self, channel: Channel) -> None:
        """`channel`'s phone puts the other one on hold."""
        peer = self.peer(channel)
        if self.open and not peer.held:
            peer.held = True
            self.world.tell("Hold", channel.lines(), lines(MusicClass="default"))
            self.world.device(peer.endpoint)
            self.world.tell("MusicOnHoldStart", peer.lines(), lines(Class="default"))

    def resume(self, channel: Channel) -> None:
        peer = self.peer(channel)
        if self.open and peer.held:
            peer.held = False
            self.world.tell("Unhold", channel.lines())
            self.world.device(peer.endpoint)
            self.world.tell("MusicOnHoldStop", peer.lines())

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """One of them goes: the other is hung up too. With `end` false the first lives on elsewhere."""
        if not self.open:
            return
        if not end:
            self.dismiss(self.release(channel))
            return
        world, first, second = self.world, channel, self.peer(channel)
        goes_on = self.goes_on if first is self.other and second.alive else None
        self.over("caller" if first is self.caller else "agent")
        world.leave(first)
        if first.in_dialplan:
            world.soft_hangup(first)
        world.leave(second)
        if goes_on:
            world.destroy(first, cause)
            goes_on()
            return
        if second.in_dialplan:
            world.soft_hangup(second)
        world.destroy(first, cause)
        world.destroy(second, cause)

    def release(self, channel: Channel) -> Channel:
        """AMI takes one of them away; returns the one who is left over in the bridge.

        A queue tells of its call only when the caller that it had is gone for good.
        """
        other = self.peer(channel)
        self._close()
        self.world.leave(channel)
        if self._finish and channel is self.caller:
            channel.on_gone = lambda: self._finished("caller")
        else:
            self._finished("transfer")
        return other

    def dismiss(self, other: Channel) -> None:
        """The one who is left over is hung up."""
        self.world.leave(other)
        self.world.destroy(other, 16)

    def blind_transfer(self, channel: Channel, context: str, exten: str) -> Channel:
        """`channel` sends the other party to the extension and is hung up; returns that party, free to be sent on."""
        world, peer = self.world, self.peer(channel)
        self.resume(channel)
        world.tell("Unhold", channel.lines())
        world.tell(
            "BlindTransfer",
            lines(Result="Success"),
            channel.lines("Transferer"),
            peer.lines("Transferee"),
            self.bridge.lines(),
            lines(IsExternal="Yes", Context=context, Extension=exten),
        )
        self.over("transfer")
        world.leave(channel)
        peer.set(context=context, exten=exten, priority=1)
        world.leave(peer)
        if channel.in_dialplan:
            world.soft_hangup(channel)
        world.destroy(channel, 16)
        return peer

    def over(self, why: str, *, held: bool = False) -> None:
        """Caller, agent or transfer; who is `held` stays so. Nobody leaves the bridge by this."""
        self._close(held=held)
        self._finished(why)

    def replace(self, channel: Channel, by: Channel) -> None:
        """Another channel takes the place of one of them."""
        self.caller, self.other = (by if one is channel else one for one in (self.caller, self.other))
        channel.flow, by.flow = None, self

    @property
    def plain(self) -> bool:
        """Whether nobody waits to hear how it ends."""
        return self._finish is None

    def _close(self, *, held: bool = False) -> None:
        for channel in (self.caller, self.other):
            if channel.held and not held:
                self.resume(self.peer(channel))
        self.open = False
        self.world.talks.remove(self)
        self.caller.flow = self.other.flow = None

    def _finished(self, why: str) -> None:
        if self._finish:
            self._finish(why)
