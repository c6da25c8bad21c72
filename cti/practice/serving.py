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
AGENT_SECONDS = 20
FALLBACK = "service"
# Where the sample has its steps, as the channel's events show it.
AT_AGI, AT_QUEUE, AT_BYE, AT_AGENT, AT_SURVEY = 4, 9, 11, 13, 19


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
        """As the flow has said; to the queue where it said nothing."""
        said, to = channel.variables[NEXT], channel.variables[TO]
        if said == "hangup":
            channel.set(priority=AT_BYE)
            self.plan.hangup(channel)
        elif said == "agent":
            channel.set(priority=AT_AGENT)
            self.plan.dial(channel, (to,), AGENT_SECONDS, lambda: self._queue(channel, FALLBACK))
        elif said == "number":
            self.plan.enter(channel, "ringdesk-dial", to)
        else:
            self._queue(channel, to if said == "queue" else FALLBACK)

    def _queue(self, channel: Channel, name: str) -> None:
        """Queue with option c: who is left by the agent goes on to the survey."""
        queue = self.plan.queues.queues.get(name)
        if queue is None:  # Asterisk logs it and goes on to the next step
            self.plan.hangup(channel)
            return
        call = QueueCall(self.plan.queues, queue, channel, lambda: self.plan.hangup(channel), MAX_WAIT)
        given = channel.variables[PRIORITY]
        call.priority = int(given) if given.isdecimal() else 0
        call.goes_on = lambda: self._run(channel, SURVEY, AT_SURVEY, lambda: self.plan.hangup(channel))
        call.step = AT_QUEUE
        call.join()
