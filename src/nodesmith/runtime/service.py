"""A node's service: its states, from starting to stopped, and everything it runs on."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from nodesmith.runtime.breaker import BreakerPolicy, Breakers
from nodesmith.runtime.deadline import Deadline
from nodesmith.runtime.dependencies import Dependencies
from nodesmith.runtime.describing import contract_beside
from nodesmith.runtime.handling import current_handling
from nodesmith.runtime.health import HealthServer, Readiness
from nodesmith.runtime.introspection import STATS, Presence, wanted
from nodesmith.runtime.reducer import Reducer
from nodesmith.runtime.retrying import Retrying, RetryPolicy
from nodesmith.runtime.settings import NodeSettings, data_directory, event_bus_skipped
from nodesmith.runtime.stats import Stats
from nodesmith.runtime.tracing import start_tracing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from nodesmith.runtime.answer_store import AnswerStore
    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.commands import CommandDesk
    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.dispatch import Dispatcher
    from nodesmith.runtime.envelope import OutgoingRecord
    from nodesmith.runtime.membership import Announce, Membership
    from nodesmith.runtime.metrics import NodeMetrics
    from nodesmith.runtime.outbox import Outbox
    from nodesmith.runtime.spans import Tracing

logger = logging.getLogger("nodesmith.runtime.service")

CONCURRENT_COMMANDS = 32
_LET_GO_SECONDS = 0.2
# Beyond the drain deadline, in all; what the watchdog gives a process is a little more.
_CLOSE_SECONDS = 8.0
_HURRIED_CLOSE_SECONDS = 0.8
_HEALTH_SECONDS = 1.0

BUS_STATES = ("client missing", "skipped", "away", "joining", "joined")
CLIENT_MISSING = "the Kafka client is not installed"
INSTALL_CLIENT = "pip install confluent-kafka (nodesmith's extra `kafka` brings it)"


class NodeState(StrEnum):
    """Where a node is in its life. Degraded: it runs, but the bus or a dependency is away."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    DRAINING = "draining"
    STOPPED = "stopped"


class NodeService:
    """Runs a node: serves its health, opens its resources, and lives on the bus where there is one.

    `publisher` is None where the node stays off the bus, because it was told to or because `client_installed` is false.
    `announce` publishes what `introspection()` returns. Settings come from the environment.
    """

    def __init__(
        self,
        *,
        definition: NodeDefinition,
        node_id: UUID,
        instance_id: str,
        publisher: EventPublisher | None,
        client_installed: bool,
        announce: Announce,
    ) -> None:
        self.cut_off = 0
        self._settings = NodeSettings.from_environment()
        self._retry_policy = RetryPolicy.from_environment(os.environ)
        self._breakers = Breakers(policy=BreakerPolicy.from_environment(os.environ))
        self._definition = definition
        self._publisher = publisher
        self._client_missing = not client_installed and not event_bus_skipped()
        self._announce = announce
        self._presence = Presence(
            definition=definition,
            node_id=node_id,
            instance_id=instance_id,
            heartbeat_seconds=self._settings.heartbeat_seconds,
            contract=contract_beside(getattr(announce, "__self__", None)),
        )
        self._phase = NodeState.STARTING
        self._stopped = asyncio.Event()
        self._hurried = self._closing = False
        self._stop_by: Deadline | None = None
        self._dependencies = Dependencies(definition.resources)
        self._metrics = _new_metrics(definition, instance_id=instance_id)
        self._stats = Stats(definition)
        self._tracing: Tracing | None = None
        self._health = HealthServer(
            host=self._settings.health_host,
            port=self._settings.health_port,
            readiness=self.readiness,
            metrics=self._metrics_text,
        )
        self._dispatcher: Dispatcher | None = None
        self._desk: CommandDesk | None = None
        self._membership: Membership | None = None
        self._answers: AnswerStore | None = None

    @property
    def state(self) -> NodeState:
        """The state the node is in now."""
        if self._phase is NodeState.READY and self._reasons():
            return NodeState.DEGRADED
        return self._phase

    @property
    def endpoints(self) -> dict[str, str]:
        """Where the node's health and metrics are served."""
        return self._health.endpoints

    async def start(self) -> None:
        """Start everything, and return without waiting for a bus; raise InputError for settings that cannot be.

        The first attempt to open the resources is waited for; further ones are not.
        """
        try:
            await self._health.start()
            logger.info("health at %s", self.endpoints["health"])
            if self._client_missing:
                logger.warning("%s, so the node stays off the bus; %s", CLIENT_MISSING, INSTALL_CLIENT)
            await self._dependencies.open()
            self._tracing = start_tracing(self._resource(), group=self._definition.identity.dot_path)
            if self._publisher is not None:
                self._publisher.tracing = self._tracing
                await self._open_records(self._publisher)
                self._membership = self._become_member(self._publisher)
                await self._membership.start()
        except BaseException:
            await self.stop()
            raise
        self._phase = NodeState.READY
        logger.info("started; %s", "; ".join(self._reasons()) or "ready")

    async def stop(self) -> None:
        """Take no new work, finish what runs within DRAIN_SECONDS, say goodbye and close; `cut_off` counts the rest.

        Never hangs, whatever the broker does; may be called again.
        """
        if self._phase in {NodeState.DRAINING, NodeState.STOPPED}:
            await self._stopped.wait()
            return
        self._phase = NodeState.DRAINING
        try:
            await self._drain(self._stopping_within(self._settings.drain_seconds, hurried=0.0))
            await self._close(self._stopping_within(_CLOSE_SECONDS, hurried=_HURRIED_CLOSE_SECONDS))
        finally:
            self._phase = NodeState.STOPPED
            self._stopped.set()
        logger.info(
            "stopped; %s", f"{self.cut_off} commands were cut off" if self.cut_off else "nothing was cut off"
        )

    def hurry(self) -> None:
        """Cut short what `stop()` waits for, now or when it comes to it: who stops the node will not wait."""
        self._hurried = True
        if self._stop_by is not None:
            self._stop_by.bring_forward(_HURRIED_CLOSE_SECONDS if self._closing else 0.0)

    @property
    def unfinished(self) -> int:
        """How many commands an end now would cut off, with those that were; may be read from any thread."""
        return self.cut_off or self._in_flight()

    def introspection(
        self, *, reason: str, capabilities: Sequence[str], correlation_id: UUID | None = None
    ) -> OutgoingRecord:
        """Return the record that says what this node is; `reason` is one of DESIGN's, such as `startup`."""
        return self._presence.introspection(
            reason=reason,
            state=NodeState.STOPPED if reason == "shutdown" else self.state,
            capabilities=capabilities,
            endpoints=self.endpoints,
            waits_for=self._waits_for,
            stats=self._figures_in_full() if STATS in wanted() else None,
            correlation_id=correlation_id,
        )

    def readiness(self) -> Readiness:
        """Return whether the node takes work, and every reason why it does not."""
        return Readiness(state=self.state, reasons=tuple(self._reasons()), event_bus=self._event_bus())

    @property
    def _waits_for(self) -> list[str]:
        return [name for name, waits in self._breakers.states().items() if waits]

    def _condition(self) -> object:
        """Return what is announced whenever it changes."""
        return self.state, self._waits_for, self.endpoints

    def _reasons(self) -> list[str]:
        reasons = []
        if self._phase is not NodeState.READY:
            reasons.append(f"the node is {self._phase}")
        if self._dependencies.problem:
            reasons.append(self._dependencies.problem)
        if isinstance(reducer := self._definition.resources, Reducer) and reducer.problem:
            reasons.append(reducer.problem)
        reasons += self._breakers.problems
        if self._answers is not None and self._answers.problem:
            reasons.append(self._answers.problem)
        if (outbox := self._outbox) is not None and outbox.problem:
            reasons.append(outbox.problem)
        if outbox is not None:
            absent = sorted(outbox.absent_topics)
            reasons += [
                f"records wait in the outbox for topic {topic}, which does not exist" for topic in absent
            ]
        if self._client_missing:
            reasons.append(f"{CLIENT_MISSING}: {INSTALL_CLIENT}")
        if self._publisher is not None and self._membership is not None and not self._membership.joined:
            connection = self._publisher.connection
            waiting = self._membership.problem or f"the bus at {connection.servers} is being joined"
            reasons.append(waiting if connection.up else connection.error().message)
        return reasons

    def _event_bus(self) -> dict[str, object]:
        if self._client_missing:
            return {"state": "client missing"}
        if self._publisher is None:
            return {"state": "skipped"}
        connection = self._publisher.connection
        joined = self._membership is not None and self._membership.joined
        state = "joined" if joined else "joining" if connection.up else "away"
        error = {"last_error": connection.last_error} if connection.last_error and not connection.up else {}
        return {"state": state, "servers": connection.servers, **error}

    @property
    def _outbox(self) -> Outbox | None:
        return None if self._publisher is None else self._publisher.outbox

    async def _open_records(self, publisher: EventPublisher) -> None:
        """Open what keeps this node's answers and what it publishes, in a folder that its instances share."""
        from nodesmith.runtime.answer_store import open_answers
        from nodesmith.runtime.outbox import OutboxBounds

        identity, settings = self._definition.identity, self._settings
        folder = data_directory() / f"{identity.event_domain}.{identity.name}"
        bounds = OutboxBounds(records=settings.outbox_max_records, bytes=settings.outbox_max_bytes)
        publisher.keep_outbox(folder, bounds=bounds, metrics=self._metrics)
        self._answers = open_answers(settings, node=identity.dot_path, folder=folder)
        await self._answers.start()

    def _become_member(self, publisher: EventPublisher) -> Membership:
        # Imported here: these need the Kafka client, which is there if a publisher is.
        from nodesmith.runtime.backlog import BacklogBounds
        from nodesmith.runtime.commands import CommandDesk
        from nodesmith.runtime.dispatch import Dispatcher
        from nodesmith.runtime.membership import Membership

        assert self._answers is not None, "the records are opened first"
        settings = self._settings
        bounds = BacklogBounds(records=settings.prefetch_max_records, bytes=settings.prefetch_max_bytes)
        self._dispatcher = Dispatcher(limit=CONCURRENT_COMMANDS, bounds=bounds)
        self._desk = CommandDesk(
            definition=self._definition,
            publisher=publisher,
            answers=self._answers,
            metrics=self._metrics,
            stats=self._stats,
            tracing=self._tracing,
            retrying=Retrying(policy=self._retry_policy, breakers=self._breakers, retried=self._note_retry),
            command_max_bytes=settings.command_max_bytes,
        )
        return Membership(
            definition=self._definition,
            node_id=self._presence.node_id,
            instance_id=self._presence.instance_id,
            publisher=publisher,
            desk=self._desk,
            dispatcher=self._dispatcher,
            resources_open=self._dependencies.opened,
            announce=self._announce,
            condition=self._condition,
            heartbeat=self._heartbeat,
            heartbeat_seconds=settings.heartbeat_seconds,
            release_seconds=settings.rebalance_seconds,
        )

    def _heartbeat(self) -> OutgoingRecord:
        return self._presence.heartbeat(
            state=self.state,
            in_flight=self._in_flight(),
            outbox=self._waiting_to_leave,
            figures=self._stats.figures(self._lag),
        )

    def _figures_in_full(self) -> dict[str, object]:
        return self._stats.document(
            started_at=self._presence.started_at,
            lag=self._lag,
            in_flight=self._in_flight(),
            outbox=self._waiting_to_leave,
        )

    @property
    def _lag(self) -> Mapping[tuple[str, int], int]:
        return self._membership.lag if self._membership else {}

    @property
    def _waiting_to_leave(self) -> int:
        return self._outbox.records if self._outbox is not None else 0

    def _in_flight(self) -> int:
        return self._dispatcher.running if self._dispatcher else 0

    def _note_retry(self, operation: str, error: Exception) -> None:
        self._metrics.retried(operation, type(error).__name__).inc()
        self._stats.retried(operation)
        if (handling := current_handling()) is not None:
            handling.note("retry", error_type=type(error).__name__, error=str(error))

    def _stopping_within(self, seconds: float, *, hurried: float) -> Deadline:
        self._stop_by = Deadline(hurried if self._hurried else seconds)
        return self._stop_by

    async def _drain(self, deadline: Deadline) -> None:
        if self._desk is None or self._dispatcher is None:
            return
        if running := self._dispatcher.running:
            logger.info("draining: %s commands are running", running)
        self._desk.give_up()
        letting_go = asyncio.create_task(self._let_go_while_away())
        try:
            self.cut_off, _ = await asyncio.gather(
                self._dispatcher.drain(deadline, last_call=self._let_go), self._tell_draining(deadline)
            )
        finally:
            letting_go.cancel()

    async def _tell_draining(self, deadline: Deadline) -> None:
        if self._membership is not None:
            await self._membership.tell_draining(deadline)

    async def _close(self, deadline: Deadline) -> None:
        self._closing = True
        if self._membership is not None:
            await self._membership.leave(deadline)
        elif self._publisher is not None:
            async with deadline.limit("closing the publisher"):
                await self._publisher.close(0)
        await asyncio.gather(
            self._close_answers(deadline), self._close_dependencies(deadline), self._close_tracing(deadline)
        )
        async with deadline.limit("closing health", seconds=_HEALTH_SECONDS):
            await self._health.stop()

    async def _close_answers(self, deadline: Deadline) -> None:
        if self._answers is not None:
            async with deadline.limit("closing the records of answers"):
                await self._answers.close()

    async def _close_tracing(self, deadline: Deadline) -> None:
        if self._tracing is not None:
            async with deadline.limit("sending the last spans"):
                await self._tracing.close()

    async def _close_dependencies(self, deadline: Deadline) -> None:
        async with deadline.limit("closing the resources"):
            await self._dependencies.close()

    def _let_go(self) -> None:
        """Let no command wait for the broker or for its state: what it would tell is on disk, or it comes again."""
        if self._outbox is not None:
            self._outbox.let_go()
        if isinstance(reducer := self._definition.resources, Reducer):
            reducer.let_go()

    async def _let_go_while_away(self) -> None:
        """Let no command wait for a broker that is away, or for a state that is."""
        reducer = self._definition.resources
        while self._publisher is not None:
            if not self._publisher.connection.up or (isinstance(reducer, Reducer) and reducer.problem):
                self._let_go()
            await asyncio.sleep(_LET_GO_SECONDS)

    def _metrics_text(self) -> bytes:
        metrics, running = self._metrics, self._in_flight()
        metrics.in_flight.set(running)
        metrics.waiting.set(self._dispatcher.load - running if self._dispatcher else 0)
        if (outbox := self._outbox) is not None:
            metrics.outbox_records.set(outbox.records)
            metrics.outbox_bytes.set(outbox.bytes)
            oldest_at = outbox.oldest_at
            metrics.outbox_age.set(0.0 if oldest_at is None else max(0.0, time.time() - oldest_at))
        metrics.bus_up.set(self._publisher is not None and self._publisher.connection.up)
        metrics.set_bus_state(str(self._event_bus()["state"]), states=BUS_STATES)
        metrics.set_waits_for(self._breakers.states())
        metrics.set_lag(self._lag)
        metrics.set_state(self.state, states=tuple(NodeState))
        return metrics.text()

    def _resource(self) -> dict[str, str]:
        """Return who this is, in OpenTelemetry's names."""
        identity = self._definition.identity
        return {
            "service.name": identity.name,
            "service.namespace": identity.event_domain,
            "service.version": ".".join(map(str, identity.version)),
            "service.instance.id": self._presence.instance_id,
        }


def _new_metrics(definition: NodeDefinition, *, instance_id: str) -> NodeMetrics:
    # Imported here: importing the runtime stays cheap for who only calls process().
    from nodesmith.runtime.metrics import NodeMetrics

    identity = definition.identity
    metrics = NodeMetrics(
        node=identity.name,
        domain=identity.event_domain,
        version=".".join(map(str, identity.version)),
        instance=instance_id,
        group=identity.dot_path,
    )
    metrics.begin_at_zero(
        topics=definition.work_topics,
        answers=definition.answer_topics,
        operations=[operation.name for operation in definition.operations],
    )
    return metrics
