"""A node as the runtime sees it: who it is, what it does, what it needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

from nodesmith import naming
from nodesmith.errors import UnknownOperationError
from nodesmith.runtime.context import Command, command_at_hand
from nodesmith.runtime.operations import Operation, Outcome, Subscription, carry_out, fit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from pydantic import BaseModel

    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.identity import NodeIdentity


class BusClient(Protocol):
    """Something of the node's own that works over the bus, such as an orchestrator's steps."""

    @property
    def command_topics(self) -> tuple[str, ...]:
        """Where it sends commands to other nodes."""

    @property
    def answer_topics(self) -> tuple[str, ...]:
        """Where it reads what came of them."""

    async def join(self, publisher: EventPublisher) -> None:
        """Start to work; called once, before the first command is taken."""

    async def leave(self) -> None:
        """Stop; called when no handler runs any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDefinition:
    """Everything the runtime has to know of a node.

    `resources` is entered when the node starts and left when it stops, so it may be entered again: an attempt that fails
    is repeated. `subscriptions` are events of others that run an operation, `bus_clients` work over the bus themselves.
    """

    identity: NodeIdentity
    operations: tuple[Operation, ...]
    resources: AbstractAsyncContextManager[Any] | None = None
    subscriptions: tuple[Subscription, ...] = ()
    bus_clients: tuple[BusClient, ...] = ()

    @property
    def has_state_machine(self) -> bool:
        """Whether a state machine guards an operation."""
        return any(operation.has_state_machine for operation in self.operations)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What this node can do for others, such as `crm.upsert-customer`: its operations, whoever does them."""
        domain = self.identity.event_domain
        return tuple(f"{domain}.{naming.kebab(operation.name)}" for operation in self.operations)

    @property
    def answer_topics(self) -> tuple[str, ...]:
        """Where records about this node's work leave."""
        identity = self.identity
        has_intents = any(operation.intents for operation in self.operations)
        intents = (identity.intent_topic,) if has_intents else ()
        # Only the runtime's own workflows tell their story: they are the bus clients of an orchestrator.
        tells_workflows = identity.archetype == "orchestrator" and self.bus_clients
        workflows = (identity.workflow_topic,) if tells_workflows else ()
        answers = (identity.completed_topic, identity.failed_topic, identity.dead_letter_topic)
        return (*answers, *intents, *workflows)

    @property
    def work_topics(self) -> tuple[str, ...]:
        """Where its work arrives: its commands, and the events it subscribes to."""
        subscribed = dict.fromkeys(subscription.topic for subscription in self.subscriptions)
        return (self.identity.command_topic, *subscribed)

    @property
    def read_topics(self) -> tuple[str, ...]:
        """All it reads of others' records: its work, and the answers to commands of its own."""
        return (*self.work_topics, *self.awaited_topics)

    @property
    def awaited_topics(self) -> tuple[str, ...]:
        """Where it reads nothing but the answers to commands of its own."""
        work = self.work_topics
        awaited = (topic for client in self.bus_clients for topic in client.answer_topics)
        return tuple(dict.fromkeys(topic for topic in awaited if topic not in work))

    @property
    def written_topics(self) -> tuple[str, ...]:
        """All it writes: what came of its work, and commands to other nodes."""
        sent = (topic for client in self.bus_clients for topic in client.command_topics)
        return tuple(dict.fromkeys((*self.answer_topics, *sent)))

    def operation(self, name: str) -> Operation:
        """Return the operation of that name; raise UnknownOperationError that says which there are."""
        for operation in self.operations:
            if operation.name == name:
                return operation
        names = [operation.name for operation in self.operations]
        near = get_close_matches(name, names, n=1)
        raise UnknownOperationError(
            f"{self.identity.name} has no operation '{name}'; it has {', '.join(names)}",
            fix=f"did you mean '{near[0]}'?" if near else "",
        )

    async def run(self, operation: str, payload: Mapping[str, object] | BaseModel) -> BaseModel:
        """Run one operation and return its output, with or without a bus.

        Raises UnknownOperationError, InvalidPayloadError, TimeoutError, and whatever the handler raises. Intents that a
        reducer's handler asks for are published only for commands that came over the bus.
        """
        known = self.operation(operation)
        request = fit(known.input_model, payload, operation=operation)
        command = Command(operation=operation, event_type=self.identity.event_type(operation))
        return (await self.handle(command, request)).output

    async def handle(self, command: Command, request: BaseModel) -> Outcome:
        """Carry out `command` with `request`, which is of its operation's input model."""
        operation = self.operation(command.operation)
        with command_at_hand(_with_deadline(command, operation)):
            return await carry_out(operation, request)


def _with_deadline(command: Command, operation: Operation) -> Command:
    if operation.timeout_seconds is None:
        return command
    deadline = datetime.now(UTC) + timedelta(seconds=operation.timeout_seconds)
    return replace(command, deadline=deadline)
