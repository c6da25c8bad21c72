"""Actions that ask about queues, and how lists are answered."""

from __future__ import annotations

from collections.abc import Iterable

from cti.practice.actions import Handler
from cti.practice.queues import STATUS, Queue
from cti.practice.session import Action, Session
from cti.practice.wire import lines

Items = list[tuple[str, bytes]]
"""Events of a list: name and header lines."""


def listed(
    session: Session, action: Action, message: str, items: Items, complete: str, **more: object
) -> None:
    """A list as Asterisk sends it: the start, an event for each item, the event that completes it."""
    session.respond(action, "Success", EventList="start", Message=message)
    mine = lines(ActionID=action["actionid"]) if "actionid" in action else b""
    for event, data in items:
        session.send(b"Event: " + event.encode() + b"\r\n" + mine + data + b"\r\n")
    end = lines(EventList="Complete", ListItems=len(items), **more)
    session.send(b"Event: " + complete.encode() + b"\r\n" + mine + end + b"\r\n")


def _chosen(session: Session, action: Action) -> Iterable[Queue]:
    queues = session.server.queues.queues
    name = action.get("queue", "")
    return [queues[name]] if name in queues else [] if name else [queues[key] for key in sorted(queues)]


def queue_status(session: Session, action: Action) -> None:
    items: Items = []
    for queue in _chosen(session, action):
        items.append(("QueueParams", _params(queue)))
        for member in queue.members.values():
            first = lines(Queue=queue.name, Name=member.name, Location=member.interface)
            items.append(("QueueMember", first + lines(**member.details(), Wrapuptime=0)))
        items += [("QueueEntry", entry) for entry in _entries(queue, session.server.world.now())]
    listed(session, action, "Queue status will follow", items, "QueueStatusComplete")


def _params(queue: Queue) -> bytes:
    return lines(
        Queue=queue.name,
        Max=0,
        Strategy=queue.strategy,
        Calls=len(queue.calls),
        Holdtime=queue.holdtime,
        TalkTime=queue.talktime,
        Completed=queue.completed,
        Abandoned=queue.abandoned,
        ServiceLevel=0,
        ServicelevelPerf="0.0",
        ServicelevelPerf2="0.0",
        Weight=queue.weight,
    )


def _entries(queue: Queue, now: float) -> Iterable[bytes]:
    """QueueEntry shows texts as they are, where channel snapshots escape them."""
    for place, call in enumerate(queue.calls, 1):
        caller = call.caller
        yield lines(
            Queue=queue.name,
            Position=place,
            Channel=caller.name,
            Uniqueid=caller.uniqueid,
            CallerIDNum=caller.caller_num or "unknown",
            CallerIDName=caller.caller_name.replace("\r", "").replace("\n", "") or "unknown",
            ConnectedLineNum="unknown",
            ConnectedLineName="unknown",
            Wait=int(now - call.joined),
            Priority=call.priority,
        )


def queue_summary(session: Session, action: Action) -> None:
    items: Items = []
    now = session.server.world.now()
    for queue in _chosen(session, action):
        members = list(queue.members.values())
        free = [m for m in members if not m.paused and m.status == STATUS["NOT_INUSE"]]
        data = lines(
            Queue=queue.name,
            LoggedIn=sum(m.status not in (STATUS["INVALID"], STATUS["UNAVAILABLE"]) for m in members),
            Available=len(free),
            Callers=len(queue.calls),
            HoldTime=queue.holdtime,
            TalkTime=queue.talktime,
            LongestHoldTime=max((int(now - call.joined) for call in queue.calls), default=0),
        )
        items.append(("QueueSummary", data))
    listed(session, action, "Queue summary will follow", items, "QueueSummaryComplete")


TABLE = {
    "queuestatus": Handler(queue_status, "", "Show queue status."),
    "queuesummary": Handler(queue_summary, "", "Show queue summary."),
}
