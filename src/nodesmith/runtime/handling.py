"""The record at hand: what is logged with everything said meanwhile, and carried on by everything that leaves.

It is set while a record is worked on, also around its handler, whether that is awaited or runs in a worker thread.
"""

from __future__ import annotations

import time
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING

from nodesmith.runtime.trace_context import new_traceparent, trace_headers

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self
    from uuid import UUID

    from nodesmith.runtime.answers import Question
    from nodesmith.runtime.envelope import OutgoingRecord
    from nodesmith.runtime.metric_families import Cells, Times
    from nodesmith.runtime.records import IncomingRecord
    from nodesmith.runtime.spans import ProcessSpan, Tracing
    from nodesmith.runtime.stats import Stats

_current: ContextVar[Handling | None] = ContextVar("nodesmith_handling", default=None)


class Handling:
    """The work on one record, from taking it up to the acknowledgement of its answer: entered, timed and traced."""

    __slots__ = (
        "_error_type",
        "_record",
        "_seconds",
        "_span",
        "_started",
        "_stats",
        "_token",
        "_tracing",
        "operation",
        "question",
        "traceparent",
        "tracestate",
    )

    def __init__(
        self,
        record: IncomingRecord,
        question: Question,
        *,
        operation: str,
        seconds: Cells[Times],
        stats: Stats,
        tracing: Tracing | None,
    ) -> None:
        """Take note of it; `operation` is empty where the record asks for nothing this node can do."""
        self.question = question
        self.operation = operation
        self.traceparent = question.traceparent
        self.tracestate = question.tracestate
        self._record = record
        self._seconds = seconds
        self._stats = stats
        self._tracing = tracing
        self._span: ProcessSpan | None = None
        self._error_type = ""
        self._started = 0.0
        self._token: Token[Handling | None] | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._started = time.perf_counter()
        self._token = _current.set(self)
        if self._tracing is not None:
            self._span = self._tracing.process(self._record, self.question, operation=self.operation)
            self.traceparent, self.tracestate = self._span.context()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, with whatever it came to."""
        if error is not None:
            self.failed(error)
        if self._span is not None:
            self._span.end()
        if self._token is not None:
            _current.reset(self._token)
        seconds = time.perf_counter() - self._started
        self._seconds(self._record.topic, self.operation, self._error_type).observe(seconds)
        self._stats.answered(self.operation, seconds, self._error_type)

    @property
    def has_span(self) -> bool:
        """Whether spans are made."""
        return self._span is not None

    @property
    def correlation_id(self) -> UUID:
        """The story it belongs to."""
        return self.question.correlation_id

    @property
    def envelope_id(self) -> UUID | None:
        """The command's own id, None where it could not be read."""
        return self.question.envelope_id

    def failed(self, error: BaseException) -> None:
        """Take note of how it failed."""
        self._error_type = type(error).__name__
        if self._span is not None:
            self._span.failed(error)

    def note(self, event: str, **facts: str | int) -> None:
        """Add something that happened to the span, where there is one."""
        if self._span is not None:
            self._span.note(event, facts)

    def sending(self, record: OutgoingRecord) -> OutgoingRecord:
        """Return an answer with the trace context of its own span, where there are spans; it ends with the work."""
        return record if self._span is None else self._span.sending(record)


def current_handling() -> Handling | None:
    """Return the work on the record at hand, None where there is none."""
    return _current.get()


def outgoing_trace_headers() -> dict[str, str]:
    """Return the trace context of what leaves now: that of the record at hand, else a new trace."""
    handling = _current.get()
    if handling is None:
        return trace_headers(new_traceparent(), "")
    return trace_headers(handling.traceparent, handling.tracestate)
