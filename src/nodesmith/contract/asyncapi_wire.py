"""What is the same in every node's AsyncAPI document: the envelope, the headers, failures, discovery, workflow events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.asyncapi_patterns import TRACEPARENT
from nodesmith.contract.asyncapi_schemas import SCALARS, reference
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, REQUEST_INTROSPECTION_TOPIC

if TYPE_CHECKING:
    from nodesmith.contract.onex_document import Document

UUID = reference("uuid")
MOMENT = reference("datetime")
TEXT: Document = {"type": "string"}
COUNT: Document = {"type": "integer", "minimum": 0}
OBJECT: Document = {"type": "object"}
DIGITS: Document = {"type": "string", "pattern": "^[0-9]+$"}
TEXTS: Document = {"type": "array", "items": TEXT}

_OR_TEXT: Document = {"type": ["string", "null"]}


def _or_null(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


def _record(description: str, required: Document, optional: Document | None = None) -> Document:
    return {
        "description": description,
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


# Of a command only the payload has to be sent; an answer has everything.
COMMAND_ENVELOPE = _record(
    "A command as an ONEX event envelope. What is left out or null is filled in.",
    {"payload": OBJECT},
    {
        "envelope_id": _or_null(UUID),
        "envelope_timestamp": _or_null(MOMENT),
        "correlation_id": _or_null(UUID),
        "event_type": _OR_TEXT,
        "source_tool": _OR_TEXT,
        "parent_envelope_id": _or_null(UUID),
    },
)
EVENT_ENVELOPE = _record(
    "An event as an ONEX event envelope. An answer's `parent_envelope_id` is the `envelope_id` of what it answers.",
    {
        "payload": OBJECT,
        "envelope_id": UUID,
        "envelope_timestamp": MOMENT,
        "correlation_id": UUID,
        "event_type": TEXT,
        "source_tool": TEXT,
    },
    {"parent_envelope_id": UUID},
)
EVENT_HEADERS = _record(
    "The attributes of CloudEvents and the trace context of W3C.",
    {
        "ce_specversion": {"const": "1.0"},
        "ce_id": UUID,
        "ce_type": TEXT,
        "ce_source": TEXT,
        "content-type": {"const": "application/json"},
        "traceparent": {"type": "string", "pattern": TRACEPARENT},
    },
)
COMMAND_HEADERS: Document = {
    "description": "None is needed; an answer goes on with the trace of `traceparent`.",
    "type": "object",
    "properties": {"traceparent": TEXT},
}

# Beside the headers the record came with, whatever they are.
DEAD_LETTER_HEADERS = _record(
    "Why a record was not dealt with, and where it was. Its own headers stand beside these.",
    {
        "ns-dlq-error-type": TEXT,
        "ns-dlq-error-message": TEXT,
        "ns-dlq-attempts": DIGITS,
        "ns-dlq-first-failure": MOMENT,
        "ns-dlq-last-failure": MOMENT,
        "ns-dlq-topic": TEXT,
        "ns-dlq-partition": DIGITS,
        "ns-dlq-offset": DIGITS,
        "ns-dlq-replays": DIGITS,
        "ns-dlq-record-id": UUID,
    },
    {"ns-dlq-cut-from": DIGITS},
)

FAILURE = _record(
    "Why a command was not done, and whether the same command may succeed later.",
    {
        "error_type": TEXT,
        "message": TEXT,
        "retryable": {"type": "boolean"},
        "attempts": {"type": "integer", "minimum": 1},
    },
)

ENVELOPES: dict[str, Document] = {
    "CommandEnvelope": COMMAND_ENVELOPE,
    "EventEnvelope": EVENT_ENVELOPE,
    "EventHeaders": EVENT_HEADERS,
    "CommandHeaders": COMMAND_HEADERS,
    "DeadLetterHeaders": DEAD_LETTER_HEADERS,
    "Failure": FAILURE,
}


def channel_reference(topic: str) -> Document:
    """Return a reference to a channel, which is called like its topic."""
    return {"$ref": f"#/channels/{topic}"}


def message_reference(topic: str, name: str) -> Document:
    """Return a reference to a message of a channel."""
    return {"$ref": f"#/channels/{topic}/messages/{name}"}


def operation_document(action: str, topic: str, messages: list[Document]) -> Document:
    """Return an operation that sends or receives some of a channel's messages."""
    return {"action": action, "channel": channel_reference(topic), "messages": messages}


def message_document(kind: str, payload: Document, event_type: Document) -> Document:
    """Return a message, a `command` or an `event`, around a payload; `event_type` is what its type has to be."""
    # Of several operations a command has to name the one it means.
    is_asked = kind == "command" and "const" in event_type
    parts: Document = {
        "properties": {"payload": payload, **({"event_type": event_type} if event_type else {})},
        **({"required": ["event_type"]} if is_asked else {}),
    }
    around = reference("CommandEnvelope" if kind == "command" else "EventEnvelope")
    return {
        "traits": [{"$ref": f"#/components/messageTraits/{kind}"}],
        "payload": {"allOf": [around, parts]},
    }


def dead_letter_document() -> Document:
    """Return the message of a dead-letter topic: a record's own bytes, which need be no JSON."""
    return {
        "summary": "A record that was not dealt with, as it came.",
        "traits": [{"$ref": "#/components/messageTraits/deadLetter"}],
        "payload": {"description": "The bytes of the record."},
    }


def _trait(headers: str) -> Document:
    return {
        "headers": reference(headers),
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/correlation_id"},
    }


MESSAGE_TRAITS: dict[str, Document] = {
    "command": _trait("CommandHeaders"),
    "event": _trait("EventHeaders"),
    "deadLetter": {"headers": reference("DeadLetterHeaders"), "contentType": "application/octet-stream"},
}

_VERSION = {
    "type": "object",
    "properties": {"major": COUNT, "minor": COUNT, "patch": COUNT},
    "required": ["major", "minor", "patch"],
}
_WHO: Document = {
    "node_id": UUID,
    "node_type": {"enum": ["effect", "compute", "reducer", "orchestrator"]},
    "node_version": _VERSION,
    "correlation_id": UUID,
    "timestamp": MOMENT,
}

INTROSPECTION = _record(
    "What an instance of a node is, can do, listens to, and where its health is served.",
    {
        **_WHO,
        "node_name": TEXT,
        "declared_capabilities": OBJECT,
        "discovered_capabilities": OBJECT,
        "endpoints": {"type": "object", "additionalProperties": TEXT},
        "reason": TEXT,
        "metadata": OBJECT,
        "event_bus": OBJECT,
    },
)
HEARTBEAT = _record(
    "That an instance of a node is alive; its state and how long that holds are in the headers `ns-...`.",
    {**_WHO, "uptime_seconds": {"type": "number", "minimum": 0}, "active_operations_count": COUNT},
)
INTROSPECTION_REQUEST: Document = {
    "description": "Who is asked to introduce itself: all nodes, those of a name, or one instance.",
    "type": "object",
    "properties": {"node_name": _OR_TEXT, "node_id": _OR_TEXT},
}

DISCOVERY: dict[str, Document] = {
    "Introspection": INTROSPECTION,
    "Heartbeat": HEARTBEAT,
    "IntrospectionRequest": INTROSPECTION_REQUEST,
}


def _discovery_message(topic: str) -> str:
    return f"platform.{topic.split('.')[3]}"


def _discovery_channel(topic: str, schema: str, summary: str) -> Document:
    name = _discovery_message(topic)
    is_request = topic == REQUEST_INTROSPECTION_TOPIC
    message = message_document(
        "command" if is_request else "event", reference(schema), {} if is_request else {"const": name}
    )
    return {"address": topic, "summary": summary, "messages": {name: message}}


DISCOVERY_CHANNELS: dict[str, Document] = {
    topic: _discovery_channel(topic, schema, summary)
    for topic, schema, summary in (
        (INTROSPECTION_TOPIC, "Introspection", "Nodes introduce themselves."),
        (HEARTBEAT_TOPIC, "Heartbeat", "Nodes say that they are alive."),
        (REQUEST_INTROSPECTION_TOPIC, "IntrospectionRequest", "Nodes are asked who they are."),
    )
}


def _discovery_operation(action: str, topic: str, summary: str) -> Document:
    message = message_reference(topic, _discovery_message(topic))
    return {**operation_document(action, topic, [message]), "summary": summary}


# What every node does, in the same way.
DISCOVERY_OPERATIONS: dict[str, Document] = {
    "platform.announce": _discovery_operation(
        "send", INTROSPECTION_TOPIC, "A node introduces itself when it starts, stops, changes or is asked."
    ),
    "platform.beat": _discovery_operation("send", HEARTBEAT_TOPIC, "A node says again that it is alive."),
    "platform.introduce": {
        **_discovery_operation(
            "receive", REQUEST_INTROSPECTION_TOPIC, "A node is asked, and introduces itself."
        ),
        "reply": {
            "channel": channel_reference(INTROSPECTION_TOPIC),
            "messages": [message_reference(INTROSPECTION_TOPIC, _discovery_message(INTROSPECTION_TOPIC))],
        },
    },
}

_RUN: Document = {"workflow": TEXT, "workflow_id": UUID}
_STEP: Document = {**_RUN, "step": TEXT, "node": TEXT, "domain": TEXT, "operation": TEXT}
_ATTEMPT: Document = {"attempt": COUNT}
_ERROR: Document = {"error_type": TEXT, "message": TEXT}

# The last part of a workflow event's type -> its schema's name, and the schema.
WORKFLOW_EVENTS: dict[str, tuple[str, Document]] = {
    "workflow-started": ("WorkflowStarted", _record("A workflow has begun.", _RUN)),
    "workflow-completed": (
        "WorkflowCompleted",
        _record("A workflow is done, with these steps in the order they finished.", {**_RUN, "steps": TEXTS}),
    ),
    "workflow-failed": (
        "WorkflowFailed",
        _record(
            "A workflow failed: what was taken back, and what was not.",
            {
                **_RUN,
                "failed_step": TEXT,
                **_ERROR,
                "undone": TEXTS,
                "not_undone": {"type": "object", "additionalProperties": TEXT},
                "kept": TEXTS,
                "unknown": TEXTS,
            },
        ),
    ),
    "stage-started": ("StageStarted", _record("A step has begun.", _STEP)),
    "stage-completed": ("StageCompleted", _record("A step is done.", {**_STEP, **_ATTEMPT})),
    "stage-failed": ("StageFailed", _record("A step failed.", {**_STEP, **_ATTEMPT, **_ERROR})),
}

# All that stands in every document in the same words, by where it stands.
FIXED: dict[str, dict[str, Document]] = {
    "channels": DISCOVERY_CHANNELS,
    "operations": DISCOVERY_OPERATIONS,
    "messageTraits": MESSAGE_TRAITS,
    "schemas": {**SCALARS, **ENVELOPES, **DISCOVERY, **dict(WORKFLOW_EVENTS.values())},
}
