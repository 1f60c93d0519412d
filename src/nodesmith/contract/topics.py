"""The topics a node takes records from and sends records to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import (
    HEARTBEAT_TOPIC,
    INTROSPECTION_TOPIC,
    REQUEST_INTROSPECTION_TOPIC,
    command_topic,
    completed_topic,
    dead_letter_topic,
    failed_topic,
    intent_topic,
    workflow_topic,
)
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from nodesmith.contract.reducer import ReducerContract
    from nodesmith.contract.workflow import OrchestratorContract
    from nodesmith.spec.model import NodeSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsContract:
    """A node's topics. `intent` and `workflow` are empty where it has none.

    `subscribe` and `publish` are all it uses while it runs; both are empty for a node that is not on the bus.
    """

    command: str
    completed: str
    failed: str
    dead_letter: str
    intent: str = ""
    workflow: str = ""
    subscribe: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()


def topics_contract(
    node: NodeSpec, *, reducer: ReducerContract | None, orchestrator: OrchestratorContract | None
) -> TopicsContract:
    """Return the topics of a node."""
    name = {"domain": node.domain, "name": node.name}
    command, completed, failed = command_topic(**name), completed_topic(**name), failed_topic(**name)
    intent = intent_topic(**name) if reducer and reducer.intents else ""
    workflow = workflow_topic(**name) if orchestrator else ""
    subscribe = [command]
    dead_letter = dead_letter_topic(**name)
    publish = [completed, failed, dead_letter]
    if reducer:
        subscribe += [subscription.topic for subscription in reducer.subscriptions]
    if orchestrator:
        calls = list(orchestrator.calls)
        subscribe += [topic for call in calls for topic in (call.completed_topic, call.failed_topic)]
        publish += [call.command_topic for call in calls]
    publish += [topic for topic in (intent, workflow) if topic]
    return TopicsContract(
        command=command,
        completed=completed,
        failed=failed,
        dead_letter=dead_letter,
        intent=intent,
        workflow=workflow,
        subscribe=_once([*subscribe, REQUEST_INTROSPECTION_TOPIC]) if node.event_bus else (),
        publish=_once([*publish, INTROSPECTION_TOPIC, HEARTBEAT_TOPIC]) if node.event_bus else (),
    )


def _once(topics: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(topics))
