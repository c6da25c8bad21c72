"""Callers in the phone menu: they hear the names of prompts and press the keys of their story."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cti.practice.agi.language import words
from cti.practice.agi.run import AgiRun
from cti.practice.channels import Channel
from cti.practice.habits import Span
from cti.practice.stories import COMMON, LEAVES, STORIES, Story
from cti.practice.timeline import Act

Later = Callable[[Span, Act], None]
SCORES = ("5", "4", "3", "2", "1", LEAVES)
SCORE_WEIGHTS = (48, 22, 6, 3, 5, 16)
TYPING: Span = (0.2, 0.45)
SPEAKS: Span = (4, 11)
REMEMBERED = 500
"""Callers whose story may go on in a survey after they have talked."""
ASKED_AGAIN = 3
"""So often a caller answers the same question."""


@dataclass(frozen=True)
class Told:
    """One caller's story with the caller's own figures; `think` is how long before the first key of an answer."""

    story: Story
    own: Mapping[str, str]
    think: Span

    def keys(self, name: str) -> str | None:
        """What is pressed at this prompt; None where it is no question that the story knows."""
        parts = name.split(".")
        for length in (3, 2):
            question = ".".join(parts[:length])
            for known in (self.story.keys, COMMON):
                if question in known:
                    return known[question].format_map(_Own(self.own))
        return None


class _Own(dict[str, str]):
    def __missing__(self, key: str) -> str:
        """Who has no account or ticket at hand gives up the entry."""
        return ""


class FlowCallers:
    """Everybody who is in a flow of this PBX. `done` is told of a caller whose flow is over and who is still there."""

    def __init__(self, rng: random.Random, later: Later, done: Callable[[Channel], None]) -> None:
        self._rng, self._later, self._done = rng, later, done
        self._told: dict[str, Told] = {}
        self.next: Told | None = None
        """What the caller who comes in now wants."""

    def choose(self, *, known: bool, ticket: bool, danger: bool, hasty: bool = False) -> Story:
        """A story that this caller can have."""
        fit = [
            (one.hasty if hasty else one.weight, one)
            for one in STORIES
            if (known or not one.known) and (ticket or not one.ticket) and (danger or not one.danger)
        ]
        return self._rng.choices([one for _, one in fit], [weight for weight, _ in fit])[0]

    def score(self) -> str:
        return self._rng.choices(SCORES, SCORE_WEIGHTS)[0]

    def meets(self, run: AgiRun, flow: str) -> None:
        """A caller's flow begins."""
        key = run.caller.uniqueid
        told, self.next = self.next or self._told.get(key), None
        if told is None:  # whom we have rung up, or who was sent here
            told = Told(Story("rung_up", 0, {}), {"score": self.score()}, (0.8, 2.0))
        self._told[key] = told
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        _Listener(run, told, self._rng, self._later)
        run.over.append(lambda: self._over(run.caller))

    def _over(self, caller: Channel) -> None:
        if caller.alive:
            self._done(caller)
        else:
            self._told.pop(caller.uniqueid, None)


class _Listener:
    """One caller's ears and fingers."""

    def __init__(self, run: AgiRun, told: Told, rng: random.Random, later: Later) -> None:
        self._run, self._told, self._rng, self._later = run, told, rng, later
        self._asked, self._times = "", 0
        self._left = ""
        self._typed = False
        self._due = False
        run.watchers.append(self._hears)

    def _hears(self, command: str) -> None:
        given = words(command)
        name = " ".join(given[:2]).upper()
        if name == "STREAM FILE" and len(given) > 3:
            self._prompt(given[2].rpartition("/")[2])
            self._listens(bool(given[3]))
        elif name == "RECORD FILE":
            self._speaks()
        else:
            self._listens(name == "WAIT FOR")

    def _prompt(self, sound: str) -> None:
        """A question is heard: the answer to it is what is pressed next, unless it is being typed."""
        keys = self._told.keys(sound)
        if keys is None:
            return
        question = ".".join(sound.split(".")[:3]) if ".confirm" in sound else ".".join(sound.split(".")[:2])
        again = question == self._asked
        if again and (self._left or not self._typed):
            return
        self._times = self._times + 1 if again else 1
        self._asked, self._typed = question, False
        self._left = keys if self._times <= ASKED_AGAIN else LEAVES

    def _listens(self, now: bool) -> None:
        if now and self._left and not self._due:
            self._due = True
            self._later(TYPING if self._typed else self._told.think, self._press)

    def _press(self) -> None:
        """One key, if somebody takes it; else with the next command that does."""
        self._due = False
        if not self._left or self._run.dead:
            return
        if self._left[0] == LEAVES:
            self._left = ""
            self._run.world.hang_up(self._run.caller)
        elif self._run.listens:
            key, self._left = self._left[0], self._left[1:]
            self._typed = True
            self._run.press(key)
            self._listens(self._run.listens)

    def _speaks(self) -> None:
        """The caller says what is wrong; some press # then, others are silent."""
        seconds = self._rng.uniform(*SPEAKS)
        self._run.speech = seconds
        if self._rng.random() < 0.6:
            self._later((seconds, seconds + 0.5), lambda: self._run.press("#"))
