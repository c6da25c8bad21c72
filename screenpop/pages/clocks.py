"""A ticket's clocks as people read them: when each is due, and why, stretch by stretch. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from babel import units

from screenpop.words import N_
from ticketing.clocks import ClockState, Interval, Reading
from ticketing.workflow.durations import days_and_seconds
from ticketing.workflow.durations import step as step_of
from ticketing.workflow.model import Workflow

OVERDUE, MET, RUNNING, PAUSED = N_("Overdue"), N_("Kept"), N_("Running"), N_("Standing still")

DAY = 86_400


class Stretch(msgspec.Struct, frozen=True):
    """A stretch: when, in which state of the ticket, what of it counted, and why not or why yet."""

    start: float
    end: float | None
    state: str
    counted: str
    why: str


class ClockLine(msgspec.Struct, frozen=True):
    """A clock that has begun; `state` is a text of the catalogue, `level` the look of its tag."""

    label: str
    state: str
    level: str
    spent: str
    target: str
    due_at: float | None
    left: str
    """How long it is until the running clock is due, or since when it is late; empty where it does not run."""
    late: bool
    ended: bool
    """It was kept and runs no more."""
    stretches: tuple[Stretch, ...]
    unknown_years: tuple[int, ...]


def clock_lines(
    workflow: Workflow, readings: Sequence[Reading], language: str, now: float | None = None
) -> list[ClockLine]:
    """The clocks that have begun: those that run first, the next due in front."""
    begun = [reading for reading in readings if reading.state is not ClockState.NOT_STARTED]
    begun.sort(key=lambda r: (r.state is ClockState.STOPPED, r.due_at is None, r.due_at or 0))
    return [_line(workflow, reading, language, now) for reading in begun]


def _line(workflow: Workflow, reading: Reading, language: str, now: float | None) -> ClockLine:
    state, level = _standing(reading)
    runs = reading.state is ClockState.RUNNING and reading.due_at is not None and now is not None
    left = (reading.due_at or 0.0) - (now or 0.0)
    return ClockLine(
        label=workflow.clocks[reading.name].label.text(language),
        state=state,
        level=level,
        spent="" if reading.elapsed_seconds is None else span(reading.elapsed_seconds, language),
        target=span(reading.target_seconds, language),
        due_at=reading.due_at,
        left=far(abs(left), language) if runs else "",
        late=runs and left < 0,
        ended=reading.state is ClockState.STOPPED and not reading.overdue,
        stretches=tuple(_stretch(workflow, one, language) for one in reading.intervals),
        unknown_years=reading.unknown_years,
    )


def _standing(reading: Reading) -> tuple[str, str]:
    if reading.overdue:
        return OVERDUE, "danger"
    if reading.state is ClockState.STOPPED:
        return MET, ""
    return (RUNNING, "information") if reading.state is ClockState.RUNNING else (PAUSED, "")


def _stretch(workflow: Workflow, interval: Interval, language: str) -> Stretch:
    state = workflow.states.get(interval.reason)
    why = ""
    if not interval.counted:
        why = N_("does not count: the clock stands still in this state")
    elif interval.over_cap:
        why = N_("counts again: the pauses have lasted as long as they may")
    elif interval.seconds == 0 and interval.end is not None and interval.end > interval.start:
        why = N_("outside working time")
    return Stretch(
        interval.start,
        interval.end,
        state.label.text(language) if state else interval.reason,
        "" if interval.seconds is None else span(interval.seconds, language),
        why,
    )


def span(length: float, language: str) -> str:
    """A length of time to the minute: 26 hr 5 min, 26小时5分钟. Below a minute in seconds."""
    whole = max(0, int(length))
    if whole < 60:
        return _unit(whole, "second", language)
    hours, minutes = divmod(whole // 60, 60)
    parts = [_unit(count, unit, language) for count, unit in ((hours, "hour"), (minutes, "minute")) if count]
    return ("" if language.startswith("zh") else " ").join(parts)


def far(length: float, language: str) -> str:
    """How far off a moment is: from two days on in days and hours, before that as `span` has it."""
    if length < 2 * DAY:
        return span(length, language)
    days, hours = divmod(int(length) // 3600, 24)
    parts = [_unit(count, unit, language) for count, unit in ((days, "day"), (hours, "hour")) if count]
    return ("" if language.startswith("zh") else " ").join(parts)


def reached(step: str, language: str, gettext: Callable[[str], str]) -> str:
    """How far a clock has come at a step of its definition: 80% used, time is up, 30 min late. A text that is no
    step, of a definition of old, is shown as it is."""
    try:
        share, sign, more = step_of(step)
    except ValueError:
        return step
    if not sign:
        return (
            gettext(N_("time is up")) if share == 100 else gettext(N_("%(share)s%% used")) % {"share": share}
        )
    text = gettext(N_("%(time)s late")) if sign > 0 else gettext(N_("%(time)s left"))
    days, rest = days_and_seconds(more)
    parts = [_unit(days, "day", language)] if days else []
    parts += [span(rest, language)] if rest else []
    return text % {"time": ("" if language.startswith("zh") else " ").join(parts)}


def _unit(count: int, unit: str, language: str) -> str:
    text = units.format_unit(count, f"duration-{unit}", "short", locale=language)
    return text.replace(" ", "") if language.startswith("zh") else text
