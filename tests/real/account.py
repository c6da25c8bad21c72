"""What Asterisk itself says of calls: CEL made into calls, segments, waits and talk times. Pure.

Written apart from cti.board, and in another way: the board follows events as they come and keeps a state; here the
whole run is known, and every question is answered by looking at who could hear whom at which time. Only the two
definitions are the same, for they are what is compared: a call is all channels that share a linkedid, a channel or
a bridge (and a second line on which an agent asks a colleague while it is in a call), and an agent's talk is the time
from when it first hears the caller until it, or the caller, is gone. CEL knows no hold, so hold is part of it.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

Row = Mapping[str, str]
AGENT = re.compile(r"PJSIP/1\d{3}")


@dataclass
class Stay:
    """A time in one bridge."""

    bridge: str
    since: float
    until: float


@dataclass
class Channel:
    """One channel's life, in epoch seconds."""

    uniqueid: str
    name: str
    start: float
    dials: bool
    """It began with a number: it calls, and is not called."""
    end: float = 0.0
    linkedids: set[str] = field(default_factory=set)
    stays: list[Stay] = field(default_factory=list)
    queued_at: float | None = None
    answered_at: float | None = None

    @property
    def endpoint(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def local(self) -> bool:
        return self.name.startswith("Local/")

    @property
    def agent(self) -> bool:
        return AGENT.fullmatch(self.endpoint) is not None

    def bridge_at(self, at: float) -> str:
        return next((stay.bridge for stay in self.stays if stay.since <= at < stay.until), "")


@dataclass
class Told:
    """One agent's part in a call, as it can be read from CEL. Times are epoch seconds."""

    interface: str
    began: float
    answered: float | None
    talk: float
    """Seconds with the caller, hold included."""
    lasted: float
    """Seconds from the answer to the end."""


@dataclass
class ToldCall:
    """One call as it can be read from CEL."""

    uniqueids: tuple[str, ...]
    began: float
    queued: float | None
    answered: float | None
    ended: float
    parts: list[Told]
    by_agent: bool
    """An agent began it."""

    @property
    def wait(self) -> float:
        until = self.ended if self.answered is None else self.answered
        return until - (self.began if self.queued is None else self.queued)


def calls(rows: Iterable[Row]) -> list[ToldCall]:
    """The calls of a run, oldest first."""
    channels = _channels(rows)
    groups = _groups(channels)
    return sorted((_Call(group).told() for group in groups if any(not c.local for c in group)), key=_began)


def _began(call: ToldCall) -> float:
    return call.began


def _channels(rows: Iterable[Row]) -> list[Channel]:
    found: dict[str, Channel] = {}
    for row in rows:
        at, kind, uniqueid = float(row["time"]), row["event"], row["uniqueid"]
        if uniqueid not in found:
            if kind != "CHAN_START" or row["channel"].startswith("CBAnn/"):
                continue  # a conference room's own announcer
            dials = row["exten"] != "s"
            found[uniqueid] = Channel(uniqueid, row["channel"], at, dials, end=at)
        channel = found[uniqueid]
        channel.linkedids.add(row["linkedid"])
        extra = json.loads(row["extra"]) if row["extra"].startswith("{") else {}
        if kind == "BRIDGE_ENTER" and extra["bridge_technology"] != "holding_bridge":
            channel.stays.append(Stay(extra["bridge_id"], at, float("inf")))
        elif kind == "BRIDGE_EXIT" and channel.stays and channel.stays[-1].bridge == extra["bridge_id"]:
            channel.stays[-1].until = at
        elif kind == "APP_START" and row["application"] == "Queue" and channel.queued_at is None:
            channel.queued_at = at
        elif kind == "ANSWER" and channel.answered_at is None:
            channel.answered_at = at
        elif kind in ("HANGUP", "CHAN_END"):
            channel.end = at
    return list(found.values())


def _groups(channels: Sequence[Channel]) -> list[list[Channel]]:
    """Channels that share a linkedid or a bridge; then second lines to the call that their phone is in."""
    groups = _joined([(c, {c.uniqueid, *c.linkedids, *(s.bridge for s in c.stays)}) for c in channels])
    for group in tuple(groups):
        asks = min((c for c in group if not c.local), key=lambda c: c.start, default=None)
        home = None if asks is None else _call_it_is_about(asks, group, groups)
        if home is not None:
            home.extend(group)
            groups.remove(group)
    return groups


def _joined(named: Sequence[tuple[Channel, set[str]]]) -> list[list[Channel]]:
    groups: list[tuple[list[Channel], set[str]]] = []
    for channel, names in named:
        members, all_names = [channel], set(names)
        for other in [g for g in groups if g[1] & names]:
            groups.remove(other)
            members, all_names = other[0] + members, all_names | other[1]
        groups.append((members, all_names))
    return [members for members, _ in groups]


def _call_it_is_about(
    asks: Channel, group: list[Channel], groups: list[list[Channel]]
) -> list[Channel] | None:
    """Where an agent who is in a bridge calls a colleague or a queue: the group of that bridge."""
    reaches = any(c.queued_at for c in group) or any(c.agent and c.endpoint != asks.endpoint for c in group)
    if not (asks.agent and asks.dials and reaches):
        return None
    for other in groups:
        if other is not group and any(c.endpoint == asks.endpoint and c.bridge_at(asks.start) for c in other):
            return other
    return None


class _Call:
    """One group of channels, and who hears whom in it."""

    def __init__(self, group: list[Channel]) -> None:
        self.channels = sorted(group, key=lambda c: c.start)
        self.real = [c for c in self.channels if not c.local]
        self.first = self.real[0]
        # Who the call is about: the one outside, or among colleagues the one who began it.
        self.caller = next((c for c in self.real if not c.agent), self.first)

    def told(self) -> ToldCall:
        parts = sorted(map(self._told, self._lines()), key=lambda part: (part.began, part.interface))
        return ToldCall(
            uniqueids=tuple(c.uniqueid for c in self.channels),
            began=self.first.start,
            queued=min((c.queued_at for c in self.channels if c.queued_at is not None), default=None),
            answered=self._first_answer(parts),
            ended=max(c.end for c in self.channels),
            parts=parts,
            by_agent=self.first.agent,
        )

    def _first_answer(self, parts: Sequence[Told]) -> float | None:
        """When the first of those who were called answered, or else when two heard each other."""
        called = (p.answered for p in parts if not (self.first.agent and p.began == self.first.start))
        times = [at for at in (*called, self._since(self.real, self.real)) if at is not None]
        return min(times, default=None)

    def _lines(self) -> list[list[Channel]]:
        """Channels of one phone, or of an agent's two phones, that live at the same time: one part in the call."""
        lines: list[list[Channel]] = []
        for channel in (c for c in self.real if c.agent):
            for line in lines:
                if line[0].endpoint == channel.endpoint and channel.start < max(c.end for c in line):
                    line.append(channel)
                    break
            else:
                lines.append([channel])
        return lines

    def _told(self, line: list[Channel]) -> Told:
        others = [c for c in self.real if c not in line]
        about = others if self.caller in line else [self.caller]
        heard, with_caller = self._since(line, others), self._since(line, about)
        called = () if self.first in line else (c.answered_at for c in line if not c.dials)
        answered = min((at for at in (heard, *called) if at is not None), default=None)
        left = max((at for c in line for at in self._parted(c, line)), default=max(c.end for c in line))
        gone = left if self.caller in line else min(left, self.caller.end)
        return Told(
            interface=line[0].endpoint,
            began=min(c.start for c in line),
            answered=answered,
            talk=0.0 if with_caller is None else gone - with_caller,
            lasted=0.0 if answered is None else gone - answered,
        )

    def _since(self, some: Sequence[Channel], others: Sequence[Channel]) -> float | None:
        """The first moment at which one of `some` hears one of `others` that is not itself."""
        for at in self._moments:
            rooms = self._rooms(at)
            for one in some:
                room = rooms.get(one.uniqueid)
                if room and any(rooms.get(c.uniqueid) == room and c is not one for c in others):
                    return at
        return None

    def _parted(self, one: Channel, line: Sequence[Channel]) -> list[float]:
        """The moments at which it was no longer in a bridge with somebody else (or with a Local channel)."""
        return [
            min(mine.until, theirs.until)
            for other in self.channels
            if other not in line
            for theirs in other.stays
            for mine in one.stays
            if mine.bridge == theirs.bridge and min(mine.until, theirs.until) > max(mine.since, theirs.since)
        ]

    @cached_property
    def _moments(self) -> list[float]:
        return sorted({stay.since for c in self.channels for stay in c.stays})

    def _rooms(self, at: float) -> dict[str, str]:
        """Who is in which bridge at that moment; bridges that a Local channel's halves connect have one name."""
        where = {c.uniqueid: bridge for c in self.channels if (bridge := c.bridge_at(at))}
        halves = {c.name: where[c.uniqueid] for c in self.channels if c.local and c.uniqueid in where}
        for name, room in halves.items():
            other = halves.get(f"{name[:-1]}2") if name.endswith(";1") else None
            if other is not None:
                now = {halves[name], room}
                where = {key: other if value in now else value for key, value in where.items()}
                halves = {key: other if value in now else value for key, value in halves.items()}
        return where


@dataclass
class Stint:
    """One caller's time in one queue, by queue_log, which counts whole seconds."""

    uniqueid: str
    queue: str
    entered: int
    left: int = 0
    """When an agent got the caller, or the caller left."""
    connected: bool = False
    talked: int | None = None
    """Seconds from the agent's answer to what queue_log takes for its end."""


# Where a verb has the seconds of talk among its arguments.
_TALKED = {"COMPLETECALLER": 1, "COMPLETEAGENT": 1, "BLINDTRANSFER": 3, "ATTENDEDTRANSFER": 3}


def stints(queue_log: Iterable[Sequence[str]]) -> list[Stint]:
    """The callers' times in queues, in the order in which they came."""
    found: list[Stint] = []
    for at, uniqueid, queue, _, verb, *arguments in queue_log:
        if verb == "ENTERQUEUE":
            found.append(Stint(uniqueid, queue, int(at)))
        mine = next((s for s in reversed(found) if (s.uniqueid, s.queue) == (uniqueid, queue)), None)
        if mine is None:
            continue
        if verb in ("CONNECT", "ABANDON", "EXITWITHTIMEOUT"):
            mine.left, mine.connected = int(at), verb == "CONNECT"
        elif verb in _TALKED:
            mine.talked = int(arguments[_TALKED[verb]])
    return found
