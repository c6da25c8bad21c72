"""What a browser may ask for over the live socket: one table, each with its arguments' type and its permission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from core.clock import Clock, iso
from core.identity.roles import Permission
from core.identity.users import User
from cti.commands import Asked, DutyDone, PhoneCommands
from cti.views import agent_view
from screenpop.contexts import Change, Contexts
from screenpop.popper import Popper
from screenpop.socket import Command
from screenpop.work import Draft

Text = Annotated[str, msgspec.Meta(max_length=64)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=160)]


class NoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class PauseArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text = ""


class LoginArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No queues: those of the last time, or all of the PBX's."""

    queues: Annotated[tuple[Text, ...], msgspec.Meta(max_length=100)] = ()


class DialArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: Text


class CallArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    call_id: Id


class TransferArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    call_id: Id
    to: Text
    kind: str = "blind"


class PopArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pop_id: Id


class SaveArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent has typed for a call, sent as it is typed; what is left out stays. A `*_version` is the one that
    the typing began from, `origin` the colleague whose draft it goes on with.
    """

    call_id: Id
    draft: Draft | None = None
    draft_version: int = 0
    origin: Text = ""
    note: Annotated[str, msgspec.Meta(max_length=8000)] | None = None
    note_version: int = 0


class ChooseArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    call_id: Id
    customer_id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


def commands(
    phones: PhoneCommands, popper: Popper, contexts: Contexts, clock: Clock
) -> Mapping[str, Command]:
    """The table of commands."""

    def asked(user: User) -> Asked:
        return Asked(user.name, clock.now())

    async def ready(user: User, args: NoArgs) -> Any:
        return _done(await phones.ready(asked(user)))

    async def pause(user: User, args: PauseArgs) -> Any:
        return _done(await phones.pause(asked(user), args.reason))

    async def login(user: User, args: LoginArgs) -> Any:
        return _done(await phones.login(asked(user), args.queues))

    async def logout(user: User, args: NoArgs) -> Any:
        return _done(await phones.logout(asked(user)))

    async def dial(user: User, args: DialArgs) -> Any:
        return {"call_id": await phones.dial(asked(user), args.to)}

    async def hangup(user: User, args: CallArgs) -> Any:
        await phones.hangup(asked(user), args.call_id)

    async def transfer(user: User, args: TransferArgs) -> Any:
        await phones.transfer(asked(user), args.call_id, args.to, args.kind)

    async def complete(user: User, args: CallArgs) -> Any:
        await phones.complete_transfer(asked(user), args.call_id)

    async def cancel(user: User, args: CallArgs) -> Any:
        await phones.cancel_transfer(asked(user), args.call_id)

    async def targets(user: User, args: NoArgs) -> Any:
        return phones.targets(user.name)

    async def ping(user: User, args: NoArgs) -> Any:
        return {"at": iso(clock.now())}

    async def close(user: User, args: PopArgs) -> Any:
        popper.close(user.name, args.pop_id)

    async def save(user: User, args: SaveArgs) -> Any:
        change = Change(args.draft, args.draft_version, args.origin, args.note, args.note_version)
        work, replaced = await contexts.save(args.call_id, user.name, change)
        versions = {"draft_version": work.draft_version, "note_version": work.note_version}
        return {**versions, "replaced": replaced}

    async def choose(user: User, args: ChooseArgs) -> Any:
        await contexts.choose(args.call_id, user.name, args.customer_id)

    return {
        "ping": Command(NoArgs, Permission.DESK_USE, ping),
        "agent.ready": Command(NoArgs, Permission.AGENTS_SELF, ready),
        "agent.pause": Command(PauseArgs, Permission.AGENTS_SELF, pause),
        "agent.login": Command(LoginArgs, Permission.AGENTS_SELF, login),
        "agent.logout": Command(NoArgs, Permission.AGENTS_SELF, logout),
        "call.dial": Command(DialArgs, Permission.CALLS_CONTROL, dial),
        "call.hangup": Command(CallArgs, Permission.CALLS_CONTROL, hangup),
        "call.transfer": Command(TransferArgs, Permission.CALLS_CONTROL, transfer),
        "call.transfer.complete": Command(CallArgs, Permission.CALLS_CONTROL, complete),
        "call.transfer.cancel": Command(CallArgs, Permission.CALLS_CONTROL, cancel),
        "call.targets": Command(NoArgs, Permission.CALLS_CONTROL, targets),
        "pop.close": Command(PopArgs, Permission.DESK_USE, close),
        "context.save": Command(SaveArgs, Permission.CALLS_CONTROL, save),
        "context.choose": Command(ChooseArgs, Permission.CALLS_CONTROL, choose),
    }


def _done(done: DutyDone) -> dict[str, Any]:
    return {
        "agent": agent_view(done.agent) if done.agent else None,
        "applied": done.applied,
        "note": done.note,
    }
