"""The bus as a node sees it: records leave here, and here it is known whether a broker can be reached.

Importing this module needs the Kafka client, confluent-kafka, and raises ImportError without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from nodesmith import naming
from nodesmith.errors import BusUnavailableError, InputError, PublishError
from nodesmith.runtime.client import ClientSettings, SettingValue, common_settings
from nodesmith.runtime.connection import Connection
from nodesmith.runtime.outbox import Outbox, OutboxBounds, OutboxMetrics, Until
from nodesmith.runtime.outbox.client import PERMANENT
from nodesmith.runtime.permissions import DENIED
from nodesmith.runtime.threads import in_thread
from nodesmith.runtime.trouble import Trouble
from nodesmith.runtime.wire_record import WireRecord, to_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from nodesmith.runtime.envelope import OutgoingRecord
    from nodesmith.runtime.spans import Tracing

__all__ = ["EventPublisher"]

logger = logging.getLogger("nodesmith.runtime.bus")

ACKNOWLEDGE_SECONDS = 10.0
CLOSE_SECONDS = 5.0
_POLL_SECONDS = 0.1
_PROBE_SECONDS = 2.0
_QUEUE_FULL_PAUSE_SECONDS = 0.02
# The Kafka client's own default of `message.max.bytes`.
_MAX_RECORD_BYTES = 1_000_000

_Acknowledgement = asyncio.Future[None]


class SendMetrics(OutboxMetrics, Protocol):
    """What a publisher counts."""

    def record_sent(self, topic: str, seconds: float, error_type: str = ...) -> None:
        """Count a record that did not go through the outbox."""


class EventPublisher:
    """Publishes records, through an outbox on disk where it was given one.

    `source` names the sender in every record's headers. `client_settings` are librdkafka's own (`security.protocol`,
    `sasl.username`, ...) and win over ours. `tracing` makes a span of each record that leaves, where it is set. It belongs to the event loop it was started in.
    """

    def __init__(
        self,
        *,
        bootstrap_servers: str,
        source: str,
        client_settings: Mapping[str, SettingValue] | None = None,
    ) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.source = source
        self.outbox: Outbox | None = None
        self.tracing: Tracing | None = None
        self._metrics: SendMetrics | None = None
        self._settings = common_settings(
            bootstrap_servers=bootstrap_servers, source=source, extra=client_settings
        )
        self.connection = Connection(
            servers=bootstrap_servers, probe=self._probe, trouble=Trouble(self._settings)
        )
        self._producer: Producer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_polling = Event()
        self._broken = Event()
        # Of what was given to the client and has not come back; its own count has other requests in it.
        self._unanswered: set[_Acknowledgement] = set()
        self._acknowledged: deque[tuple[_Acknowledgement, KafkaError | None]] = deque()
        self._settling = False

    @property
    def client_settings(self) -> ClientSettings:
        """The settings that other clients of the same node share; what they complain of is noted in one place."""
        return {**self._settings, "error_cb": self._client_error}

    def keep_outbox(self, folder: Path, *, bounds: OutboxBounds, metrics: SendMetrics) -> None:
        """Send through an outbox in `folder` from `start()` on; called before it, on the event loop."""
        self._metrics = metrics
        self.outbox = Outbox(
            folder=folder,
            bounds=bounds,
            client_settings={
                "enable.idempotence": True,
                "linger.ms": 0,
                "topic.metadata.propagation.max.ms": 5_000,  # later than that a topic is said not to exist
                **self._settings,
                "message.timeout.ms": 0,  # the client never gives up: a later record would overtake
                "error_cb": self._client_error,
            },
            is_up=lambda: self.connection.up,
            metrics=metrics,
        )

    async def start(self) -> None:
        """Make the producer and begin to look for a broker; returns at once, whether one is there or not."""
        if self._producer is not None:
            return
        self._loop = asyncio.get_running_loop()
        try:
            self._producer = Producer(self._producer_settings())
        except (KafkaException, ValueError, TypeError) as error:
            raise InputError(f"the Kafka client refuses its settings: {error}") from error
        self._poll_in_thread(self._producer)
        self.connection.watch()
        if self.outbox is not None:
            await self.outbox.start()

    def to_wire(self, record: OutgoingRecord | WireRecord) -> WireRecord:
        """Return a record as the bytes that are sent.

        Raises PublishError, not worth a retry, where it is no JSON or larger than the client may send.
        """
        wire = record if isinstance(record, WireRecord) else to_wire(record, source=self.source)
        most = int(self._settings.get("message.max.bytes", _MAX_RECORD_BYTES))
        if wire.size > most:
            raise PublishError(
                f"a record for {wire.topic} has {wire.size:,} bytes, and {most:,} may be sent",
                topic=wire.topic,
                retryable=False,
                fix="send less in one record: a reference to it, or several records",
            )
        return wire

    async def publish(self, record: OutgoingRecord | WireRecord, *, until: Until = "stored") -> None:
        """Return when `record` is safe in the outbox on disk, from which it leaves whatever happens.

        With `until="acknowledged"` return when the broker has it, however long that takes.
        Raises PublishError for a record that cannot be sent or not be kept now, OutboxFullError among them. Where there is
        no outbox, as in a program that is no node, this is `send()`.
        """
        if self.tracing is None or isinstance(record, WireRecord):  # bytes have their trace context already
            await self._publish(record, until=until)
            return
        with self.tracing.sending(record) as traced:
            await self._publish(traced, until=until)

    async def send(self, record: OutgoingRecord | WireRecord) -> None:
        """Return when the broker has acknowledged `record`, which is kept nowhere: for what is worth nothing later.

        Raises BusUnavailableError where no broker can be reached and PublishError where it did not acknowledge, or where
        the record is no JSON; all within ACKNOWLEDGE_SECONDS and a little. A record may still arrive after either: at least once, not exactly.
        """
        if self.tracing is None or isinstance(record, WireRecord):
            await self._send(record)
            return
        with self.tracing.sending(record) as traced:
            await self._send(traced)

    async def _publish(self, record: OutgoingRecord | WireRecord, *, until: Until) -> None:
        if self.outbox is None or self._producer is None:
            await self._send(record)
        else:
            await self.outbox.put(self.to_wire(record), until=until)

    async def _send(self, record: OutgoingRecord | WireRecord) -> None:
        producer = self._producer
        if producer is None:
            raise BusUnavailableError(
                f"the publisher of {self.source} is not started", fix="await start() first"
            )
        if self._broken.is_set():
            producer = self._renew(producer)
        wire = self.to_wire(record)
        future: _Acknowledgement = asyncio.get_running_loop().create_future()
        started = time.monotonic()
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS + 5):
                while not self._enqueue(producer, wire, future):  # noqa: ASYNC110 - the queue wakes nobody
                    await asyncio.sleep(_QUEUE_FULL_PAUSE_SECONDS)
                await future
        except TimeoutError as error:
            self._count(wire, started, "TimeoutError")
            raise self._failure(wire, "no acknowledgement in time") from error
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            self._count(wire, started, cause.name())
            raise self._failure(wire, cause.str(), retryable=cause.code() not in PERMANENT) from error
        self._count(wire, started)

    def _count(self, wire: WireRecord, started: float, error_type: str = "") -> None:
        if self._metrics is not None:
            self._metrics.record_sent(wire.topic, time.monotonic() - started, error_type)

    async def close(self, seconds: float = CLOSE_SECONDS) -> int:
        """Wait for acknowledgements for at most `seconds`, and return how many records were dropped.

        Whoever still waits in `send()` gets an error for a dropped record; what is in the outbox stays there. May be
        called again.
        """
        producer, self._producer = self._producer, None
        await self.connection.stop()
        if producer is None:
            return 0
        if self.outbox is not None and (kept := await self.outbox.close(seconds)):
            logger.warning("%s records are not sent yet; they stay in the outbox for the next start", kept)
        try:
            async with asyncio.timeout(seconds + 1):
                left = await in_thread(self._flush, producer, 0 if self.outbox else seconds)
        except TimeoutError:
            left = len(self._unanswered)
        self._stop_polling.set()
        if left:
            logger.warning("%s records were not acknowledged and are dropped", left)
        return left

    def _producer_settings(self) -> ClientSettings:
        return {
            "enable.idempotence": True,
            "linger.ms": 0,
            "message.timeout.ms": int(ACKNOWLEDGE_SECONDS * 1000),
            **self._settings,
            "error_cb": self._client_error,
        }

    def _poll_in_thread(self, producer: Producer) -> None:
        self._stop_polling = Event()
        polling = (producer, self._stop_polling)
        Thread(target=self._poll, args=polling, daemon=True, name="nodesmith poll").start()

    def _renew(self, broken: Producer) -> Producer:
        """Return a new producer for one that can send nothing any more, as after a broker has denied it its id."""
        self._stop_polling.set()
        broken.purge()
        with contextlib.suppress(KafkaException):
            broken.poll(0)  # whoever waits for it is told
        self._broken.clear()
        self._producer = producer = Producer(self._producer_settings())
        self._poll_in_thread(producer)
        return producer

    def _enqueue(self, producer: Producer, record: WireRecord, future: _Acknowledgement) -> bool:
        self._unanswered.add(future)
        try:
            producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                on_delivery=partial(self._delivered, future),
            )
        except BufferError:
            self._unanswered.discard(future)
            return False
        except KafkaException:
            self._unanswered.discard(future)
            raise
        return True

    def _failure(
        self, record: WireRecord, reason: str, *, retryable: bool = True
    ) -> BusUnavailableError | PublishError:
        if retryable and not self.connection.up:
            return self.connection.error()
        return PublishError(
            f"the broker did not acknowledge a record for {record.topic}: {reason}",
            topic=record.topic,
            retryable=retryable,
        )

    # From here on: called in threads of the client.

    def _poll(self, producer: Producer, stop: Event) -> None:
        while not stop.is_set():
            try:
                producer.poll(_POLL_SECONDS)
            except KafkaException as error:  # one that is fatal, which does not come by error_cb
                self._broken.set()
                self._client_error(error.args[0])
                stop.wait(_POLL_SECONDS)  # it may say so again at once

    def _flush(self, producer: Producer, seconds: float) -> int:
        """Block until all is acknowledged or `seconds` have passed; drop what is left and return how many records that is."""
        producer.flush(seconds)
        left = len(self._unanswered)
        producer.purge()
        producer.poll(0)
        return left

    def _delivered(self, future: _Acknowledgement, error: KafkaError | None, _message: Message) -> None:
        """Keep the acknowledgement; the loop is woken once for all that came in one burst."""
        self._unanswered.discard(future)
        self._acknowledged.append((future, error))
        if not self._settling:
            self._settling = True
            self._wake(self._settle)

    def _settle(self) -> None:
        self._settling = False
        while self._acknowledged:
            future, error = self._acknowledged.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(KafkaException(error))

    def _client_error(self, error: KafkaError) -> None:
        if error.code() in DENIED:
            self._wake(self.connection.denied.set)
        else:
            self.connection.trouble.note(error)
            self._wake(self.connection.doubt)

    def _probe(self) -> None:
        if (producer := self._producer) is not None:
            producer.list_topics(naming.HEARTBEAT_TOPIC, timeout=_PROBE_SECONDS)

    def _wake(self, callback: Callable[..., object], *arguments: object) -> None:
        assert self._loop is not None, "the producer is made after the loop is known"
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *arguments)
