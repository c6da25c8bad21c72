"""How the people of the demo behave: chances and seconds."""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[float, float]
OVERFLOWS = "4007"
"""A number whose callers go on to the emergency queue when nobody answers in time; only the demo has it."""


@dataclass(frozen=True)
class Habits:
    """Seconds as (shortest, longest); chances from 0 to 1; `every` is the mean between two calls."""

    every: float = 12.0
    most: int = 8
    """Calls at one time; a caller who would be one more stays at home."""
    most_waiting: int = 3
    first: Span = (0.8, 2.2)
    """Until the first call after an agent gets ready."""
    pick_up: Span = (4, 8)
    step_in: Span = (9, 13)
    """Until a colleague answers what rings at the visitor's phone too."""
    rings_out: float = 0.08
    talk: Span = (25, 90)
    holds: float = 0.25
    hold: Span = (5, 15)
    gives_up: float = 0.12
    patience: Span = (6, 15)
    long_patience: Span = (60, 150)
    own_phone: Span = (1, 2)
    outside: Span = (4, 9)
    outside_busy: float = 0.12
    outside_away: float = 0.12
    kinds: tuple[float, float, float, float] = (55, 15, 20, 10)
    """Weights of known, shared, unknown and anonymous callers."""
    think: Span = (0.8, 2.5)
    """Until a caller in a flow answers a question."""
    hasty: Span = (0.05, 0.15)
    """The same of one for whom an agent waits."""
    stays_for_survey: float = 0.6
    """Of callers who would be asked: how many agents hang up first."""


WITH_MENU = Habits(every=8.0, most=12, most_waiting=4)
"""Where there is a phone menu: many callers need nobody, and now and then so many wait that call-backs are offered."""
