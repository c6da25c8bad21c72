"""A practice PBX with people in it: the demo's, and `python -m cti.practice`."""

from __future__ import annotations

from cti.practice.agi.run import Service
from cti.practice.dialplan import WAYS, Waits
from cti.practice.habits import OVERFLOWS, Habits
from cti.practice.names import COLLEAGUES
from cti.practice.pbx import PracticePbx, Setup
from cti.practice.people import town
from cti.practice.population import Population
from cti.practice.timeline import Timeline


class LivelyPbx(PracticePbx):
    """A PracticePbx whose population begins to call when it starts. Colleagues 1002 to 1005 are in `service`."""

    def __init__(
        self,
        port: int = 0,
        *,
        seed: int = 7,
        speed: float = 1.0,
        timeline: Timeline | None = None,
        habits: Habits | None = None,
    ) -> None:
        ways = {**WAYS, OVERFLOWS: (Waits("service", 20), Waits("emergency"))}
        setup = Setup(members={"service": tuple(COLLEAGUES)}, ways=ways)
        super().__init__(port, seed=seed, speed=speed, timeline=timeline, setup=setup)
        self.habits = habits or Habits()
        self.agi: Service | None = None
        """Where callers of the hotline go. To be given before the start; with none there is no hotline."""
        self.begins = True
        """Whether people call from the start on; else `population.start` lets them."""
        self.people = town()

    def started(self) -> None:
        for extension, name in COLLEAGUES.items():
            self.world.extensions[extension] = name
            self.queues.queues["service"].members[f"PJSIP/{extension}"].name = name
        self.plan.serving.service = self.agi
        self.population = Population(self.plan, self.people, self.rng, self.habits)
        if self.begins:
            self.population.start()

    async def stop(self) -> None:
        self.population.stop()
        await super().stop()
