"""What may be asked of phones and queues. Every text from a client is checked before it comes near AMI.

A duty (ready, pause, sign in, sign out) is ours: it holds even while the PBX is away, and the answer says so. A call
is the PBX's: without a link such a command is refused and nothing was sent.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import msgspec

from config.settings import DialSettings
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from core.ids import new_id
from cti import control
from cti.actions import Dialled, Originated
from cti.dial_policy import Barred, By, judge
from cti.dialling import called_number, with_prefix
from cti.duty import Duty
from cti.line import Line
from cti.messages import Agent, AgentState, Call, Seat
from cti.switchboard import Switchboard
from cti.targets import Targets, targets_of
from cti.vocabulary import AmiError, AmiRefused

BUSY = (AgentState.RINGING, AgentState.TALKING, AgentState.HOLDING)


class DutyDone(msgspec.Struct, frozen=True):
    """A duty was taken over. `applied` is False where the PBX does not follow yet; `note` says why."""

    agent: Agent | None
    applied: bool
    note: str = ""


class Asked(msgspec.Struct, frozen=True):
    """On whose behalf and when: `by` acts for `user`; `anyone` where it may act on other people's calls."""

    user: str
    at: float
    by: str = ""
    anyone: bool = False

    @property
    def actor(self) -> str:
        return self.by or self.user


class PhoneCommands:
    """Carries commands out on a switchboard."""

    def __init__(
        self,
        switchboard: Switchboard,
        ids: Callable[[float], str] = new_id,
        policy: DialSettings | None = None,
    ) -> None:
        self._board = switchboard
        self._policy = policy or DialSettings()
        self._ids = ids
        self._numbers = itertools.count(1)

    # duties

    async def ready(self, asked: Asked) -> DutyDone:
        """Take calls from now on; who serves no queue is signed in to those of the last time, or to all."""
        seat = self._seat(asked.user)
        before = self._duty(asked.user)
        queues = before.queues or before.last_queues or self._all_queues(seat)
        return await self._take(lambda duty: duty.sign_in(duty.queues or queues, asked.at), asked)

    async def pause(self, asked: Asked, reason: str) -> DutyDone:
        """Take no calls, for this reason, and stay signed in."""
        self._seat(asked.user)
        if not self._duty(asked.user).signed_in:
            raise Conflict("Sign in to a queue first: there is nothing to pause.", code="not_signed_in")
        text = " ".join("".join(c if c.isprintable() else " " for c in reason).split())[:64]
        return await self._take(lambda duty: duty.pause(text, asked.at), asked)

    async def login(self, asked: Asked, queues: Sequence[str]) -> DutyDone:
        """Serve these queues (none: those of the last time, or all) and no others, and take calls."""
        seat = self._seat(asked.user)
        there = self._all_queues(seat)
        unknown = sorted(set(queues) - set(there))
        if unknown:
            raise Invalid(f"The PBX has no queue {unknown[0]!r}.", field="queues", queues=list(there))
        last = tuple(queue for queue in self._duty(asked.user).last_queues if queue in there)
        wanted = tuple(queue for queue in there if queue in queues) or last or there
        return await self._take(lambda duty: duty.sign_in(wanted, asked.at), asked)

    async def logout(self, asked: Asked) -> DutyDone:
        """Serve no queue any more."""
        self._seat(asked.user)
        return await self._take(lambda duty: duty.sign_out(asked.at), asked)

    async def _take(self, change: Callable[[Duty], Duty], asked: Asked) -> DutyDone:
        note = await self._board.change_duty(asked.user, change, asked.actor, asked.at)
        return DutyDone(self._board.agent(asked.user), not note, note)

    # calls

    async def dial(self, asked: Asked, to: str) -> str:
        """Ring the user's own phone, then the number; returns the id that the call has. Never sent twice."""
        channel_id = f"rd-{self._ids(asked.at)}"
        done = await self.order(asked, to, channel_id)
        call_id = f"{self._seat(asked.user).pbx}-{channel_id}"
        _check_dialled(done, call_id)
        return call_id

    async def order(self, asked: Asked, to: str, channel_id: str) -> Originated:
        """The same under an id of the caller's choice, new for each order; what is not known is said, not raised."""
        seat = self._seat(asked.user)
        line = self._line(seat.pbx)
        number = self._permitted(to, line)
        if number == seat.extension:
            raise Invalid("That is your own number.", field="to")
        agent = self._board.agent(asked.user)
        if agent is not None and agent.state in BUSY:
            raise Conflict("Your phone is in a call.", code="phone_busy")
        target = with_prefix(number, line.settings.outside_prefix)
        order = control.Order(seat.interface, target, line.settings.dial_context, channel_id, seat.extension)
        await self._note(asked, "call.dial", f"call:{seat.pbx}-{channel_id}", {"to": number})
        line.board.expect(channel_id, number)
        try:
            return await line.link.originate(order)
        except AmiError as error:
            raise Unavailable(f"The PBX {seat.pbx} does not answer: {error}", code="pbx_down") from error

    async def ring_up(self, pbx: str, number: str, place: tuple[str, str], channel_id: str) -> Originated:
        """Ring a number outside (E.164, which the dial policy has let through) and put it into the dialplan at `place`,
        context and extension. Raises `Unavailable`, and `Conflict` where the PBX has no trunk named in its settings.
        """
        if pbx not in self._board.lines:
            raise NotFound("There is no such PBX.", code="no_pbx")
        line = self._line(pbx)
        trunk = next(iter(line.settings.trunks), "")
        technology, _, endpoint = trunk.partition("/")
        if not endpoint:
            raise Conflict("The PBX has no trunk in the settings.", code="no_trunk")
        called = called_number(number, line.settings.region)
        interface = f"{technology}/{called}@{endpoint}"
        context, exten = place
        order = control.Order(interface, called, context, channel_id, exten=exten)
        line.board.expect(channel_id, called)
        try:
            return await line.link.originate(order)
        except AmiError as error:
            raise Unavailable(f"The PBX {pbx} does not answer: {error}", code="pbx_down") from error

    async def hangup(self, asked: Asked, call_id: str) -> None:
        """End the user's own part of the call; who may act on anyone's call ends all of it."""
        line, own = self._own(asked, call_id)
        channels = own or line.board.channels(call_id)
        await self._note(asked, "call.hangup", f"call:{call_id}", {"channels": channels})
        for number, channel in enumerate(channels):
            try:
                await self._send(line, control.hangup(channel))
            except Conflict:
                if number == 0:  # the others may have gone with the first
                    raise

    async def transfer(self, asked: Asked, call_id: str, to: str, kind: str) -> None:
        """Send the caller on: `blind` at once, `attended` after talking to the target first."""
        builders = {"blind": control.blind_transfer, "attended": control.attended_transfer}
        if kind not in builders:
            raise Invalid("A transfer is blind or attended.", field="kind")
        line, own = self._own(asked, call_id)
        number = self._permitted(to, line)
        channel = _talking(line, call_id, own)
        await self._note(asked, "call.transfer", f"call:{call_id}", {"to": number, "kind": kind})
        target = with_prefix(number, line.settings.outside_prefix)
        await self._send(line, builders[kind](channel, target, line.settings.dial_context))

    async def complete_transfer(self, asked: Asked, call_id: str) -> None:
        """The user, who talks to the target of an attended transfer, leaves: target and caller are together."""
        line, channel = self._one_line(asked, call_id)
        await self._note(asked, "call.transfer_complete", f"call:{call_id}", {})
        await self._send(line, control.hangup(channel))

    async def cancel_transfer(self, asked: Asked, call_id: str) -> None:
        """The user takes back the attended transfer that it began, and is with the caller again."""
        line, channel = self._one_line(asked, call_id)
        await self._note(asked, "call.transfer_cancel", f"call:{call_id}", {})
        await self._send(line, control.cancel_transfer(channel))

    def _one_line(self, asked: Asked, call_id: str) -> tuple[Line, str]:
        """The user's one channel in a call that it asks somebody about. To hang it up is to hand over; once the user is
        with the caller again it would cut the caller off. A transfer begun on the phone has two lines, which only the
        phone can put together.
        """
        line, _ = self._own(asked, call_id)
        if not line.board.asks(asked.user, call_id):
            raise Conflict("You ask nobody about this call, or you began to on the phone.", code="not_asking")
        return line, line.board.channels_of(asked.user, call_id)[0]

    def targets(self, user: str) -> Targets:
        """Whom the user may hand a call to."""
        seat = self._seat(user)
        numbers = self._board.lines[seat.pbx].settings.queue_extensions
        return targets_of(self._board.snapshot(), seat, numbers)

    async def hold(self, asked: Asked, call_id: str) -> None:
        """Refused: AMI has no hold, so it is pressed on the phone, and the desk shows it."""
        self._own(asked, call_id)
        raise Conflict("Hold and resume on the phone itself; the desk shows it.", code="hold_on_phone")

    # what all of them need

    def _seat(self, user: str) -> Seat:
        seat = self._board.seats.get(user)
        if seat is None:
            raise NotFound("This user has no phone. An administrator adds one to the user.", code="no_phone")
        if seat.pbx not in self._board.lines:
            raise Conflict(
                f"The phone stands at a PBX {seat.pbx!r} that is not in the settings.", code="no_pbx"
            )
        return seat

    def _permitted(self, to: str, line: Line) -> str:
        """The number as it is dialled there, where the dial policy lets agents."""
        number = called_number(to, line.settings.region)
        verdict = judge(self._policy, to, line.settings.region, By.AGENT)
        if isinstance(verdict, Barred):
            raise Forbidden("This number may not be dialled from here.", code="dial_barred", why=verdict.code)
        return number

    def _duty(self, user: str) -> Duty:
        return self._board.duties.get(user) or Duty(user)

    def _all_queues(self, seat: Seat) -> tuple[str, ...]:
        found = tuple(sorted(self._board.lines[seat.pbx].board.queue_names))
        if not found:
            raise Unavailable("The PBX has told of no queue yet.", code="no_queues")
        return found

    def _line(self, pbx: str) -> Line:
        line = self._board.lines[pbx]
        if not line.up:
            raise Unavailable(f"The link to the PBX {pbx} is down: {line.pbx.detail}", code="pbx_down")
        return line

    def _own(self, asked: Asked, call_id: str) -> tuple[Line, list[str]]:
        """The call's PBX and the user's own channels in it. Nobody learns of a call that is not theirs to see."""
        call = self._board.call(call_id)
        if call is None or not (asked.anyone or _takes_part(call, asked.user)):
            raise NotFound("There is no such live call.")
        line = self._line(call.pbx)
        own = line.board.channels_of(asked.user, call_id)
        if not own and not asked.anyone:
            raise Forbidden("You are not in this call any more.", code="not_your_call")
        return line, own

    async def _send(self, line: Line, action: control.Action) -> None:
        try:
            await line.link.action(action)
        except AmiRefused as refused:
            raise Conflict(f"The PBX refused: {control.lacks(refused)}", code="pbx_refused") from refused
        except AmiError as error:
            raise Unavailable(
                f"The PBX {line.settings.name} does not answer: {error}", code="pbx_down"
            ) from error

    async def _note(self, asked: Asked, action: str, subject: str, details: dict[str, object]) -> None:
        await self._board.store.record(asked.at, asked.actor, action, subject, dict(details))


def _takes_part(call: Call, user: str) -> bool:
    return any(segment.agent == user for segment in call.segments)


def _check_dialled(done: Originated, call_id: str) -> None:
    if done.state is Dialled.REFUSED:
        raise Conflict(f"The PBX refused the call: {done.detail}", code="pbx_refused")
    if done.state is Dialled.ABSENT:
        raise Unavailable("The PBX gave no answer and has no such call; try again.", code="not_dialled")
    if done.state is Dialled.UNKNOWN:
        raise Unavailable(
            "The PBX did not say whether it dials: look at your phone before you try again.",
            code="dial_unknown",
            call_id=call_id,
        )


def _talking(line: Line, call_id: str, own: list[str]) -> str:
    """The channel that has the caller: one's own, or for a supervisor that of the agent who talks."""
    call = line.board.call(call_id)
    segments = call.segments if call is not None else ()
    talking = [s.agent for s in segments if s.answered_at and not s.ended_at and s.agent]
    channels = own or [name for user in talking for name in line.board.channels_of(user, call_id)]
    if not talking or not channels:
        raise Conflict("No agent talks with the caller, so there is nothing to transfer.", code="not_talking")
    return channels[0]
