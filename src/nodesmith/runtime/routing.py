"""What a record asks of a node: which of its operations, with what, and whom to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic_core import to_json

from nodesmith import naming
from nodesmith.errors import RecordTooLargeError, UnknownOperationError
from nodesmith.runtime.answers import Question, question
from nodesmith.runtime.context import Command, Origin
from nodesmith.runtime.operations import fit_json
from nodesmith.runtime.typed_envelope import typed_reader

if TYPE_CHECKING:
    from pydantic import BaseModel

    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.envelope import Envelope
    from nodesmith.runtime.operations import Operation
    from nodesmith.runtime.records import IncomingRecord
    from nodesmith.runtime.typed_envelope import Reader

# CloudEvents' own name for what the envelope calls `event_type`.
_CE_TYPE = "ce_type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A record that was understood: what to do, with what, and whom to answer."""

    question: Question
    command: Command
    operation: Operation
    request: BaseModel

    @property
    def lane(self) -> str | None:
        """What keeps it in order: the value of the operation's key, else the record's key, else nothing."""
        key = self.operation.key
        if key is None:
            return self.command.key
        value = getattr(self.request, key, None)
        if type(value) is str or type(value) is UUID:
            return str(value)
        return str(self.request.model_dump(mode="json", include={key})[key])


class Routing:
    """Finds the operation of a node that a record asks for: by its topic and the envelope's event type."""

    def __init__(self, definition: NodeDefinition, *, command_max_bytes: int) -> None:
        self._definition = definition
        self._identity = definition.identity
        self._command_max_bytes = command_max_bytes
        self._operations = {naming.kebab(operation.name): operation for operation in definition.operations}
        self._subscriptions = {
            (subscription.topic, subscription.event_type): subscription.operation
            for subscription in definition.subscriptions
        }
        self._subscribed_topics = frozenset(topic for topic, _ in self._subscriptions)
        start = f"{self._identity.dot_path}."
        self._by_event_type: dict[str | None, Operation] = {
            start + name: operation for name, operation in self._operations.items()
        }
        self._only = definition.operations[0] if len(definition.operations) == 1 else None
        self._event_types = {
            operation.name: self._identity.event_type(operation.name) for operation in definition.operations
        }
        self._readers: dict[tuple[str, bool], Reader] = {}

    def check_size(self, record: IncomingRecord) -> None:
        """Raise RecordTooLargeError where a record has more bytes than a command may have."""
        size = len(record.value or b"")
        if size > self._command_max_bytes:
            raise RecordTooLargeError(
                f"the record has {size} bytes, and a command may have {self._command_max_bytes}",
                fix="send less, or set COMMAND_MAX_BYTES",
            )

    def read_at_once(self, record: IncomingRecord) -> Asked | None:
        """Return what is asked, read in one pass; None where `understand` has to look, for whatever reason.

        The operation is taken from the header `ce_type`, and has to be the one the envelope names.
        """
        said, subscribed = record.headers.get(_CE_TYPE), record.topic in self._subscribed_topics
        operation = self._named(record.topic, said, subscribed=subscribed) or (
            None if subscribed else self._only
        )
        if operation is None or record.value is None:
            return None
        reader = self._readers.get((operation.name, subscribed))
        if reader is None:
            reader = self._readers[operation.name, subscribed] = typed_reader(
                operation.input_model, lenient=subscribed
            )
        envelope = reader(record.value)
        if envelope is None:
            return None
        if self._named(record.topic, envelope.event_type, subscribed=subscribed) is not operation:
            return None
        envelope_id = envelope.envelope_id or record.own_id
        correlation_id = envelope.correlation_id or envelope_id
        return self._asked(
            record, operation, envelope.payload, envelope_id=envelope_id, correlation_id=correlation_id
        )

    def _named(self, topic: str, event_type: str | None, *, subscribed: bool) -> Operation | None:
        if subscribed:
            name = self._subscriptions.get((topic, event_type or ""))
            return self._definition.operation(name) if name else None
        return self._only if event_type is None else self._by_event_type.get(event_type)

    def understand(self, record: IncomingRecord, envelope: Envelope) -> Asked | None:
        """Return what is asked, None for another operation's event on a subscribed topic; raise OperationError."""
        subscribed = record.topic in self._subscribed_topics
        if not subscribed:
            operation = self._operation(envelope.event_type)
        elif name := self._subscriptions.get((record.topic, envelope.event_type or "")):
            operation = self._definition.operation(name)
        else:
            return None
        payload = to_json(envelope.payload)
        request = fit_json(operation.input_model, payload, operation=operation.name, lenient=subscribed)
        return self._asked(
            record,
            operation,
            request,
            envelope_id=envelope.envelope_id,
            correlation_id=envelope.correlation_id,
        )

    def _asked(
        self,
        record: IncomingRecord,
        operation: Operation,
        request: BaseModel,
        *,
        envelope_id: UUID,
        correlation_id: UUID,
    ) -> Asked:
        event_type = self._event_types[operation.name]
        command = Command(
            operation=operation.name,
            event_type=event_type,
            envelope_id=envelope_id,
            correlation_id=correlation_id,
            key=record.key_text,
            origin=Origin(
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                timestamp=record.timestamp,
            ),
        )
        answer = question(
            record, event_type=event_type, envelope_id=envelope_id, correlation_id=correlation_id
        )
        return Asked(question=answer, command=command, operation=operation, request=request)

    def _operation(self, event_type: str | None) -> Operation:
        start = f"{self._identity.dot_path}."
        if event_type is None and len(self._operations) == 1:
            return next(iter(self._operations.values()))
        if event_type is not None and event_type.startswith(start):
            operation = self._operations.get(event_type.removeprefix(start))
            if operation is not None:
                return operation
        asked = f"event_type '{event_type}'" if event_type else "a command without event_type"
        known = ", ".join(start + name for name in self._operations)
        raise UnknownOperationError(f"{self._identity.name} has no operation for {asked}; it has {known}")
