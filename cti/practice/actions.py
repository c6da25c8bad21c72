"""Actions that change something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cti.practice.consulting import Consultation
from cti.practice.originate import Order, Originated
from cti.practice.queues import NewMember
from cti.practice.session import Action, Session
from cti.practice.talks import Talk
from cti.practice.wire import lines, mask_of


@dataclass(frozen=True)
class Handler:
    """What does an action, and the write permissions of which one is needed (none where empty)."""

    do: Callable[[Session, Action], None]
    needs: str = ""
    summary: str = ""


def truth(text: str) -> bool:
    """ast_true of Asterisk's main/utils.c."""
    return text.strip().lower() in ("yes", "true", "y", "t", "1", "on")


def number(text: str, default: int = 0) -> int:
    """The text as a number; the default where it is none."""
    return int(text) if text.strip().lstrip("-").isdecimal() else default


def ping(session: Session, action: Action) -> None:
    session.respond(action, "Success", Ping="Pong", Timestamp=f"{session.server.world.now():.6f}")


def events(session: Session, action: Action) -> None:
    wanted = action.get("eventmask", "")
    session.mask = session.read & mask_of(wanted)
    session.respond(action, "Success", Events="On" if session.mask else "Off")


def queue_add(session: Session, action: Action) -> None:
    if not action.get("queue"):
        session.error(action, "'Queue' not specified.")
    elif not action.get("interface"):
        session.error(action, "'Interface' not specified.")
    else:
        new = NewMember(
            queue=action["queue"],
            interface=action["interface"],
            name=action.get("membername", ""),
            state_interface=action.get("stateinterface", ""),
            penalty=max(0, number(action.get("penalty", ""))),
            paused=truth(action.get("paused", "")),
            reason=action.get("reason", ""),
        )
        _answer(session, action, lambda: session.server.queues.add(new), "Added interface to queue")


def queue_remove(session: Session, action: Action) -> None:
    queue, interface = action.get("queue", ""), action.get("interface", "")
    if not queue or not interface:
        session.error(action, "Need 'Queue' and 'Interface' parameters.")
    else:
        remove = session.server.queues.remove
        _answer(session, action, lambda: remove(queue, interface), "Removed interface from queue")


def queue_pause(session: Session, action: Action) -> None:
    interface, paused = action.get("interface", ""), action.get("paused", "")
    if not interface or not paused:
        session.error(action, "Need 'Interface' and 'Paused' parameters.")
        return
    on = truth(paused)
    pause, queue, reason = session.server.queues.pause, action.get("queue", ""), action.get("reason", "")
    done = f"Interface {'paused' if on else 'unpaused'} successfully"
    _answer(session, action, lambda: pause(queue, interface, on, reason), done)


def _answer(session: Session, action: Action, do: Callable[[], str], done: str) -> None:
    """Do it and answer; the answer goes before the events that doing it made, as in Asterisk."""
    kept: list[tuple[int, bytes]] = []
    server = session.server
    sinks, server.world.sinks = server.world.sinks, [lambda bit, data: kept.append((bit, data))]
    try:
        problem = do()
    finally:
        server.world.sinks = sinks
    session.respond(action, "Error" if problem else "Success", problem or done)
    for bit, data in kept:
        for sink in sinks:
            sink(bit, data)


def hangup(session: Session, action: Action) -> None:
    name = action.get("channel", "")
    channel = session.server.world.find(name)
    if not name:
        session.error(action, "No channel specified")
    elif channel is None:
        session.error(action, "No such channel")
    else:
        session.respond(action, "Success", "Channel Hungup")
        session.server.world.hang_up(channel, number(action.get("cause", ""), 16), by_phone=False)


def originate(session: Session, action: Action) -> None:
    """Only into the dialplan: an Application is answered but does nothing, for nothing is heard here."""
    context, exten = action.get("context", ""), action.get("exten", "")
    if not action.get("channel"):
        session.error(action, "Channel not specified")
    elif "/" not in action["channel"]:
        session.error(action, "Invalid channel")
    elif action.get("application") and not exten:
        _originate(session, action)
    elif not (context and exten and action.get("priority")):
        session.error(action, "Originate with 'Exten' requires 'Context' and 'Priority'")
    elif not session.server.plan.knows(context, exten):
        session.error(action, "Extension does not exist.")
    else:
        _originate(session, action)


def _originate(session: Session, action: Action) -> None:
    name, _, rest = action.get("callerid", "").rpartition("<")
    order = Order(
        channel=action["channel"],
        context=action.get("context", ""),
        exten=action.get("exten", ""),
        timeout=number(action.get("timeout", ""), 30000) / 1000,
        caller_num=rest.partition(">")[0].strip(),
        caller_name=name.strip().strip('"'),
        channel_id=action.get("channelid", ""),
        tag=_tag(action.get("variable", "")),
        action_id=action.get("actionid", ""),
    )
    if truth(action.get("async", "")):
        session.respond(action, "Success", "Originate successfully queued")
        Originated(session.server.plan, order, lambda answered: None).start()
        return

    def done(answered: bool) -> None:
        session.block(False)
        if answered:
            session.respond(action, "Success", "Originate successfully queued")
        else:
            session.error(action, "Originate failed")

    session.block(True)
    Originated(session.server.plan, order, done, told=False).start()


def _tag(variables: str) -> str:
    """The value of RINGDESK_CALL in `Variable: __RINGDESK_CALL=…`."""
    for part in variables.split(","):
        key, _, value = part.partition("=")
        if key.lstrip("_") == "RINGDESK_CALL":
            return value
    return ""


def _talk(session: Session, action: Action) -> tuple[Talk, str, str] | None:
    """The conversation of the named channel and where to go; answers and returns None where there is none."""
    channel = session.server.world.find(action.get("channel", ""))
    context, exten = action.get("context", "") or "agents", action.get("exten", "")
    if not action.get("channel"):
        session.error(action, "No channel specified")
    elif not exten:
        session.error(action, "No extension specified")
    elif channel is None:
        session.error(action, "Channel specified does not exist")
    elif not isinstance(channel.flow, Talk):
        session.error(action, "Transfer not permitted")
    elif not session.server.plan.knows(context, exten):
        session.error(action, "Transfer failed")
    else:
        return channel.flow, context, exten
    return None


def blind_transfer(session: Session, action: Action) -> None:
    found = _talk(session, action)
    if found:
        talk, context, exten = found
        session.respond(action, "Success", "Transfer succeeded")
        channel = session.server.world.find(action["channel"])
        if channel:
            peer = talk.blind_transfer(channel, context, exten)
            session.server.plan.enter(peer, context, exten)


def atxfer(session: Session, action: Action) -> None:
    found = _talk(session, action)
    channel = session.server.world.find(action.get("channel", ""))
    if found and channel:
        talk, context, exten = found
        session.respond(action, "Success", "Atxfer successfully queued")
        Consultation(session.server.plan, talk, channel, context, exten)


def cancel_atxfer(session: Session, action: Action) -> None:
    channel = session.server.world.find(action.get("channel", ""))
    if not action.get("channel"):
        session.error(action, "No channel specified")
    elif channel is None:
        session.error(action, "Channel specified does not exist")
    elif not isinstance(channel.flow, Consultation) or channel is not channel.flow.agent:
        session.error(action, "Unable to cancel attended transfer: none is under way")
    else:
        session.respond(action, "Success", "CancelAtxfer successfully queued")
        channel.flow.cancel()


def redirect(session: Session, action: Action) -> None:
    world = session.server.world
    channel = world.find(action.get("channel", ""))
    if channel is None:
        session.error(action, f"Channel does not exist: {action.get('channel', '')}")
    elif not session.server.plan.movable(channel):
        session.error(action, "Redirect failed")
    else:
        session.respond(action, "Success", "Redirect successful")
        session.server.plan.redirect(channel, action.get("context", ""), action.get("exten", ""))


def bridge(session: Session, action: Action) -> None:
    found = [session.server.world.find(action.get(f"channel{number}", "")) for number in (1, 2)]
    one, two = found
    if not action.get("channel1") or not action.get("channel2"):
        session.error(action, "Missing channel")
    elif one is None or two is None or one is two:
        session.error(action, f"Channel{1 if one is None else 2} does not exist")
    elif not all(map(session.server.plan.movable, (one, two))):
        session.error(action, "Bridge failed")
    else:
        session.respond(action, "Success", "Channels have been bridged")
        session.server.plan.join(one, two)


def setvar(session: Session, action: Action) -> None:
    channel = session.server.world.find(action.get("channel", ""))
    name, value = action.get("variable", ""), action.get("value", "")
    if not name:
        session.error(action, "No variable specified")
    elif channel is None:
        session.error(action, "No such channel")
    else:
        if name.lstrip("_") == "RINGDESK_CALL":
            channel.set(tag=value)
        channel.variables[name] = value
        session.respond(action, "Success", "Variable Set")
        session.server.world.tell("VarSet", channel.lines(), lines(Variable=name, Value=value))


TABLE = {
    "ping": Handler(ping, "", "Keepalive command."),
    "events": Handler(events, "", "Control Event Flow."),
    "queueadd": Handler(queue_add, "agent", "Add interface to queue."),
    "queueremove": Handler(queue_remove, "agent", "Remove interface from queue."),
    "queuepause": Handler(queue_pause, "agent", "Makes a queue member temporarily unavailable."),
    "hangup": Handler(hangup, "system,call", "Hangup channel."),
    "originate": Handler(originate, "originate", "Originate a call."),
    "blindtransfer": Handler(blind_transfer, "call", "Blind transfer channel(s) to the given destination"),
    "atxfer": Handler(atxfer, "call", "Attended transfer."),
    "cancelatxfer": Handler(cancel_atxfer, "call", "Cancel an attended transfer."),
    "redirect": Handler(redirect, "call", "Redirect (transfer) a call."),
    "bridge": Handler(bridge, "call", "Bridge two channels already in the PBX."),
    "setvar": Handler(setvar, "call", "Sets a channel variable or function value."),
}
