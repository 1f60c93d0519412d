"""Topics, messages and operations of nodes, as AsyncAPI has them.

A node's own topics are described by what it takes and gives there. Those of others it calls or listens to are described
by the same messages where the other is in the document, and otherwise by what this node sends and reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.asyncapi_schemas import Schemas, reference
from nodesmith.contract.asyncapi_wire import (
    DISCOVERY,
    DISCOVERY_CHANNELS,
    DISCOVERY_OPERATIONS,
    ENVELOPES,
    OBJECT,
    WORKFLOW_EVENTS,
    channel_reference,
    dead_letter_document,
    message_document,
    message_reference,
    operation_document,
)
from nodesmith.naming import event_domain, kebab

if TYPE_CHECKING:
    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.onex_document import Document
    from nodesmith.contract.operations import OperationContract
    from nodesmith.contract.reducer import SubscriptionContract
    from nodesmith.contract.workflow import CallContract

KAFKA_BINDING = "0.5.0"


class Channels:
    """The channels, operations and schemas of a document, collected node by node: first `own`, then `others` of each."""

    def __init__(self) -> None:
        """Begin with none."""
        self.channels: dict[str, Document] = {}
        self.messages: dict[str, dict[str, Document]] = {}
        self.operations: dict[str, Document] = {}
        self.schemas = Schemas()

    def own(self, node: NodeContract, *, prefix: str) -> None:
        """Add the topics that belong to a node, and what it does with them; `prefix` tells its classes from others'."""
        self.schemas.found |= ENVELOPES
        self._commands(node, prefix)
        self._dead_letters(node)
        self._intents(node, prefix)
        self._workflow_events(node)
        self._discovery()

    def others(self, node: NodeContract, *, prefix: str) -> None:
        """Add what a node does with topics of others."""
        for event in node.reducer.events if node.reducer else ():
            if event.subscription:
                self._subscription(node, event.operation, event.subscription, prefix)
        dot_path = dot_path_of(node)
        for step in node.orchestrator.steps if node.orchestrator else ():
            name = kebab(step.name)
            self._call(f"{dot_path}.call.{name}", step.call, step.request, step.answer, step.key, prefix)
            self._failures_of(node, step.call)
            if step.undo and step.undo_request:
                self._call(f"{dot_path}.undo.{name}", step.undo, step.undo_request, None, None, prefix)
                self._failures_of(node, step.undo)

    # -- a node's own topics

    def _commands(self, node: NodeContract, prefix: str) -> None:
        topics, dot_path, name = node.topics, dot_path_of(node), node.spec.name
        self._channel(topics.command, f"Commands to {name}.")
        self._channel(topics.completed, f"Results of {name}.")
        self._channel(topics.failed, f"Commands that {name} could not do.")
        for operation in node.operations:
            request = self._message(
                topics.command,
                operation.event_type,
                kind="command",
                payload=self.schemas.model(operation.input, prefix=prefix),
                event_type=_asked(operation, is_only=len(node.operations) == 1),
                key=operation.key,
            )
            answer = self._message(
                topics.completed,
                f"{operation.event_type}.completed",
                summary=f"The result of `{operation.name}`.",
                payload=self.schemas.model(operation.output, prefix=prefix),
                event_type={"const": f"{operation.event_type}.completed"},
            )
            self.operations[f"{dot_path}.handle.{kebab(operation.name)}"] = {
                "action": "receive",
                "channel": channel_reference(topics.command),
                "summary": operation.description,
                "messages": [request],
                "reply": {"channel": channel_reference(topics.completed), "messages": [answer]},
                **_group(node),
            }
        failure = self._failure(topics.failed, f"{dot_path}.failed")
        self.operations[f"{dot_path}.fail"] = operation_document("send", topics.failed, [failure])

    def _dead_letters(self, node: NodeContract) -> None:
        topic, name = node.topics.dead_letter, f"{dot_path_of(node)}.dead-letter"
        self._channel(
            topic, f"What {node.spec.name} could not deal with, kept until somebody has looked at it."
        )
        self.messages[topic][name] = dead_letter_document()
        kept = operation_document("send", topic, [message_reference(topic, name)])
        self.operations[f"{dot_path_of(node)}.keep"] = kept

    def _intents(self, node: NodeContract, prefix: str) -> None:
        intents = node.reducer.intents if node.reducer else ()
        if not intents:
            return
        topic = node.topics.intent
        self._channel(topic, f"What {node.spec.name} wants done.")
        messages = [
            self._message(
                topic,
                intent.event_type,
                summary=intent.description or f"{node.spec.name} wants `{intent.name}` done.",
                payload=self.schemas.model(intent.model, prefix=prefix),
                event_type={"const": intent.event_type},
            )
            for intent in intents
        ]
        self.operations[f"{dot_path_of(node)}.intend"] = operation_document("send", topic, messages)

    def _workflow_events(self, node: NodeContract) -> None:
        if node.orchestrator is None:
            return
        topic, of = node.topics.workflow, node.orchestrator.operation.event_type
        self._channel(topic, f"The story of the workflows of {node.spec.name}.")
        messages = []
        for moment, (name, schema) in WORKFLOW_EVENTS.items():
            self.schemas.found.setdefault(name, schema)
            event_type: Document = {"const": f"{of}.{moment}"}
            messages.append(
                self._message(topic, f"{of}.{moment}", payload=reference(name), event_type=event_type)
            )
        self.operations[f"{dot_path_of(node)}.tell"] = operation_document("send", topic, messages)

    def _discovery(self) -> None:
        self.schemas.found |= DISCOVERY
        self.operations |= DISCOVERY_OPERATIONS
        self.channels |= DISCOVERY_CHANNELS

    # -- topics of others

    def _subscription(
        self,
        node: NodeContract,
        operation: OperationContract,
        subscription: SubscriptionContract,
        prefix: str,
    ) -> None:
        topic, event_type = subscription.topic, subscription.event_type
        name = f"{dot_path_of(node)}.listen.{kebab(operation.name)}"
        message = self._known(topic, event_type)
        if message is None:
            self._channel(topic, f"Results that {node.spec.name} listens to.")
            payload = self.schemas.model(operation.input, prefix=prefix, leniently=True)
            message = self._message(topic, name, payload=payload, event_type={"const": event_type})
        self.operations[name] = {
            "action": "receive",
            "channel": channel_reference(topic),
            "summary": operation.description,
            "messages": [message],
            **_group(node),
        }

    def _call(
        self,
        name: str,
        call: CallContract,
        request: ModelContract,
        answer: ModelContract | None,
        key: str | None,
        prefix: str,
    ) -> None:
        """Add a command that a workflow sends, and the answer it waits for; None stands for an answer it does not read."""
        event_type = f"{call.event_type}.completed"
        command = self._known(call.command_topic, call.event_type)
        answered = self._known(call.completed_topic, event_type)
        if command is None or answered is None:
            self._channel(call.command_topic, f"Commands to {call.node}.")
            self._channel(call.completed_topic, f"Results of {call.node}.")
            command = self._message(
                call.command_topic,
                name,
                payload=self.schemas.model(request, prefix=prefix),
                event_type={"const": call.event_type},
                key=key,
            )
            answered = self._message(
                call.completed_topic,
                f"{name}.answer",
                payload=self.schemas.model(answer, prefix=prefix) if answer else OBJECT,
                event_type={"const": event_type},
            )
        self.operations[name] = {
            **operation_document("send", call.command_topic, [command]),
            "reply": {"channel": channel_reference(call.completed_topic), "messages": [answered]},
        }

    def _failures_of(self, node: NodeContract, call: CallContract) -> None:
        name = f"{event_domain(call.domain)}.{kebab(call.node)}"
        self._channel(call.failed_topic, f"Commands that {call.node} could not do.")
        failure = self._failure(call.failed_topic, f"{name}.failed")
        heard = operation_document("receive", call.failed_topic, [failure])
        self.operations[f"{dot_path_of(node)}.hear-failures.{name}"] = heard

    # -- parts

    def _channel(self, topic: str, summary: str) -> None:
        messages = self.messages.setdefault(topic, {})
        self.channels.setdefault(topic, {"address": topic, "summary": summary, "messages": messages})

    def _known(self, topic: str, message: str) -> Document | None:
        return message_reference(topic, message) if message in self.messages.get(topic, {}) else None

    def _failure(self, topic: str, name: str) -> Document:
        event_type: Document = {"pattern": "[.]failed$"}
        return self._message(topic, name, payload=reference("Failure"), event_type=event_type)

    def _message(
        self,
        topic: str,
        name: str,
        *,
        payload: Document,
        event_type: Document,
        summary: str = "",
        kind: str = "event",
        key: str | None = None,
    ) -> Document:
        """Add a message to a topic unless it is there, and return a reference to it."""
        message: Document = {
            **({"summary": summary} if summary else {}),
            **message_document(kind, payload, event_type),
            **(_key(key) if key else {}),
        }
        self.messages[topic].setdefault(name, message)
        return message_reference(topic, name)


def dot_path_of(node: NodeContract) -> str:
    """Return `crm.customer-writer`: the start of the node's event types, and its consumer group."""
    return f"{event_domain(node.spec.domain)}.{kebab(node.spec.name)}"


def _asked(operation: OperationContract, *, is_only: bool) -> Document:
    """Return what a command's `event_type` says: it may be left out where the node has one operation."""
    return {"enum": [operation.event_type, None]} if is_only else {"const": operation.event_type}


def _group(node: NodeContract) -> Document:
    group: Document = {"type": "string", "const": dot_path_of(node)}
    return {"bindings": {"kafka": {"groupId": group, "bindingVersion": KAFKA_BINDING}}}


def _key(field: str) -> Document:
    key: Document = {
        "type": "string",
        "description": f"The value of `{field}`: equal ones are kept in order.",
    }
    return {"bindings": {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}}}
