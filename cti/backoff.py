"""When to try again. Pure."""

from __future__ import annotations

import random

import msgspec


class Pace(msgspec.Struct, frozen=True):
    """How patiently a link waits; seconds."""

    first_delay: float = 0.5
    longest_delay: float = 1.5
    """A PBX that is back is seen within two seconds, however long it was away; knocking at a closed port costs
    neither side anything."""
    refused_delay: float = 10.0
    """After a refused login or permission: a person has to change something first, and Asterisk logs each try."""
    steady_after: float = 10.0
    """A link that was up for so long begins again with the first delay."""
    boot: float = 30.0
    """How long FullyBooted is waited for. It never comes where the manager user may not read `system`."""
    picture: float = 30.0
    """Deadline of each question of a resync."""
    settle: float = 30.0
    """How long an unanswered Originate waits for a connection on which to look for its channel."""
    buffer: int = 20_000
    """Events (not seconds) that are kept while a resync runs."""


DEFAULT = Pace()


def delay(attempt: int, pace: Pace, rng: random.Random) -> float:
    """Seconds before the next try after `attempt` failed ones: doubling, capped, with full jitter.

    Source: "Exponential backoff and jitter", AWS Architecture Blog, 2015: full jitter spreads clients best.
    """
    return rng.uniform(0, min(pace.longest_delay, pace.first_delay * 2 ** min(attempt, 30)))


def refused_delay(attempt: int, pace: Pace, rng: random.Random) -> float:
    """The same after a refusal: from the refused delay to six times that, with jitter on top of half of it."""
    longest = pace.refused_delay * min(6, 1 + attempt)
    return rng.uniform(longest / 2, longest) if attempt else pace.refused_delay
