"""Context ringdesk-ivr of the sample extensions.conf: callers serve themselves, then go on as the flow has said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cti.practice.agi.run import AgiRun, Service
from cti.practice.channels import Channel
from cti.practice.queue_calls import MAX_WAIT, QueueCall
from cti.practice.queues import Queues
from cti.practice.timeline import Act
from cti.practice.world import World

FLOWS = "ringdesk-ivr"
SURVEY = "survey"
NEXT, TO, PRIORITY = "RINGDESK_NEXT", "RINGDESK_TO", "QUEUE_PRIO"
AGENT_SECONDS, NUMBER_SECONDS = 20, 30
TONE_SECONDS = 5
ELSE = "service"
# Where the sample has its steps, as the channel's events show it.
AT_AGI, AT_QUEUE, AT_TONE, AT_BYE, AT_AGENT, AT_NUMBER, AT_SURVEY = 5, 11, 14, 15, 18, 22, 25


class Plan(Protocol):
    """The dialplan around this context."""

    world: World
    queues: Queues

    def dial(
        self, channel: Channel, targets: tuple[str, ...], seconds: float, then: Act | None = None
    ) -> None: ...
    def enter(self, channel: Channel, context: str, exten: str) -> None: ...
    def hangup(self, channel: Channel, cause: int = 16) -> None: ...


class Serving:
    """`service` is where AGI leads; with none every caller goes to the queue at once, as when the server is away."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.service: Service | None = None
        self.on_run: list[Callable[[AgiRun, str], None]] = []
        """Called with each new run and its flow, before the server is."""

    def enter(self, channel: Channel, flow: str) -> None:
        """The caller goes through the flow."""
        channel.set(context=FLOWS, exten=flow)
        for name, value in ((NEXT, ""), (TO, ""), (PRIORITY, "0")):
            channel.variables[name] = value
        self._run(channel, flow, AT_AGI, lambda: self._goes_on(channel))

    def _run(self, channel: Channel, flow: str, at: int, then: Act) -> None:
        channel.set(priority=at, application="AGI", app_data=flow)
        if self.service is None:
            then()
            return
        bury = lambda: self.plan.hangup(channel, 0)  # noqa: E731 - as short as `then`
        run = AgiRun(self.plan.world, channel, self.service, then, bury)
        for watcher in self.on_run:
            watcher(run, flow)
        run.start(f"{flow}?token=")

    def _goes_on(self, channel: Channel) -> None:
        """As the flow has said; to the queue where it said nothing, or nobody there takes the caller."""
        said, to = channel.variables[NEXT], channel.variables[TO]
        otherwise = lambda: self._queue(channel, ELSE)  # noqa: E731 - as short as `then`
        if said == "hangup":
            channel.set(priority=AT_BYE)
            self.plan.hangup(channel)
        elif said == "agent":
            channel.set(priority=AT_AGENT)
            self.plan.dial(channel, (to,), AGENT_SECONDS, otherwise)
        elif said == "number" and to.startswith("9"):
            channel.set(priority=AT_NUMBER)
            self.plan.dial(channel, (f"{to[1:]}@trunk",), NUMBER_SECONDS, otherwise)
        else:
            self._queue(channel, to if said == "queue" else ELSE)

    def _queue(self, channel: Channel, name: str) -> None:
        """Queue with option c: who is left by the agent goes on to the survey, whom it does not take elsewhere."""

        def goes_on() -> None:
            if name == ELSE:
                self._tone(channel)
            else:
                self._queue(channel, ELSE)

        queue = self.plan.queues.queues.get(name)
        if queue is None:  # Asterisk logs it and goes on to the next step
            goes_on()
            return
        call = QueueCall(self.plan.queues, queue, channel, goes_on, MAX_WAIT)
        given = channel.variables[PRIORITY]
        call.priority = int(given) if given.isdecimal() else 0
        call.goes_on = lambda: self._run(channel, SURVEY, AT_SURVEY, lambda: self.plan.hangup(channel))
        call.step = AT_QUEUE
        call.join()

    def _tone(self, channel: Channel) -> None:
        """Congestion: the caller hears that nobody takes it."""
        channel.set(priority=AT_TONE, application="Congestion", app_data=str(TONE_SECONDS))
        channel.flow = _Tone(self.plan, channel)


class _Tone:
    """Congestion, until it is over or the caller hangs up."""

    def __init__(self, plan: Plan, channel: Channel) -> None:
        self._plan = plan
        self._alarm = plan.world.timeline.later(TONE_SECONDS, lambda: plan.hangup(channel))

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        self._alarm.cancel()
        channel.flow = None
        if end:
            self._plan.world.destroy(channel, cause)
