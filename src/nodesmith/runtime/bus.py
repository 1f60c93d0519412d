"""The bus as a node sees it: records leave here, and here it is known whether a broker can be reached.

Importing this module needs the Kafka client, confluent-kafka, and raises ImportError without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from pydantic_core import PydanticSerializationError

from nodesmith import naming
from nodesmith.errors import BusUnavailableError, InputError, PublishError
from nodesmith.runtime.client import ClientSettings, SettingValue, common_settings
from nodesmith.runtime.connection import Connection
from nodesmith.runtime.envelope import OutgoingRecord, record_headers
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["EventPublisher"]

logger = logging.getLogger("nodesmith.runtime.bus")

ACKNOWLEDGE_SECONDS = 10.0
CLOSE_SECONDS = 5.0
_POLL_SECONDS = 0.1
_PROBE_SECONDS = 2.0
_QUEUE_FULL_PAUSE_SECONDS = 0.02

# Sending the same record again would end the same way.
_PERMANENT = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.INVALID_RECORD,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)

_Acknowledgement = asyncio.Future[None]


class EventPublisher:
    """Publishes records and waits until the broker has acknowledged each of them.

    `source` names the sender in every record's headers. `client_settings` are librdkafka's own (`security.protocol`,
    `sasl.username`, ...) and win over ours. It belongs to the event loop it was started in.
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
        self.connection = Connection(servers=bootstrap_servers, probe=self._probe)
        self._settings = common_settings(
            bootstrap_servers=bootstrap_servers, source=source, extra=client_settings
        )
        self._producer: Producer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._polling: Thread | None = None
        self._stop_polling = Event()
        self._acknowledged: deque[tuple[_Acknowledgement, KafkaError | None]] = deque()
        self._settling = False

    @property
    def client_settings(self) -> ClientSettings:
        """The settings that other clients of the same node share."""
        return dict(self._settings)

    async def start(self) -> None:
        """Make the producer and begin to look for a broker; returns at once, whether one is there or not."""
        if self._producer is not None:
            return
        self._loop = asyncio.get_running_loop()
        try:
            self._producer = Producer(self._producer_settings())
        except (KafkaException, ValueError, TypeError) as error:
            raise InputError(f"the Kafka client refuses its settings: {error}") from error
        self._stop_polling.clear()
        self._polling = Thread(target=self._poll, args=(self._producer,), daemon=True, name="nodesmith poll")
        self._polling.start()
        self.connection.watch()

    async def publish(self, record: OutgoingRecord) -> None:
        """Return when the broker has acknowledged `record`.

        Raises BusUnavailableError where no broker can be reached and PublishError where it did not acknowledge, or where
        the record is no JSON; all within ACKNOWLEDGE_SECONDS and a little. A record may still arrive after either: at least once, not exactly.
        """
        producer = self._producer
        if producer is None:
            raise BusUnavailableError(
                f"the publisher of {self.source} is not started", fix="await start() first"
            )
        future: _Acknowledgement = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS + 5):
                while not self._enqueue(producer, record, future):  # noqa: ASYNC110 - the queue wakes nobody
                    await asyncio.sleep(_QUEUE_FULL_PAUSE_SECONDS)
                await future
        except TimeoutError as error:
            raise self._failure(record, "no acknowledgement in time") from error
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            raise self._failure(record, cause.str(), retryable=cause.code() not in _PERMANENT) from error
        except PydanticSerializationError as error:
            raise PublishError(
                f"a record for {record.topic} cannot be written as JSON: {error}",
                topic=record.topic,
                retryable=False,
            ) from error

    async def close(self, seconds: float = CLOSE_SECONDS) -> int:
        """Wait for acknowledgements for at most `seconds`, drop the rest, and return how many were dropped.

        Whoever still waits in `publish()` gets an error for a dropped record. May be called again.
        """
        producer, self._producer = self._producer, None
        await self.connection.stop()
        if producer is None:
            return 0
        try:
            async with asyncio.timeout(seconds + 1):
                left = await in_thread(_flush, producer, seconds)
        except TimeoutError:
            left = len(producer)
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

    def _enqueue(self, producer: Producer, record: OutgoingRecord, future: _Acknowledgement) -> bool:
        try:
            producer.produce(
                record.topic,
                value=record.envelope.to_json(),
                key=record.key,
                headers=record_headers(record, source=self.source),
                on_delivery=partial(self._delivered, future),
            )
        except BufferError:
            return False
        return True

    def _failure(
        self, record: OutgoingRecord, reason: str, *, retryable: bool = True
    ) -> BusUnavailableError | PublishError:
        if retryable and not self.connection.up:
            return self.connection.error()
        return PublishError(
            f"the broker did not acknowledge a record for {record.topic}: {reason}",
            topic=record.topic,
            retryable=retryable,
        )

    # From here on: called in threads of the client.

    def _poll(self, producer: Producer) -> None:
        while not self._stop_polling.is_set():
            producer.poll(_POLL_SECONDS)

    def _delivered(self, future: _Acknowledgement, error: KafkaError | None, _message: Message) -> None:
        """Keep the acknowledgement; the loop is woken once for all that came in one burst."""
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
        # "1/1 brokers are down" says less than what came before it.
        reason = "" if error.code() == KafkaError._ALL_BROKERS_DOWN else error.str()  # noqa: SLF001 - public name
        self._wake(self.connection.doubt, reason)

    def _probe(self) -> None:
        if (producer := self._producer) is not None:
            producer.list_topics(naming.HEARTBEAT_TOPIC, timeout=_PROBE_SECONDS)

    def _wake(self, callback: Callable[..., object], *arguments: object) -> None:
        assert self._loop is not None, "the producer is made after the loop is known"
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *arguments)


def _flush(producer: Producer, seconds: float) -> int:
    """Block until all is acknowledged or `seconds` have passed; drop and return what is left."""
    left = producer.flush(seconds)
    if left:
        producer.purge()
        producer.poll(0)
    return left
