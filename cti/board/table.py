"""Every event that the board understands, and the one function that it goes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cti import events as ami
from cti.board import bridging, channels, dials, endings, queueing, transfers
from cti.board.state import State

Handler = Callable[[State, Any, float], None]


def passed_over(state: State, event: ami.AmiEvent, at: float) -> None:
    """Nothing that the board shows depends on it."""


TABLE: dict[type, Handler] = {
    ami.FullyBooted: passed_over,  # the link takes a picture
    ami.Shutdown: passed_over,  # the link goes down
    ami.DeviceStateChange: passed_over,  # channels and members say more
    ami.OriginateResponse: passed_over,  # the link's
    ami.Newchannel: channels.newchannel,
    ami.Newstate: channels.newstate,
    ami.NewCallerid: channels.new_callerid,
    ami.NewConnectedLine: channels.new_connected_line,
    ami.VarSet: channels.var_set,
    ami.Rename: channels.rename,
    ami.Hangup: endings.hangup,
    ami.HangupRequest: endings.hangup_request,
    ami.DialBegin: dials.dial_begin,
    ami.DialEnd: dials.dial_end,
    ami.Hold: channels.hold,
    ami.Unhold: channels.unhold,
    ami.BridgeCreate: bridging.bridge_create,
    ami.BridgeDestroy: bridging.bridge_destroy,
    ami.BridgeEnter: bridging.bridge_enter,
    ami.BridgeLeave: bridging.bridge_leave,
    ami.BridgeMerge: bridging.bridge_merge,
    ami.LocalBridge: bridging.local_bridge,
    ami.LocalOptimizationBegin: bridging.local_optimization_begin,
    ami.LocalOptimizationEnd: bridging.local_optimization_end,
    ami.QueueCallerJoin: queueing.caller_join,
    ami.QueueCallerLeave: queueing.caller_leave,
    ami.QueueCallerAbandon: queueing.caller_abandon,
    ami.AgentCalled: queueing.agent_called,
    ami.AgentConnect: queueing.agent_connect,
    ami.AgentRingNoAnswer: queueing.agent_ring_no_answer,
    ami.AgentComplete: queueing.agent_complete,
    ami.AgentDump: queueing.agent_dump,
    ami.QueueMemberAdded: queueing.member_added,
    ami.QueueMemberStatus: queueing.member_changed,
    ami.QueueMemberPause: queueing.member_changed,
    ami.QueueMemberRemoved: queueing.member_removed,
    ami.BlindTransfer: transfers.blind_transfer,
    ami.AttendedTransfer: transfers.attended_transfer,
    ami.Pickup: transfers.pickup,
    ami.ParkedCall: transfers.parked,
}
