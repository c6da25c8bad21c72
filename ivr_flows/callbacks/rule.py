"""Which call-back is next, and what follows from a try. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from ivr_flows.callbacks.model import COUNTED, Callback, FreeAgent, OnLine, QueueNow, Seen, State, Try

SOON_SECONDS = 30.0
"""After a try that was not the caller's doing, the next one comes so soon."""
CAP_SECONDS = 600.0
"""Where a cap of the dial policy is reached, it is looked at again after this."""


class Rule(msgspec.Struct, frozen=True):
    """How often, when and how long. `gaps` are seconds after the first, second … try; `first` and `last` are seconds of
    the day in `zone`."""

    tries: int
    gaps: tuple[float, ...]
    first: int
    last: int
    keep: float
    zone: ZoneInfo

    def hours_at(self, at: float) -> float:
        """`at`, or the next moment from then on at which people may be rung."""
        local = datetime.fromtimestamp(at, self.zone)
        begin, end = self._day(local.date())
        if at < begin:
            return begin
        return at if at < end else self._day(local.date() + timedelta(days=1))[0]

    def _day(self, day: date) -> tuple[float, float]:
        midnight = datetime.combine(day, time())
        return (
            _moment(midnight + timedelta(seconds=self.first), self.zone),
            _moment(midnight + timedelta(seconds=self.last), self.zone),
        )


def _moment(wall: datetime, zone: ZoneInfo) -> float:
    """When a clock on the wall of this zone shows it."""
    return wall.replace(tzinfo=zone).timestamp()


def seconds_of_day(text: str) -> int:
    """08:30 as seconds since midnight."""
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


def place(one: Callback | OnLine) -> tuple[int, float]:
    """Where somebody stands, the least first: by the higher priority, then by the longer wait. So the PBX puts its
    callers (`join_queue` of app_queue.c), and a call-back stands where its caller would."""
    return -one.priority, one.since


def order(waiting: Iterable[Callback]) -> list[Callback]:
    """Whose turn is first; a try in vain does not send anybody to the end."""
    return sorted(waiting, key=lambda one: (place(one), one.id))


def choose(
    waiting: Iterable[Callback],
    agents: Iterable[FreeAgent],
    queue_now: Callable[[str, str], QueueNow],
    now: float,
    rule: Rule,
) -> list[tuple[Callback, FreeAgent]]:
    """Which are dialled now, and by whom: each by the agent of its queue who is free the longest.

    Callers on the line who stand before them go first: the PBX gives them the next agents, so that many are left to
    them. A caller of no higher priority who came later does not go before one who hung up trusting us.
    """
    queue_now = cache(queue_now)  # the line is looked at once, however many call-backs wait
    free = sorted((one for one in agents if one.since <= now), key=lambda one: (one.since, one.user))
    chosen: list[tuple[Callback, FreeAgent]] = []
    # An agent of several queues serves the heaviest first, on the line and off it.
    by_weight = sorted(order(waiting), key=lambda one: -queue_now(one.pbx, one.queue).weight)
    for callback in by_weight:
        if callback.ticket or not due(callback, now, rule):
            continue
        fit = _fit(callback, free, queue_now)
        line = queue_now(callback.pbx, callback.queue)
        if len(fit) > sum(place(one) < place(callback) for one in line.callers):
            chosen.append((callback, fit[0]))
            free.remove(fit[0])
    return chosen


def _fit(
    callback: Callback, free: list[FreeAgent], queue_now: Callable[[str, str], QueueNow]
) -> list[FreeAgent]:
    """Agents of its queue, but those whom callers of a heavier queue need (a gas leak, say): the PBX, too, gives an
    agent of several queues to the heaviest (`compare_weight` of app_queue.c)."""
    here = [one for one in free if one.pbx == callback.pbx]
    own = queue_now(callback.pbx, callback.queue).weight
    needed: set[str] = set()
    for name in {queue for one in here for queue in one.queues}:
        queue = queue_now(callback.pbx, name)
        if queue.weight > own:
            needed.update([one.user for one in here if name in one.queues][: len(queue.callers)])
    return [one for one in here if callback.queue in one.queues and one.user not in needed]


def next_free(agents: Iterable[FreeAgent], now: float) -> float | None:
    """The next moment at which an agent will be free who is not yet; None where none is about to."""
    return min((one.since for one in agents if one.since > now), default=None)


def due(callback: Callback, now: float, rule: Rule) -> bool:
    """Whether it may be dialled at this moment."""
    return callback.state is State.WAITING and now >= callback.next_at and rule.hours_at(now) <= now


def choose_surveys(listed: Iterable[Callback], now: float, rule: Rule, at_once: int) -> list[Callback]:
    """Which customers are rung up now to be asked about a ticket: so many at the same time."""
    surveys = [one for one in order(listed) if one.ticket]
    free = at_once - sum(one.state is State.DIALLING for one in surveys)
    return [one for one in surveys if due(one, now, rule)][: max(free, 0)]


def came_of(seen: Seen, picked_up: bool, asked: bool = False) -> Try:
    """What an ended call was as a try. Whom nobody rang, because the agent did not pick up, was not tried; where a flow
    asks (`asked`) there is no agent.
    """
    if seen.outcome == "answered":
        return Try.REACHED
    if seen.outcome == "lost":
        return Try.NOT_DIALLED
    if not asked and (not picked_up or seen.agent_hung_up):
        return Try.AGENT_AWAY
    return {"busy": Try.BUSY, "failed": Try.FAILED}.get(seen.outcome, Try.NO_ANSWER)


def dialling(callback: Callback, agent: str, channel_id: str, call_id: str, lease_until: float) -> Callback:
    """It is dialled from now on, by this agent."""
    return replace(
        callback,
        state=State.DIALLING,
        agent=agent,
        channel_id=channel_id,
        call_id=call_id,
        picked_up=False,
        lease_until=lease_until,
    )


def after(callback: Callback, came: Try, now: float, rule: Rule) -> Callback:
    """What a try comes to: closed where the caller was reached, else when it is tried again, or given up."""
    if came is Try.REACHED:
        return closed(callback, State.REACHED, came.value, now)
    tries = callback.tries + (came in COUNTED)
    again = replace(callback, state=State.WAITING, tries=tries, reason=came.value, lease_until=0.0)
    if tries >= rule.tries:
        return closed(again, State.GIVEN_UP, came.value, now)
    pause = rule.gaps[min(tries, len(rule.gaps)) - 1] if came in COUNTED else SOON_SECONDS
    return expired(replace(again, next_at=rule.hours_at(now + pause)), now, rule) or replace(
        again, next_at=rule.hours_at(now + pause)
    )


def needless(callback: Callback, talked: Mapping[str, float], now: float) -> Callback | None:
    """The call-back closed because its caller has come to talk with somebody of the house since it was asked for; None
    where they have not. `talked`: numbers and when. Who is to be asked about a ticket is asked all the same."""
    if callback.state is not State.WAITING or callback.ticket:
        return None
    if talked.get(callback.number, -math.inf) < callback.requested_at:
        return None
    return closed(callback, State.REACHED, "talked", now)


def expired(callback: Callback, now: float, rule: Rule) -> Callback | None:
    """The call-back given up for its age, None where it is not too old: nobody wants to be called days later. Who is to
    be asked about a ticket waits from the moment for which that was planned."""
    if callback.state is not State.WAITING:
        return None
    asked_at = callback.since if callback.ticket else callback.requested_at
    if max(now, callback.next_at) - asked_at <= rule.keep:
        return None
    return closed(callback, State.GIVEN_UP, callback.reason or "too_old", now)


def closed(callback: Callback, state: State, reason: str, now: float, by: str = "") -> Callback:
    """The call-back at its end."""
    return replace(callback, state=state, reason=reason, closed_at=now, closed_by=by, lease_until=0.0)
