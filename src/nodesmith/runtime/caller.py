"""Send a command to a node and wait for its result."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from nodesmith import naming
from nodesmith.errors import CommandFailedError, InvalidEnvelopeError, NoAnswerError
from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.envelope import Envelope, OutgoingRecord, make_envelope, read_envelope
from nodesmith.runtime.topic_reader import TopicReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from typing import Self

    from confluent_kafka import Message

    from nodesmith.runtime.spans import CallSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A node's result for a command."""

    domain: str
    node: str
    operation: str
    payload: Mapping[str, Any]
    event_type: str
    correlation_id: UUID
    envelope_id: UUID
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    topic: str
    envelope: Envelope
    headers: Mapping[str, str]


class CommandCaller:
    """A client of other nodes on the bus.

    Any number of calls may be under way at once. Results are read from the node's result topics, whose ends are looked
    up before the command is sent, so that none can be missed; a result is known by the id of the command it answers.
    """

    def __init__(
        self, *, source: str, publisher: EventPublisher | None = None, bootstrap_servers: str = ""
    ) -> None:
        """Put the client together, on a publisher that runs, or on one of its own to `bootstrap_servers`.

        With one of its own it is used as an asynchronous context manager, which starts and closes that publisher.
        """
        self._owns_publisher = publisher is None
        self._publisher = publisher or EventPublisher(bootstrap_servers=bootstrap_servers, source=source)
        self._source = source
        self._waiting: dict[UUID, asyncio.Future[_Reply]] = {}
        self._reader = TopicReader(client_settings=self._publisher.client_settings, receive=self._receive)

    async def __aenter__(self) -> Self:
        """Start the publisher where it is our own."""
        if self._owns_publisher:
            await self._publisher.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close."""
        await self.close()

    async def call(
        self,
        domain: str,
        node: str,
        operation: str,
        payload: Mapping[str, Any],
        *,
        timeout_seconds: float,
        key: str | None = None,
        envelope_id: UUID | None = None,
        correlation_id: UUID | None = None,
    ) -> Answer:
        """Send `payload` to an operation and return its result; everything together takes at most `timeout_seconds`.

        Raises CommandFailedError where the node answers a failure, NoAnswerError where nobody answers, BusUnavailableError
        and PublishError where the command could not be sent.
        """
        started = time.monotonic()
        envelope = make_envelope(
            payload,
            event_type=naming.event_type(domain=domain, name=node, operation=operation),
            source=self._source,
            envelope_id=envelope_id or uuid4(),
            correlation_id=correlation_id,
        )
        record = OutgoingRecord(
            topic=naming.command_topic(domain=domain, name=node), envelope=envelope, key=key
        )
        answers = _answer_topics(domain, node)
        with self._span(envelope) as span:
            await self._reader.listen(answers, seconds=timeout_seconds)
            reply = await self._ask(record, deadline=started + timeout_seconds)
            if reply is None:
                raise _no_answer(domain, node, operation, timeout_seconds)
            if span is not None:
                span.answered_by(reply.headers)
            if reply.topic != answers[0]:
                raise _failure(reply.envelope.payload)
        return Answer(
            domain=domain,
            node=node,
            operation=operation,
            payload=reply.envelope.payload,
            event_type=reply.envelope.event_type or "",
            correlation_id=reply.envelope.correlation_id,
            envelope_id=envelope.envelope_id,
            seconds=time.monotonic() - started,
        )

    async def close(self) -> None:
        """Stop listening; calls that are under way end with NoAnswerError."""
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(NoAnswerError("the bus was left before an answer came"))
        await self._reader.close()
        if self._owns_publisher:
            await self._publisher.close()

    def _span(self, envelope: Envelope) -> AbstractContextManager[CallSpan | None]:
        """Return the span of a call, where spans are made."""
        tracing = self._publisher.tracing
        return contextlib.nullcontext() if tracing is None else tracing.calling(envelope)

    async def _ask(self, record: OutgoingRecord, *, deadline: float) -> _Reply | None:
        """Publish a command and return the reply, or None when the deadline has passed."""
        question = record.envelope.envelope_id
        reply: asyncio.Future[_Reply] = asyncio.get_running_loop().create_future()
        self._waiting[question] = reply
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                # Not through the outbox: a command whose asker has given up must not leave later.
                await self._publisher.send(record)
                return await reply
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(question, None)

    def _receive(self, message: Message) -> None:
        """Hand a record to the call it answers, in the reader's thread; others' answers pass by."""
        try:
            envelope = read_envelope(message.value())
        except InvalidEnvelopeError:
            return
        question = envelope.parent_envelope_id
        reply = self._waiting.get(question) if question else None
        if reply is None:
            return

        def settle() -> None:
            if not reply.done():
                headers = read_message(message).headers
                reply.set_result(_Reply(topic=message.topic() or "", envelope=envelope, headers=headers))

        with contextlib.suppress(RuntimeError):  # the loop has closed
            reply.get_loop().call_soon_threadsafe(settle)


def _answer_topics(domain: str, node: str) -> tuple[str, str]:
    return naming.completed_topic(domain=domain, name=node), naming.failed_topic(domain=domain, name=node)


def _failure(payload: Mapping[str, Any]) -> CommandFailedError:
    return CommandFailedError(
        str(payload.get("message", "the node gave no message")),
        error_type=str(payload.get("error_type", "unknown")),
        retryable=payload.get("retryable") is True,
        attempts=int(payload.get("attempts", 1)),
    )


def _no_answer(domain: str, node: str, operation: str, seconds: float) -> NoAnswerError:
    name = f"{domain}/{node}" if domain else node
    return NoAnswerError(
        f"nobody answered '{operation}' of node '{name}' within {seconds:g} s",
        fix="see with `nodesmith nodes` whether it runs, or wait longer",
    )
