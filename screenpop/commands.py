"""What a browser may ask for over the live socket: one table, each with its arguments' type and its permission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

import msgspec

from core.clock import Clock
from core.identity.roles import Permission
from core.identity.users import User
from screenpop.popper import Popper
from screenpop.socket import Command

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


class Phones(Protocol):
    """What the commands need of the telephone side; refusals raise `core.errors.Refused`."""

    async def ready(self, user: str, at: float) -> Any: ...
    async def pause(self, user: str, reason: str, at: float) -> Any: ...
    async def login(self, user: str, queues: tuple[str, ...], at: float) -> Any: ...
    async def logout(self, user: str, at: float) -> Any: ...
    async def dial(self, user: str, to: str, at: float) -> Any: ...
    async def hangup(self, user: str, call_id: str, at: float) -> Any: ...
    async def transfer(self, user: str, call_id: str, to: str, kind: str, at: float) -> Any: ...


def commands(phones: Phones, popper: Popper, clock: Clock) -> Mapping[str, Command]:
    """The table of commands."""

    async def ready(user: User, args: NoArgs) -> Any:
        return await phones.ready(user.name, clock.now())

    async def pause(user: User, args: PauseArgs) -> Any:
        return await phones.pause(user.name, args.reason, clock.now())

    async def login(user: User, args: LoginArgs) -> Any:
        return await phones.login(user.name, args.queues, clock.now())

    async def logout(user: User, args: NoArgs) -> Any:
        return await phones.logout(user.name, clock.now())

    async def dial(user: User, args: DialArgs) -> Any:
        return {"call_id": await phones.dial(user.name, args.to, clock.now())}

    async def hangup(user: User, args: CallArgs) -> Any:
        return await phones.hangup(user.name, args.call_id, clock.now())

    async def transfer(user: User, args: TransferArgs) -> Any:
        return await phones.transfer(user.name, args.call_id, args.to, args.kind, clock.now())

    async def close(user: User, args: PopArgs) -> Any:
        popper.close(user.name, args.pop_id)

    return {
        "agent.ready": Command(NoArgs, Permission.AGENTS_SELF, ready),
        "agent.pause": Command(PauseArgs, Permission.AGENTS_SELF, pause),
        "agent.login": Command(LoginArgs, Permission.AGENTS_SELF, login),
        "agent.logout": Command(NoArgs, Permission.AGENTS_SELF, logout),
        "call.dial": Command(DialArgs, Permission.CALLS_CONTROL, dial),
        "call.hangup": Command(CallArgs, Permission.CALLS_CONTROL, hangup),
        "call.transfer": Command(TransferArgs, Permission.CALLS_CONTROL, transfer),
        "pop.close": Command(PopArgs, Permission.DESK_USE, close),
    }
