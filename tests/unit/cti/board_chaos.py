"""Hypothesis strategies: what a PBX might send, sense or nonsense, about a handful of channels."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cti import events as ami
from cti.events import AmiEvent, Chan, Member
from cti.seen import Picture, SeenChannel, SeenEntry, SeenQueue

NAMES = (
    "PJSIP/trunk",
    "PJSIP/1001",
    "PJSIP/1002",
    "PJSIP/1003",
    "PJSIP/1009",
    "Local/1001@q-00000001;1",
    "Local/1001@q-00000001;2",
    "PJSIP/trunk",
)
NUMBERS = range(len(NAMES))
QUEUES = st.sampled_from(("service", "emergency"))
BRIDGES = st.sampled_from(("b1", "b2", "b3"))
STATUSES = st.sampled_from(("ANSWER", "BUSY", "CANCEL", "NOANSWER", "CHANUNAVAIL", "", "ABORT"))
RESULTS = st.sampled_from(("Success", "Fail"))


def channel_name(number: int) -> str:
    name = NAMES[number]
    return name if ";" in name else f"{name}-{number:08x}"


@st.composite
def chans(draw: st.DrawFn) -> Chan:
    number = draw(st.sampled_from(NUMBERS))
    linked = draw(st.sampled_from((number, number, 0, 0, 3)))
    return Chan(
        f"1800000000.{number}",
        f"1800000000.{linked}",
        channel_name(number),
        draw(st.sampled_from((0, 4, 5, 6))),
        caller_num=draw(st.sampled_from(("", "1001", "1009", "13800138000"))),
        exten=draw(st.sampled_from(("", "s", "4001", "1002", "13912345678"))),
        call_tag=draw(st.sampled_from(("", "", "", "t1", "t2"))),
    )


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


INTERFACES = st.sampled_from(("PJSIP/1001", "PJSIP/1002", "PJSIP/1999", "Local/1003@from-queue/n"))

MEMBERS = st.builds(
    Member,
    queue=QUEUES,
    interface=INTERFACES,
    paused=st.booleans(),
    status=st.integers(0, 8),
    wrapup_time=st.sampled_from((0, 10)),
    last_call=st.sampled_from((0, 1_799_999_995)),
)

C = chans()
BY_TYPE: dict[type[AmiEvent], st.SearchStrategy[AmiEvent]] = {
    ami.FullyBooted: st.builds(ami.FullyBooted),
    ami.Shutdown: st.builds(ami.Shutdown),
    ami.DeviceStateChange: st.builds(ami.DeviceStateChange, st.just("PJSIP/1001"), st.just("INUSE")),
    ami.OriginateResponse: st.builds(
        ami.OriginateResponse, st.just("a"), st.booleans(), st.just(4), st.just("x")
    ),
    ami.Newchannel: st.builds(ami.Newchannel, C),
    ami.Newstate: st.builds(ami.Newstate, C),
    ami.NewCallerid: st.builds(ami.NewCallerid, C),
    ami.NewConnectedLine: st.builds(ami.NewConnectedLine, C),
    ami.VarSet: st.builds(ami.VarSet, C, st.just("RINGDESK_CALL"), st.sampled_from(("", "t1", "t3"))),
    ami.Rename: st.builds(
        lambda one, two, end: ami.Rename(f"1800000000.{one}", channel_name(one), channel_name(two) + end),
        st.sampled_from(NUMBERS),
        st.sampled_from(NUMBERS),
        st.sampled_from(("", "", "<MASQ>", "<ZOMBIE>")),
    ),
    ami.Hangup: st.builds(ami.Hangup, C, st.sampled_from((0, 16, 17, 19, 26, 127))),
    ami.HangupRequest: st.builds(ami.HangupRequest, C, st.booleans()),
    ami.Hold: st.builds(ami.Hold, C),
    ami.Unhold: st.builds(ami.Unhold, C),
    ami.DialBegin: st.builds(ami.DialBegin, maybe(C), C, st.sampled_from(("", "1009", "139@trunk"))),
    ami.DialEnd: st.builds(ami.DialEnd, maybe(C), C, STATUSES, st.sampled_from(("", "", "1002"))),
    ami.BridgeCreate: st.builds(ami.BridgeCreate, BRIDGES),
    ami.BridgeDestroy: st.builds(ami.BridgeDestroy, BRIDGES),
    ami.BridgeEnter: st.builds(ami.BridgeEnter, BRIDGES, C, st.sampled_from(("", "", "holding_bridge"))),
    ami.BridgeLeave: st.builds(ami.BridgeLeave, BRIDGES, C),
    ami.BridgeMerge: st.builds(ami.BridgeMerge, BRIDGES, BRIDGES),
    ami.LocalBridge: st.builds(ami.LocalBridge, C, C),
    ami.LocalOptimizationBegin: st.builds(ami.LocalOptimizationBegin, C, C, maybe(C), st.just("1")),
    ami.LocalOptimizationEnd: st.builds(ami.LocalOptimizationEnd, C, C, st.just("1")),
    ami.QueueCallerJoin: st.builds(ami.QueueCallerJoin, C, QUEUES, st.just(1), st.just(1)),
    ami.QueueCallerLeave: st.builds(ami.QueueCallerLeave, C, QUEUES, st.just(0)),
    ami.QueueCallerAbandon: st.builds(ami.QueueCallerAbandon, C, QUEUES, st.just(3)),
    ami.AgentCalled: st.builds(ami.AgentCalled, C, maybe(C), QUEUES, INTERFACES),
    ami.AgentConnect: st.builds(ami.AgentConnect, C, maybe(C), QUEUES, INTERFACES),
    ami.AgentRingNoAnswer: st.builds(ami.AgentRingNoAnswer, C, maybe(C), QUEUES, INTERFACES),
    ami.AgentComplete: st.builds(
        ami.AgentComplete,
        C,
        maybe(C),
        QUEUES,
        INTERFACES,
        st.just(1),
        st.just(1),
        st.sampled_from(("caller", "agent", "transfer", "")),
    ),
    ami.AgentDump: st.builds(ami.AgentDump, C, QUEUES, INTERFACES),
    ami.QueueMemberAdded: st.builds(ami.QueueMemberAdded, MEMBERS),
    ami.QueueMemberStatus: st.builds(ami.QueueMemberStatus, MEMBERS),
    ami.QueueMemberPause: st.builds(ami.QueueMemberPause, MEMBERS),
    ami.QueueMemberRemoved: st.builds(ami.QueueMemberRemoved, MEMBERS),
    ami.BlindTransfer: st.builds(
        ami.BlindTransfer,
        C,
        maybe(C),
        BRIDGES,
        st.just("1002"),
        st.just("agents"),
        RESULTS,
    ),
    ami.AttendedTransfer: st.builds(
        ami.AttendedTransfer,
        C,
        C,
        RESULTS,
        st.just("Bridge"),
        maybe(C),
        maybe(C),
        BRIDGES,
    ),
    ami.Pickup: st.builds(ami.Pickup, C, C),
    ami.ParkedCall: st.builds(ami.ParkedCall, st.just("ParkedCall"), C, maybe(C), st.just("701")),
}

# What makes calls comes oftener than the rest, so that there is something to break.
_OFTEN = (ami.Newchannel, ami.DialBegin, ami.DialEnd, ami.BridgeEnter, ami.QueueCallerJoin, ami.AgentCalled)
EVENTS = st.one_of(*BY_TYPE.values(), *(BY_TYPE[kind] for kind in _OFTEN for _ in range(3)))
STREAMS = st.lists(EVENTS, max_size=60)

HANGUPS = [ami.Hangup(Chan(f"1800000000.{n}", f"1800000000.{n}", channel_name(n)), 16) for n in NUMBERS]


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    seen = draw(st.lists(C, max_size=6, unique_by=lambda c: c.uniqueid))
    channels = tuple(
        SeenChannel(
            one,
            draw(st.sampled_from(("", "Queue", "AppQueue", "AppDial", "Park"))),
            draw(st.sampled_from(("", "", "b1", "b2"))),
            draw(st.integers(0, 600)),
            draw(st.sampled_from(("", "4001"))),
            "service,,,,300",
        )
        for one in seen
    )
    waiting = (
        draw(st.lists(st.sampled_from(seen), max_size=2, unique_by=lambda c: c.uniqueid)) if seen else []
    )
    return Picture(
        "1",
        channels=channels,
        queues=(SeenQueue("service"), SeenQueue("emergency"))[: draw(st.integers(1, 2))],
        members=tuple(draw(st.lists(MEMBERS, max_size=4, unique_by=lambda m: (m.queue, m.interface)))),
        entries=tuple(SeenEntry("service", one.uniqueid, 1, draw(st.integers(0, 60))) for one in waiting),
        devices=draw(st.sampled_from(({}, {"PJSIP/1001": "ONHOLD"}))),
        taken_at=0.0,
    )
