"""Actions that only ask: settings, states and lists."""

from __future__ import annotations

from datetime import UTC, datetime

from cti.practice import asking_queues
from cti.practice.actions import TABLE as CHANGING
from cti.practice.actions import Handler
from cti.practice.asking_queues import Items, listed
from cti.practice.channels import Channel
from cti.practice.session import Action, Session
from cti.practice.wire import lines

VERSION = "22.10.1-practice"


def core_settings(session: Session, action: Action) -> None:
    session.respond(
        action,
        "Success",
        AMIversion="11.0.0",
        AsteriskVersion=VERSION,
        SystemName="practice",
        CoreMaxCalls=0,
        CoreMaxLoadAvg="0.000000",
        CoreRunUser="",
        CoreRunGroup="",
        CoreMaxFilehandles=0,
        CoreRealTimeEnabled="No",
        CoreCDRenabled="No",
        CoreHTTPenabled="No",
        SoundsSearchCustomDir="No",
    )


def core_status(session: Session, action: Action) -> None:
    world = session.server.world
    began = datetime.fromtimestamp(world.started, UTC)
    date, time = f"{began:%Y-%m-%d}", f"{began:%H:%M:%S}"
    session.respond(
        action,
        "Success",
        CoreStartupDate=date,
        CoreStartupTime=time,
        CoreReloadDate=date,
        CoreReloadTime=time,
        CoreCurrentCalls=len(world.channels),
        CoreProcessedCalls=world.processed,
    )


def _bridge_id(channel: Channel) -> str:
    return channel.bridge.uniqueid if channel.bridge else ""


def core_show_channels(session: Session, action: Action) -> None:
    now = session.server.world.now()
    items: Items = []
    for channel in session.server.world.channels.values():
        age = int(now - channel.created)
        more = lines(
            Application=channel.application,
            ApplicationData=channel.app_data,
            Duration=f"{age // 3600:02d}:{age // 60 % 60:02d}:{age % 60:02d}",
            BridgeId=_bridge_id(channel),
        )
        items.append(("CoreShowChannel", channel.lines() + more))
    listed(session, action, "Channels will follow", items, "CoreShowChannelsComplete")


def status(session: Session, action: Action) -> None:
    world = session.server.world
    one = action.get("channel", "")
    channel = world.find(one)
    if one and channel is None:
        session.error(action, "No such channel")
        return
    shown = [channel] if channel else list(world.channels.values())
    items: Items = [("Status", b"Privilege: Call\r\n" + _status(leg, world.now())) for leg in shown]
    listed(session, action, "Channel status will follow", items, "StatusComplete", Items=len(items))


def _status(channel: Channel, now: float) -> bytes:
    return channel.lines() + lines(
        Type="PJSIP",
        DNID=channel.dnid,
        EffectiveConnectedLineNum=channel.connected_num or "<unknown>",
        EffectiveConnectedLineName=channel.connected_name or "<unknown>",
        TimeToHangup=0,
        BridgeID=_bridge_id(channel),
        Application=channel.application,
        Data=channel.app_data,
        Nativeformats="(alaw)",
        Readformat="alaw",
        Readtrans="",
        Writeformat="alaw",
        Writetrans="",
        Callgroup=0,
        Pickupgroup=0,
        Seconds=int(now - channel.created),
    )


def bridge_list(session: Session, action: Action) -> None:
    bridges = session.server.world.bridges.values()
    items: Items = [("BridgeListItem", bridge.lines()) for bridge in bridges]
    listed(session, action, "Bridge listing will follow", items, "BridgeListComplete")


def bridge_info(session: Session, action: Action) -> None:
    bridge = session.server.world.bridges.get(action.get("bridgeuniqueid", ""))
    if bridge is None:
        session.error(action, "Specified BridgeUniqueid not found")
        return
    items: Items = [("BridgeInfoChannel", channel.lines()) for channel in bridge.members]
    listed(session, action, "Bridge channel listing will follow", items, "BridgeInfoComplete")


def device_state_list(session: Session, action: Action) -> None:
    devices = session.server.world.devices.items()
    items: Items = [("DeviceStateChange", lines(Device=name, State=state)) for name, state in devices]
    listed(session, action, "Device State Changes will follow", items, "DeviceStateListComplete")


def getvar(session: Session, action: Action) -> None:
    name = action.get("variable", "")
    channel = session.server.world.find(action.get("channel", ""))
    if not name:
        session.error(action, "No variable specified")
    elif action.get("channel") and channel is None:
        session.error(action, "No such channel")
    else:
        value = channel.variables.get(name, "") if channel else ""
        if channel and name == "RINGDESK_CALL":
            value = channel.tag
        session.respond(action, "Success", Variable=name, Value=value)


def presence_state(session: Session, action: Action) -> None:
    provider = action.get("provider", "")
    session.error(action, f"Invalid provider {provider} or provider in invalid state")


def command(session: Session, action: Action) -> None:
    """The command line: only for accounts with the class command, and it knows one command."""
    known = action.get("command", "") == "core show version"
    output = f"Asterisk {VERSION}" if known else f"No such command '{action.get('command', '')}'"
    state, message = ("Success", "Command output follows") if known else ("Error", "Command output follows")
    session.respond(action, state, message, Output=output)


def list_commands(session: Session, action: Action) -> None:
    shown = {**CHANGING, **TABLE}
    texts = {
        name: f"{handler.summary}  (Priv: {handler.needs + ',all' if handler.needs else '<none>'})"
        for name, handler in sorted((NAMES.get(key, key.title()), handler) for key, handler in shown.items())
    }
    session.respond(action, "Success", **texts)


TABLE = {
    "coresettings": Handler(core_settings, "system,reporting", "Show PBX core settings (version etc)."),
    "corestatus": Handler(core_status, "system,reporting", "Show PBX core status variables."),
    "coreshowchannels": Handler(core_show_channels, "system,reporting", "List currently active channels."),
    "status": Handler(status, "system,call,reporting", "List channel status."),
    "bridgelist": Handler(bridge_list, "", "Get a list of bridges in the system."),
    "bridgeinfo": Handler(bridge_info, "", "Get information about a bridge."),
    **asking_queues.TABLE,
    "devicestatelist": Handler(device_state_list, "call,reporting", "List the current known device states."),
    "getvar": Handler(getvar, "call,reporting", "Gets a channel variable or function value."),
    "presencestate": Handler(presence_state, "call,reporting", "Check Presence State"),
    "command": Handler(command, "command", "Execute Asterisk CLI Command."),
    "listcommands": Handler(list_commands, "", "List available manager commands."),
}
_SPELT = "QueueAdd QueueRemove QueuePause BlindTransfer CoreSettings CoreStatus CoreShowChannels BridgeList BridgeInfo"
_SPELT_TOO = "QueueStatus QueueSummary DeviceStateList PresenceState ListCommands"
NAMES = {name.lower(): name for name in f"{_SPELT} {_SPELT_TOO}".split()}
