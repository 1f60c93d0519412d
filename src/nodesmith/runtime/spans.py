"""Spans of a node by OpenTelemetry's messaging conventions (1.44); imported only where somebody wants them.

A record's `process` span is a child of the span that sent it, and linked to it; each record that leaves has a `send`
span, whose context it carries. A call that waits for its answer has a span around both.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from opentelemetry import context, propagate, trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from nodesmith import __version__, naming
from nodesmith.runtime.trace_context import TRACEPARENT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from opentelemetry.trace import Span, SpanContext, TracerProvider

    from nodesmith.runtime.answers import Question
    from nodesmith.runtime.envelope import Envelope, OutgoingRecord
    from nodesmith.runtime.records import IncomingRecord

Attributes = dict[str, "str | int | bool"]

SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
# Signs of life; a trace of each would bury those of the work.
_UNTRACED = frozenset(
    {naming.HEARTBEAT_TOPIC, naming.INTROSPECTION_TOPIC, naming.REQUEST_INTROSPECTION_TOPIC}
)


class Tracing:
    """Makes the spans of one node, or of a program that calls nodes; `close` sends what is left of them."""

    def __init__(
        self, provider: TracerProvider, *, group: str = "", close: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Make them with `provider`; `group` is the node's consumer group."""
        self._tracer = trace.get_tracer("nodesmith", __version__, tracer_provider=provider, schema_url=SCHEMA)
        self._group = group
        self._close = close

    async def close(self) -> None:
        """Send what is left, within a few seconds, where the provider is our own."""
        if self._close is not None:
            await self._close()

    def process(self, record: IncomingRecord, question: Question, *, operation: str) -> ProcessSpan:
        """Begin the span of a record's processing, current from now on in this task and what it starts."""
        incoming = propagate.extract(record.headers, context.Context())
        origin = trace.get_current_span(incoming).get_span_context()
        span = self._tracer.start_span(
            f"process {record.topic}",
            incoming,
            SpanKind.CONSUMER,
            attributes=self._process_attributes(record, question, operation),
            links=[Link(origin)] if origin.is_valid else [],
        )
        return ProcessSpan(self, span, incoming)

    @contextmanager
    def sending(self, record: OutgoingRecord) -> Iterator[OutgoingRecord]:
        """Give `record` with the context of a span that lasts until the block ends.

        A record that carries a context already keeps it: its span is linked to that.
        """
        if record.topic in _UNTRACED:
            yield record
            return
        span, traced = self.begin_sending(record)
        try:
            yield traced
        except BaseException as error:
            fail(span, error)
            raise
        finally:
            span.end()

    def begin_sending(self, record: OutgoingRecord) -> tuple[Span, OutgoingRecord]:
        """Return the span of a record that leaves, and the record with its context."""
        given = TRACEPARENT in record.headers
        origin = _origin(record.headers) if given else None
        span = self._tracer.start_span(
            f"send {record.topic}",
            kind=SpanKind.CLIENT if given else SpanKind.PRODUCER,
            attributes=_send_attributes(record),
            links=[Link(origin)] if origin is not None and origin.is_valid else [],
        )
        if given:
            return span, record
        carried: dict[str, str] = {}
        propagate.inject(carried, trace.set_span_in_context(span))
        return span, replace(record, headers={**record.headers, **carried})

    @contextmanager
    def calling(self, envelope: Envelope) -> Iterator[CallSpan]:
        """Give the span of a call, current until the block ends: from the command to its answer."""
        event_type = envelope.event_type or ""
        attributes: Attributes = {
            "nodesmith.event_type": event_type,
            "messaging.message.conversation_id": str(envelope.correlation_id),
        }
        with self._tracer.start_as_current_span(
            f"call {event_type}",
            kind=SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield CallSpan(span)
            except BaseException as error:
                fail(span, error)
                raise

    def _process_attributes(self, record: IncomingRecord, question: Question, operation: str) -> Attributes:
        attributes: Attributes = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": record.topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.consumer.group.name": self._group,
            "messaging.kafka.offset": record.offset,
            "messaging.message.conversation_id": str(question.correlation_id),
        }
        if question.envelope_id is not None:
            attributes["messaging.message.id"] = str(question.envelope_id)
        if operation:
            attributes["nodesmith.operation"] = operation
        if record.key_text is not None:
            attributes["messaging.kafka.message.key"] = record.key_text
        if record.value is None:
            attributes["messaging.kafka.message.tombstone"] = True
        return attributes


class ProcessSpan:
    """The span of one record's processing, and those of its answers."""

    __slots__ = ("_answers", "_span", "_token", "_tracing")

    def __init__(self, tracing: Tracing, span: Span, incoming: context.Context) -> None:
        """Make it the current one."""
        self._tracing = tracing
        self._span = span
        self._answers: list[Span] = []
        self._token = context.attach(trace.set_span_in_context(span, incoming))

    def context(self) -> tuple[str, str]:
        """Return `traceparent` and `tracestate` of what comes of it."""
        return written(self._span.get_span_context())

    def failed(self, error: BaseException) -> None:
        """Take note of how it failed."""
        fail(self._span, error)

    def note(self, event: str, facts: Mapping[str, str | int]) -> None:
        """Add something that happened."""
        self._span.add_event(event, dict(facts))

    def sending(self, record: OutgoingRecord) -> OutgoingRecord:
        """Return an answer with the context of a span of its own, which ends with this one."""
        span, traced = self._tracing.begin_sending(record)
        self._answers.append(span)
        return traced

    def end(self) -> None:
        """End it; the answers are acknowledged by now, or given up."""
        for answer in self._answers:
            answer.end()
        self._span.end()
        context.detach(self._token)


class CallSpan:
    """The span of a call."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def answered_by(self, headers: Mapping[str, str]) -> None:
        """Link it to the answer."""
        answer = _origin(headers)
        if answer.is_valid:
            self._span.add_link(answer)


def fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed, with the error a node answered where it is one."""
    span.set_attribute("error.type", str(getattr(error, "error_type", type(error).__name__)))
    span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, str(error) or type(error).__name__))


def written(span: SpanContext) -> tuple[str, str]:
    """Return a span's context as `traceparent` and `tracestate`."""
    return (
        f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}",
        span.trace_state.to_header(),
    )


def _origin(headers: Mapping[str, str]) -> SpanContext:
    """Return the span that a record says it comes from; not a valid one where it says none."""
    return trace.get_current_span(propagate.extract(headers, context.Context())).get_span_context()


def _send_attributes(record: OutgoingRecord) -> Attributes:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": record.topic,
        "messaging.message.id": str(record.envelope.envelope_id),
        "messaging.message.conversation_id": str(record.envelope.correlation_id),
    }
