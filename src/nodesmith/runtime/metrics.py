"""What a node measures, under OpenTelemetry's names for messaging where it has one; served at `/metrics`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class NodeMetrics:
    """The numbers of one node, in a registry of their own: two nodes in a process do not get in each other's way."""

    def __init__(self, *, node: str) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.consumed = Counter(
            "messaging_client_consumed_messages",
            "Records taken from the bus.",
            ["topic"],
            registry=self.registry,
        )
        self.published = Counter(
            "messaging_client_sent_messages",
            "Records the broker acknowledged.",
            ["topic"],
            registry=self.registry,
        )
        self.failed = Counter(
            "messaging_process_failures",
            "Commands answered with a failure.",
            ["operation", "error_type"],
            registry=self.registry,
        )
        self.retried = Counter(
            "messaging_process_retries",
            "Attempts that failed and are made again.",
            ["operation", "error_type"],
            registry=self.registry,
        )
        self.dead_lettered = Counter(
            "messaging_dead_lettered_messages",
            "Records that went to the dead letters.",
            ["error_type"],
            registry=self.registry,
        )
        self.waits_for = Gauge(
            "nodesmith_circuit_open",
            "1 while commands wait for a dependency that is down, else 0.",
            ["dependency"],
            registry=self.registry,
        )
        self.answered_again = Counter(
            "nodesmith_commands_answered_again",
            "Commands that came again and were answered from the record of their answer.",
            ["operation"],
            registry=self.registry,
        )
        self.refused = Counter(
            "nodesmith_outbox_refused_messages",
            "Records no broker would take, by the broker's reason.",
            ["topic", "reason"],
            registry=self.registry,
        )
        self.turned_away = Counter(
            "nodesmith_outbox_full",
            "Records that were not taken because the outbox was full.",
            registry=self.registry,
        )
        self.not_written = Counter(
            "nodesmith_outbox_write_failures",
            "Writes of the outbox that failed, as on a full disk.",
            registry=self.registry,
        )
        self.outbox_records = Gauge(
            "nodesmith_outbox_messages", "Records the broker has not acknowledged.", registry=self.registry
        )
        self.outbox_bytes = Gauge(
            "nodesmith_outbox_bytes", "Bytes of the records in the outbox.", registry=self.registry
        )
        self.seconds = Histogram(
            "messaging_process_duration_seconds",
            "Time from taking up a command to the acknowledgement of its answer.",
            ["operation"],
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "messaging_process_in_flight", "Records being worked on.", registry=self.registry
        )
        self.bus_up = Gauge(
            "nodesmith_bus_up", "1 while the broker can be reached, else 0.", registry=self.registry
        )
        self.state = Gauge(
            "nodesmith_node_state",
            "1 for the state the node is in, 0 for the others.",
            ["node", "state"],
            registry=self.registry,
        )
        self._node = node

    def text(self) -> bytes:
        """Return everything in the Prometheus text format."""
        return generate_latest(self.registry)

    def record_acknowledged(self, topic: str) -> None:
        """Count a record the broker has."""
        self.published.labels(topic=topic).inc()

    def record_refused(self, topic: str, reason: str) -> None:
        """Count a record no broker would take."""
        self.refused.labels(topic=topic, reason=reason).inc()

    def outbox_full(self) -> None:
        """Count a record that was turned away."""
        self.turned_away.inc()

    def outbox_not_written(self) -> None:
        """Count a write that failed."""
        self.not_written.inc()

    def set_state(self, state: str, *, states: tuple[str, ...]) -> None:
        """Mark the state the node is in."""
        for name in states:
            self.state.labels(node=self._node, state=name).set(name == state)
