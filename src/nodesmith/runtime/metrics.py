"""What a node measures, under the names of OpenTelemetry's messaging conventions (1.44) where they have one.

Served at `/metrics`; docs/observing.md has the table. Every label has a bounded number of values, whatever records say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from nodesmith import __version__
from nodesmith.runtime.metric_families import Counters, Durations, Gauges, Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SYSTEM = {"messaging_system": "kafka"}
_TOPIC = "messaging_destination_name"
_GROUP = "messaging_consumer_group_name"
_PARTITION = "messaging_destination_partition_id"


class NodeMetrics:
    """The numbers of one node, in a registry of their own: two nodes in a process do not get in each other's way.

    What counts is called with the values of its labels, as `retried("greet", "TemporaryError").inc()`, on the event loop;
    the methods of the outbox are called in its thread. Whoever counts often keeps the cell.
    """

    def __init__(
        self, *, node: str, domain: str = "", version: str = "", instance: str = "", group: str = ""
    ) -> None:
        self.registry = CollectorRegistry()
        send = {**SYSTEM, "messaging_operation_name": "send", "messaging_operation_type": "send"}
        poll = {**SYSTEM, "messaging_operation_name": "poll", _GROUP: group}
        process = {**SYSTEM, "messaging_operation_name": "process", _GROUP: group}
        about = {
            "service_name": node,
            "service_namespace": domain,
            "service_version": version,
            "service_instance_id": instance,
        }
        consumed = Counters(
            "messaging_client_consumed_messages", "Records taken from the bus.", [_TOPIC], fixed=poll
        )
        sent = Counters(
            "messaging_client_sent_messages",
            "Records the broker acknowledged, or refused for good (then with an error_type).",
            [_TOPIC, "error_type"],
            fixed=send,
        )
        send_seconds = Durations(
            "messaging_client_operation_duration_seconds",
            "Time from giving a record to the Kafka client to the broker's answer.",
            [_TOPIC, "error_type"],
            fixed=send,
        )
        process_seconds = Durations(
            "messaging_process_duration_seconds",
            "Time from taking up a record to the acknowledgement of its answer, retries and waiting included.",
            [_TOPIC, "operation", "error_type"],
            fixed=process,
        )
        handler_seconds = Durations(
            "nodesmith_handler_duration_seconds",
            "Time in the handler alone, of each attempt.",
            ["operation", "error_type"],
        )
        failed = Counters(
            "nodesmith_commands_failed", "Commands answered with a failure.", ["operation", "error_type"]
        )
        retried = Counters(
            "nodesmith_commands_retried",
            "Attempts that failed and are made again.",
            ["operation", "error_type"],
        )
        answered_again = Counters(
            "nodesmith_commands_answered_again",
            "Commands that came again and were answered from the record of their answer.",
            ["operation"],
        )
        dead_lettered = Counters(
            "nodesmith_dead_letters", "Records that went to the dead letters.", ["error_type"]
        )
        outbox_full = Counters(
            "nodesmith_outbox_full", "Records that were not taken because the outbox was full."
        )
        not_written = Counters(
            "nodesmith_outbox_write_failures", "Writes of the outbox that failed, as on a full disk."
        )
        self.in_flight = Gauges("nodesmith_commands_in_flight", "Records being worked on.")
        self.waiting = Gauges(
            "nodesmith_commands_waiting", "Records taken from the bus that wait for their turn."
        )
        self.lag = Gauges(
            "nodesmith_consumer_lag_messages",
            "Records of a partition that are not committed: what is worked on, and what has not been taken yet.",
            [_TOPIC, _PARTITION],
            fixed={_GROUP: group},
        )
        self.waits_for = Gauges(
            "nodesmith_circuit_open",
            "1 while commands wait for a dependency that is down, else 0.",
            ["dependency"],
        )
        self.outbox_records = Gauges("nodesmith_outbox_messages", "Records the broker has not acknowledged.")
        self.outbox_bytes = Gauges("nodesmith_outbox_bytes", "Bytes of the records in the outbox.")
        self.outbox_age = Gauges(
            "nodesmith_outbox_oldest_age_seconds",
            "How long the oldest record on the outbox's disk has waited; 0 where none waits.",
        )
        self.bus_up = Gauges("nodesmith_bus_up", "1 while the broker can be reached, else 0.")
        self.bus_state = Gauges(
            "nodesmith_bus_state", "1 for how the node is to the bus, 0 for the other states.", ["state"]
        )
        self.state = Gauges(
            "nodesmith_node_state", "1 for the state the node is in, 0 for the others.", ["state"]
        )
        target = Gauges("target_info", "Who this is, by OpenTelemetry's resource attributes.", fixed=about)
        build = Gauges("nodesmith_build_info", "The version of nodesmith.", fixed={"version": __version__})
        target.set(1)
        build.set(1)
        self.consumed = consumed.writer()
        self.sent = sent.writer()
        self.send_seconds = send_seconds.writer()
        self.process_seconds = process_seconds.writer()
        self.handler_seconds = handler_seconds.writer()
        self.failed = failed.writer()
        self.retried = retried.writer()
        self.answered_again = answered_again.writer()
        self.dead_lettered = dead_lettered.writer()
        self._turned_away = outbox_full.writer()()
        self._outbox_sent = sent.writer()
        self._outbox_seconds = send_seconds.writer()
        self._not_written = not_written.writer()()
        self.families = (
            *(consumed, sent, send_seconds, process_seconds, handler_seconds),
            *(failed, retried, answered_again, dead_lettered, self.in_flight, self.waiting, self.lag),
            *(self.waits_for, self.outbox_records, self.outbox_bytes, self.outbox_age),
            *(outbox_full, not_written, self.bus_up, self.bus_state, self.state, target, build),
        )
        self.registry.register(Shown(self.families))
        ProcessCollector(registry=self.registry)

    def begin_at_zero(
        self, *, topics: Iterable[str], answers: Iterable[str], operations: Iterable[str]
    ) -> None:
        """Show what is certain to be counted before it is, so that a first failure is seen as a change."""
        for topic in topics:
            self.consumed(topic)
        for topic in answers:
            self.sent(topic, "")
        for operation in operations:
            self.handler_seconds(operation, "")
            self.answered_again(operation)

    def text(self) -> bytes:
        """Return everything in the Prometheus text format."""
        return generate_latest(self.registry)

    def record_sent(self, topic: str, seconds: float, error_type: str = "") -> None:
        """Count a record that was sent on the event loop, and how long that took; `error_type` says why it failed."""
        self.sent(topic, error_type).inc()
        self.send_seconds(topic, error_type).observe(seconds)

    def record_acknowledged(self, topic: str, seconds: float = 0.0) -> None:
        """Count a record of the outbox that the broker has, and how long the broker took."""
        self._outbox_sent(topic, "").inc()
        self._outbox_seconds(topic, "").observe(seconds)

    def record_refused(self, topic: str, reason: str, seconds: float = 0.0) -> None:
        """Count a record of the outbox that no broker would take."""
        self._outbox_sent(topic, reason).inc()
        self._outbox_seconds(topic, reason).observe(seconds)

    def outbox_full(self) -> None:
        """Count a record that was turned away."""
        self._turned_away.inc()

    def outbox_not_written(self) -> None:
        """Count a write that failed."""
        self._not_written.inc()

    def set_state(self, state: str, *, states: tuple[str, ...]) -> None:
        """Mark the state the node is in."""
        self.state.replace({(name,): float(name == state) for name in states})

    def set_bus_state(self, state: str, *, states: tuple[str, ...]) -> None:
        """Mark how the node is to the bus."""
        self.bus_state.replace({(name,): float(name == state) for name in states})

    def set_waits_for(self, states: Mapping[str, bool]) -> None:
        """Show which dependencies commands wait for."""
        self.waits_for.replace_bounded({(name,): float(waits) for name, waits in states.items()})

    def set_lag(self, lag: Mapping[tuple[str, int], int]) -> None:
        """Show the lag of the partitions this instance has, by topic and partition."""
        self.lag.replace(
            {(topic, str(partition)): float(behind) for (topic, partition), behind in lag.items()}
        )
