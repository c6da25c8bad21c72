"""Figures of queues, each with one written formula and the calls that it counts. Pure.

Source: DOMAIN section 2 of this house; the names are those of COPC and of contact-centre practice. Durations are
seconds, shares lie between 0 and 1, and a figure without calls to count is None.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cti.messages import Call, Outcome

SHORT_SECONDS = 5.0
"""Who hangs up sooner has not waited: a short abandon is reported apart."""
SERVICE_SECONDS = 20.0


class QueueFigures(msgspec.Struct, frozen=True):
    """What became of the calls that entered one queue. `offered` = answered + abandoned + short_abandons + other."""

    offered: int
    """Calls that entered the queue."""
    answered: int
    """Of those: an agent answered."""
    abandoned: int
    """Of those: hung up in the queue before an answer, after `SHORT_SECONDS` or later."""
    short_abandons: int
    """Of those: hung up sooner."""
    other: int
    """Of those: sent on by the queue, lost with the link, or still waiting."""
    answered_in_time: int
    """Of the answered: within `SERVICE_SECONDS` of entering."""
    service_level: float | None
    """answered_in_time / (offered - short_abandons)."""
    average_speed_of_answer: float | None
    """Sum of the answered calls' wait / answered (ASA)."""
    average_handling: float | None
    """(talk + hold) / answered (AHT; wrap-up is the agents' own figure)."""
    incomplete: bool
    """A gap in the link touched one of the calls: times may be short."""


def queue_figures(
    calls: Iterable[Call], queue: str, within: float = SERVICE_SECONDS, short: float = SHORT_SECONDS
) -> QueueFigures:
    """The figures of a queue over these calls; those of other queues are passed over."""
    entered = [call for call in calls if call.queue == queue and call.queued_at is not None]
    answered = [call for call in entered if call.answered_at is not None]
    left = [call for call in entered if call.outcome is Outcome.ABANDONED]
    hasty = sum(call.wait_seconds < short for call in left)
    in_time = sum(call.wait_seconds <= within for call in answered)
    handled = sum((call.talk_seconds + call.hold_seconds for call in answered), 0.0)
    return QueueFigures(
        offered=len(entered),
        answered=len(answered),
        abandoned=len(left) - hasty,
        short_abandons=hasty,
        other=len(entered) - len(answered) - len(left),
        answered_in_time=in_time,
        service_level=_share(in_time, len(entered) - hasty),
        average_speed_of_answer=_share(sum((call.wait_seconds for call in answered), 0.0), len(answered)),
        average_handling=_share(handled, len(answered)),
        incomplete=any(call.incomplete for call in entered),
    )


def longest_wait(waiting_since: float | None, at: float) -> float:
    """How long the oldest waiter of a queue has waited at `at`; 0 where nobody waits."""
    return 0.0 if waiting_since is None else max(0.0, at - waiting_since)


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole > 0 else None
