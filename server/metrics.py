"""Figures for Prometheus, read from the parts when they are asked for. No text from a line or a person is in them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cti.messages import AgentState, CallState, LinkState
from customers.pins.service import Reason
from server.wiring import House


def registry_of(house: House) -> CollectorRegistry:
    """A registry of this house's own, so that two houses in one process do not mix."""
    registry = CollectorRegistry()
    registry.register(HouseCollector(house))
    return registry


class HouseCollector(Collector):
    """Reads counters and gauges of all rooms; nothing is counted twice."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Metric]:
        yield from self._links()
        yield from self._board()
        yield from self._menus()
        yield from self._pins()
        yield from self._windows()
        yield from self._clocks()

    def _links(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("ringdesk_pbx_up", "1 while the link to the PBX is up", labels=["pbx"])
        events = CounterMetricFamily("ringdesk_ami_events", "Typed AMI events", labels=["pbx"])
        skipped = CounterMetricFamily(
            "ringdesk_ami_skipped", "AMI events passed over, by name", labels=["pbx", "event"]
        )
        resyncs = CounterMetricFamily("ringdesk_ami_resyncs", "Pictures taken of the PBX", labels=["pbx"])
        surprises = CounterMetricFamily(
            "ringdesk_board_surprises", "Events that did not fit", labels=["pbx", "what"]
        )
        forged = CounterMetricFamily(
            "ringdesk_ami_forged", "Times that a caller wrote into events", labels=["pbx"]
        )
        for name, line in self._house.switchboard.lines.items():
            forged.add_metric([name], line.link.counters.forged)
            up.add_metric([name], line.pbx.state is LinkState.UP)
            events.add_metric([name], line.link.counters.events)
            resyncs.add_metric([name], line.link.counters.resyncs)
            for event, count in line.link.skipped.items():
                skipped.add_metric([name, event.decode("ascii", "replace")], count)
            for what, count in line.board.surprises.items():
                surprises.add_metric([name, what], count)
        yield from (up, events, skipped, resyncs, surprises, forged)
        yield from self._drift()

    def _drift(self) -> Iterator[Metric]:
        repaired = CounterMetricFamily(
            "ringdesk_drift_repaired", "Beliefs that the watchdog put right", labels=["pbx", "what"]
        )
        left = GaugeMetricFamily(
            "ringdesk_drift_open", "What is shown otherwise than the PBX has it", labels=["pbx", "what"]
        )
        rounds = CounterMetricFamily("ringdesk_drift_rounds", "Looks of the watchdog", labels=["pbx"])
        for name, dog in self._house.switchboard.watchdogs.items():
            rounds.add_metric([name], dog.rounds)
            for what in ("channel", "member"):
                repaired.add_metric([name, what], dog.repaired[what])
            left.add_metric([name, "channel"], len(dog.left.unseen))
            left.add_metric([name, "waiting"], len(dog.left.waiting))
        yield from (repaired, left, rounds)

    def _board(self) -> Iterator[Metric]:
        board = self._house.switchboard.snapshot()
        calls = GaugeMetricFamily("ringdesk_calls", "Live calls by state", labels=["state"])
        for call_state in CallState:
            if call_state is not CallState.ENDED:
                calls.add_metric([call_state.value], sum(call.state is call_state for call in board.calls))
        agents = GaugeMetricFamily("ringdesk_agents", "Agents by state", labels=["state"])
        for agent_state in AgentState:
            agents.add_metric([agent_state.value], sum(agent.state is agent_state for agent in board.agents))
        waiting = GaugeMetricFamily("ringdesk_queue_waiting", "Callers who wait", labels=["pbx", "queue"])
        for queue in board.queues:
            waiting.add_metric([queue.pbx, queue.name], queue.waiting)
        yield from (calls, agents, waiting)

    def _menus(self) -> Iterator[Metric]:
        house = self._house
        server, visits = house.ivr.server, house.visits
        yield GaugeMetricFamily(
            "ringdesk_ivr_listening", "1 while the dialplan's AGI() is taken", value=house.ivr.port > 0
        )
        yield GaugeMetricFamily("ringdesk_ivr_callers", "Callers in flows now", value=server.sessions)
        nodes = GaugeMetricFamily("ringdesk_ivr_in_node", "Callers in each node now", labels=["node"])
        for node, count in visits.in_nodes().items():
            nodes.add_metric([node], count)
        ended = CounterMetricFamily("ringdesk_ivr_visits", "Visits by how they ended", labels=["ended"])
        for how, count in visits.ended.items():
            ended.add_metric([how], count)
        refused = CounterMetricFamily("ringdesk_ivr_refused", "FastAGI lines turned away", labels=["why"])
        for why, count in server.refused.items():
            refused.add_metric([why], count)
        yield from (nodes, ended, refused)
        yield GaugeMetricFamily(
            "ringdesk_ivr_visits_unsaved", "Visits waiting to be stored", value=visits.saver.pending
        )

    def _pins(self) -> Iterator[Metric]:
        pins = self._house.pins
        checks = CounterMetricFamily(
            "ringdesk_pin_checks", "PINs of callers by the answer", labels=["result"]
        )
        for result in (*(reason.value for reason in Reason), "busy"):
            checks.add_metric([result], pins.results[result])
        yield checks
        yield CounterMetricFamily(
            "ringdesk_pin_alarms", "Times that wrong PINs of many accounts were told", value=pins.alarms
        )

    def _windows(self) -> Iterator[Metric]:
        house = self._house
        yield GaugeMetricFamily("ringdesk_live_connections", "Open live sockets", value=len(house.hub))
        yield CounterMetricFamily("ringdesk_live_frames", "Entries of the live log", value=house.hub.log.seq)
        yield CounterMetricFamily("ringdesk_live_cut_off", "Sockets cut off as slow", value=house.hub.cut_off)
        yield GaugeMetricFamily(
            "ringdesk_calls_unsaved", "Calls waiting to be stored", value=house.recorder.pending
        )
        yield CounterMetricFamily("ringdesk_calls_saved", "Call rows written", value=house.recorder.saved)
        yield CounterMetricFamily("ringdesk_calls_dropped", "Calls given up", value=house.recorder.dropped)
        journal = house.journal
        if journal is not None:
            yield CounterMetricFamily(
                "ringdesk_journal_written", "Records of the journal written", value=journal.written
            )
            yield CounterMetricFamily(
                "ringdesk_journal_dropped", "Records of the journal lost", value=journal.dropped
            )
        yield CounterMetricFamily(
            "ringdesk_bus_failures", "Subscribers that failed", value=house.bus.failures
        )
        yield CounterMetricFamily("ringdesk_task_failures", "Tasks that failed", value=house.tasks.failures)
        yield CounterMetricFamily(
            "ringdesk_outbox_delivered", "Outbox rows delivered", value=house.relay.delivered
        )

    def _clocks(self) -> Iterator[Metric]:
        timer = self._house.timer
        due, lag = "Steps of tickets' clocks that are due now", "Seconds by which the last step came late"
        yield GaugeMetricFamily("ringdesk_timer_due", due, value=timer.due)
        yield GaugeMetricFamily("ringdesk_timer_lag_seconds", lag, value=timer.lag)
        yield CounterMetricFamily("ringdesk_timer_fired", "Steps that have happened", value=timer.fired)
        yield CounterMetricFamily("ringdesk_timer_failures", "Rounds that failed", value=timer.failures)
        yield CounterMetricFamily(
            "ringdesk_timer_braked", "Rounds that were stopped by the storm brake", value=timer.braked
        )
