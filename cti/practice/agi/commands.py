"""The table of AGI commands: what each needs, and what it does to the caller's channel."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cti.practice.agi.doing import Entering, Playing, Recording, Waiting, Ways
from cti.practice.agi.language import DEAD, INVALID, result, usage, words
from cti.practice.channels import UP

if TYPE_CHECKING:
    from cti.practice.agi.run import AgiRun

DIGIT_SECONDS = 0.6
"""What saying one digit takes."""
DATA_PAUSE = 6.0
MOST_DATA = 1024
_VARIABLE = re.compile(r"\$\{([^${}]+)\}")
Do = Callable[["AgiRun", list[str]], None]


@dataclass(frozen=True)
class Command:
    """`fewest` and `most` count the words after the command's own; one that is `dead` works after a hang-up too."""

    do: Do
    fewest: int
    most: int
    summary: str
    dead: bool = False


def perform(run: AgiRun, line: str) -> None:
    """Carry the command out, or say why not. The run is told the answer, now or later."""
    given = words(line)
    name, command = _found(given)
    if command is None:
        run.answer(INVALID)
        return
    arguments = given[len(name.split()) :]
    if run.dead and not command.dead:
        run.answer(DEAD)
    elif not command.fewest <= len(arguments) <= command.most:
        run.answer(usage(command.summary))
    else:
        try:
            command.do(run, arguments)
        except ValueError:  # no number where one is wanted
            run.answer(usage(command.summary))


def _found(given: list[str]) -> tuple[str, Command | None]:
    """The longest name that the words begin with."""
    for length in (3, 2, 1):
        name = " ".join(given[:length]).lower()
        if len(given) >= length and name in TABLE:
            return name, TABLE[name]
    return "", None


def _says(told: str) -> Do:
    return lambda run, _: run.answer(told)


def answer(run: AgiRun, _: list[str]) -> None:
    if run.caller.state != UP:
        run.world.state(run.caller, UP)
    run.answer(result(0))


def channel_status(run: AgiRun, arguments: list[str]) -> None:
    known = run.world.find(arguments[0]) if arguments else run.caller
    run.answer(result(known.state if known else -1))


def set_variable(run: AgiRun, arguments: list[str]) -> None:
    run.caller.variables[arguments[0]] = arguments[1]
    run.answer(result(1))


def get_variable(run: AgiRun, arguments: list[str]) -> None:
    value = run.variable(arguments[0])
    run.answer(result(1, value) if value else result(0))


def get_full_variable(run: AgiRun, arguments: list[str]) -> None:
    value = _VARIABLE.sub(lambda found: run.variable(found[1]), arguments[0])
    run.answer(result(1, value) if value else result(0))


def set_caller_id(run: AgiRun, arguments: list[str]) -> None:
    run.caller.set(caller_num=arguments[0])
    run.world.callerid(run.caller)
    run.answer(result(1))


def stream_file(run: AgiRun, arguments: list[str]) -> None:
    offset = int(arguments[2]) if len(arguments) > 2 else 0
    length = run.sounds.length(arguments[0])
    if length is None:
        run.answer(result(-1, endpos=offset))
    else:
        run.do(Playing(run.timeline, run.answer, length, arguments[1], offset))


def wait_for_digit(run: AgiRun, arguments: list[str]) -> None:
    run.do(Waiting(run.timeline, run.answer, int(arguments[0])))


def get_data(run: AgiRun, arguments: list[str]) -> None:
    pause = int(arguments[1]) / 1000 if len(arguments) > 1 else 0.0
    most = int(arguments[2]) if len(arguments) > 2 else MOST_DATA
    length = run.sounds.length(arguments[0])
    if length is None:
        run.answer(result(-1))
    else:
        run.do(Entering(run.timeline, run.answer, length, pause or DATA_PAUSE, most))


def record_file(run: AgiRun, arguments: list[str]) -> None:
    name, kind, keys, milliseconds, *more = arguments
    if not run.sounds.may_record(name, kind):
        run.answer(result(-1, "writefile"))
        return
    silence = next((float(one[2:]) for one in more if one[:2].lower() == "s="), 0.0)
    beep = any(one.lower() == "beep" for one in more)
    most = int(milliseconds) / 1000
    ways = Ways(keys, most, beep=beep, silence=silence)
    keep = run.sounds.record
    run.do(Recording(run.timeline, run.answer, ways, run.speech, lambda seconds: keep(name, seconds)))


def say(run: AgiRun, arguments: list[str]) -> None:
    run.do(Playing(run.timeline, lambda told: run.answer(told.partition(" endpos")[0]), *_spoken(arguments)))


def _spoken(arguments: list[str]) -> tuple[float, str, int]:
    return DIGIT_SECONDS * len(arguments[0]), arguments[1], 0


def execute(run: AgiRun, arguments: list[str]) -> None:
    """Of the dialplan's applications only those that do nothing, or wait, are known here."""
    name = arguments[0].lower()
    if name == "wait":
        milliseconds = round(float(arguments[1]) * 1000) if len(arguments) > 1 else 0
        run.do(Waiting(run.timeline, run.answer, milliseconds))
    else:
        run.answer(result(0 if name == "noop" else -2))


def hang_up(run: AgiRun, _: list[str]) -> None:
    run.answer(result(1))
    run.hung_up()


TABLE = {
    "answer": Command(answer, 0, 0, "Answers the channel."),
    "channel status": Command(channel_status, 0, 1, "Returns the status of a channel."),
    "set variable": Command(set_variable, 2, 2, "Sets a variable of the channel.", dead=True),
    "get variable": Command(get_variable, 1, 1, "Gets a variable of the channel.", dead=True),
    "get full variable": Command(get_full_variable, 1, 2, "Gets an expression's value.", dead=True),
    "set callerid": Command(set_caller_id, 1, 1, "Sets the caller's number."),
    "set context": Command(_says(result(0)), 1, 1, "Sets the context."),
    "set extension": Command(_says(result(0)), 1, 1, "Sets the extension."),
    "set priority": Command(_says(result(0)), 1, 1, "Sets the priority."),
    "set music": Command(_says(result(0)), 1, 2, "Switches music on hold."),
    "set autohangup": Command(_says(result(0)), 1, 1, "Ends the call after some seconds."),
    "stream file": Command(stream_file, 2, 3, "Plays a sound that these digits interrupt."),
    "wait for digit": Command(wait_for_digit, 1, 1, "Waits for a digit for some milliseconds."),
    "get data": Command(get_data, 1, 3, "Plays a sound and takes digits."),
    "record file": Command(record_file, 4, 7, "Records to a file."),
    "say digits": Command(say, 2, 2, "Says digits."),
    "say number": Command(say, 2, 3, "Says a number."),
    "say date": Command(say, 2, 2, "Says a date."),
    "say time": Command(say, 2, 2, "Says a time."),
    "exec": Command(execute, 1, 2, "Runs an application."),
    "hangup": Command(hang_up, 0, 1, "Ends the call."),
    "noop": Command(_says(result(0)), 0, 32, "Does nothing.", dead=True),
    "verbose": Command(_says(result(1)), 1, 2, "Writes on the console.", dead=True),
}
"""By name in lower case."""
