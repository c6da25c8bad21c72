"""Calls, agents and queues over HTTP. An agent acts for itself and sees its own calls, a supervisor all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import msgspec

from core.errors import Forbidden, NotFound
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Page, Route, page
from cti.commands import Asked, DutyDone, PhoneCommands
from cti.messages import Call, Direction, Outcome
from cti.store import CallFilter, CallStore, cursor_of
from cti.switchboard import Switchboard
from cti.views import (
    AgentView,
    CallDetail,
    IvrView,
    PbxLinkView,
    QueueView,
    agent_view,
    call_detail,
    gap_view,
    pbx_view,
    queue_view,
)

GAPS_SECONDS = 7 * 86400.0
Text = Annotated[str, msgspec.Meta(max_length=64)]


class CallQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """`number` is in E.164; `agent` counts only for who may see everybody's calls."""

    agent: Text = ""
    queue: Text = ""
    direction: Direction | None = None
    outcome: Outcome | None = None
    number: Text = ""


class DialBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: Text


class TransferBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kind` is blind or attended."""

    to: Text
    kind: Text = "blind"


class PauseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text = ""


class LoginBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No queues: all of the PBX's."""

    queues: Annotated[tuple[Text, ...], msgspec.Meta(max_length=100)] = ()


class Dialling(msgspec.Struct, frozen=True):
    """The id that the call has, once the phone was picked up."""

    id: str


class Done(msgspec.Struct, frozen=True):
    done: bool = True


class DutyView(msgspec.Struct, frozen=True):
    """`applied` is false where the PBX does not follow yet; `note` says why."""

    agent: AgentView | None
    applied: bool
    note: str


Menus = Callable[[list[str]], Awaitable[Mapping[str, tuple[IvrView, ...]]]]
"""What callers did in the phone menu, by call."""


Scores = Callable[[list[str]], Awaitable[Mapping[str, int]]]
"""How satisfied callers were with these calls, by call."""


def routes(
    switchboard: Switchboard, commands: PhoneCommands, calls: CallStore, menus: Menus, scores: Scores
) -> list[Route]:
    """Every path of the telephone side."""
    return [
        *_calls(switchboard, commands, calls, menus, scores),
        *_agents(switchboard, commands),
        *_pbxs(switchboard),
    ]


def _pbxs(switchboard: Switchboard) -> list[Route]:
    async def pbxs(ask: Ask[Any, Any]) -> Page[PbxLinkView]:
        gaps = await switchboard.gaps.find(since=ask.at - GAPS_SECONDS)
        views = []
        for name, line in switchboard.lines.items():
            lasting = line.life.current()
            unseen = None if lasting is None else gap_view(lasting)
            own = tuple(gap_view(gap) for gap in gaps if gap.pbx == name)
            views.append(PbxLinkView(pbx_view(line.pbx), unseen, own))
        return page(views, None)

    see, text = Permission.CALLS_ALL, "PBXs: their links, and when they were not seen"
    return [Route("GET", "/api/v1/pbxs", pbxs, see, text, reply=Page[PbxLinkView])]


def _calls(
    switchboard: Switchboard, commands: PhoneCommands, calls: CallStore, menus: Menus, scores: Scores
) -> list[Route]:
    async def find(ask: Ask[Any, CallQuery]) -> Page[CallDetail]:
        query = ask.query
        agent = query.agent if _sees_all(ask) else ask.user.name
        wanted = CallFilter(
            agent, query.queue, direction=query.direction, outcome=query.outcome, number_key=query.number
        )
        found = await calls.list(wanted, query.limit + 1, query.after)
        ids = [call.id for call in found[: query.limit]]
        ivr, score = await menus(ids), await scores(ids)
        shown = [
            call_detail(switchboard.call(call.id) or call, ivr.get(call.id, ()), score.get(call.id))
            for call in found[: query.limit]
        ]
        return page(shown, cursor_of(found[query.limit - 1]) if len(found) > query.limit else None)

    async def one(ask: Ask[Any, Any]) -> CallDetail:
        call = switchboard.call(ask.path["id"]) or await calls.get(ask.path["id"])
        if call is None or not (_sees_all(ask) or _took_part(call, ask.user.name)):
            raise NotFound("There is no such call.")
        ivr, score = await menus([call.id]), await scores([call.id])
        return call_detail(call, ivr.get(call.id, ()), score.get(call.id))

    async def dial(ask: Ask[DialBody, Any]) -> Dialling:
        return Dialling(await commands.dial(Asked(ask.user.name, ask.at), ask.body.to))

    async def hangup(ask: Ask[Any, Any]) -> Done:
        await commands.hangup(_asked(ask), ask.path["id"])
        return Done()

    async def hold(ask: Ask[Any, Any]) -> Done:
        await commands.hold(_asked(ask), ask.path["id"])
        return Done()

    async def transfer(ask: Ask[TransferBody, Any]) -> Done:
        await commands.transfer(_asked(ask), ask.path["id"], ask.body.to, ask.body.kind)
        return Done()

    async def complete(ask: Ask[Any, Any]) -> Done:
        await commands.complete_transfer(_asked(ask), ask.path["id"])
        return Done()

    async def cancel(ask: Ask[Any, Any]) -> Done:
        await commands.cancel_transfer(_asked(ask), ask.path["id"])
        return Done()

    see, control = Permission.CALLS_OWN, Permission.CALLS_CONTROL
    call = "/api/v1/calls/{id}"
    return [
        Route(
            "GET", "/api/v1/calls", find, see, "Calls, newest first", query=CallQuery, reply=Page[CallDetail]
        ),
        Route("GET", call, one, see, "One call", reply=CallDetail),
        Route(
            "POST", "/api/v1/calls", dial, control, "Click to dial", body=DialBody, reply=Dialling, status=201
        ),
        Route("POST", f"{call}/hangup", hangup, control, "End one's part of a call", reply=Done),
        Route("POST", f"{call}/hold", hold, control, "Hold (on the phone itself)", reply=Done),
        Route("POST", f"{call}/resume", hold, control, "Resume (on the phone itself)", reply=Done),
        Route(
            "POST", f"{call}/transfer", transfer, control, "Send the caller on", body=TransferBody, reply=Done
        ),
        Route(
            "POST", f"{call}/transfer/complete", complete, control, "Hand over to who was asked", reply=Done
        ),
        Route("POST", f"{call}/transfer/cancel", cancel, control, "Take the caller back", reply=Done),
    ]


def _agents(switchboard: Switchboard, commands: PhoneCommands) -> list[Route]:
    async def agents(ask: Ask[Any, ListQuery]) -> Page[AgentView]:
        found = sorted(switchboard.snapshot().agents, key=lambda agent: agent.user)
        if not ask.user.can(Permission.AGENTS_ALL) and not _sees_all(ask):
            found = [agent for agent in found if agent.user == ask.user.name]
        return _page([agent_view(agent) for agent in found], ask.query, lambda view: view.user)

    async def queues(ask: Ask[Any, ListQuery]) -> Page[QueueView]:
        found = sorted(switchboard.snapshot().queues, key=lambda queue: queue.key)
        return _page([queue_view(queue) for queue in found], ask.query, lambda view: view.key)

    async def ready(ask: Ask[Any, Any]) -> DutyView:
        return _duty(await commands.ready(_for(ask)))

    async def pause(ask: Ask[PauseBody, Any]) -> DutyView:
        return _duty(await commands.pause(_for(ask), ask.body.reason))

    async def login(ask: Ask[LoginBody, Any]) -> DutyView:
        return _duty(await commands.login(_for(ask), ask.body.queues))

    async def logout(ask: Ask[Any, Any]) -> DutyView:
        return _duty(await commands.logout(_for(ask)))

    own, path = Permission.AGENTS_SELF, "/api/v1/agents/{user}"
    return [
        Route(
            "GET",
            "/api/v1/agents",
            agents,
            Permission.QUEUES_SEE,
            "Agents",
            query=ListQuery,
            reply=Page[AgentView],
        ),
        Route(
            "GET",
            "/api/v1/queues",
            queues,
            Permission.QUEUES_SEE,
            "Queues",
            query=ListQuery,
            reply=Page[QueueView],
        ),
        Route("POST", f"{path}/ready", ready, own, "Take calls", reply=DutyView),
        Route(
            "POST", f"{path}/pause", pause, own, "Take no calls for a while", body=PauseBody, reply=DutyView
        ),
        Route("POST", f"{path}/login", login, own, "Serve queues", body=LoginBody, reply=DutyView),
        Route("POST", f"{path}/logout", logout, own, "Serve no queue", reply=DutyView),
    ]


def _sees_all(ask: Ask[Any, Any]) -> bool:
    return ask.user.can(Permission.CALLS_ALL)


def _took_part(call: Call, user: str) -> bool:
    return any(segment.agent == user for segment in call.segments)


def _asked(ask: Ask[Any, Any]) -> Asked:
    return Asked(ask.user.name, ask.at, anyone=_sees_all(ask))


def _for(ask: Ask[Any, Any]) -> Asked:
    """An agent for itself, a supervisor for anyone."""
    user = ask.path["user"]
    if user != ask.user.name and not ask.user.can(Permission.AGENTS_ALL):
        raise Forbidden("Only a supervisor may do this for somebody else.")
    return Asked(user, ask.at, by=ask.user.name)


def _duty(done: DutyDone) -> DutyView:
    return DutyView(agent_view(done.agent) if done.agent else None, done.applied, done.note)


def _page(views: list[Any], query: ListQuery, key: Callable[[Any], str]) -> Page[Any]:
    behind = [view for view in views if key(view) > query.after]
    shown = behind[: query.limit]
    return page(shown, key(shown[-1]) if len(behind) > query.limit else None)
