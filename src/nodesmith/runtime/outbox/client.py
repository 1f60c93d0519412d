"""The Kafka producer of an outbox, and the thread that hears what became of each record."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Message, Producer

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodesmith.runtime.client import ClientSettings
    from nodesmith.runtime.outbox.line import Entry

_POLL_SECONDS = 0.1
_JOIN_SECONDS = 1.0

# Sending the same record again would end the same way.
PERMANENT = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.INVALID_RECORD,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
# What is said of a whole batch, of which perhaps one record is to blame. The client says "invalid" of all records of a batch
# that a broker refuses for their times, too, which may pass: one alone is told the reason.
OF_A_BATCH = frozenset(
    {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.INVALID_RECORD}
)
# A topic may be made at any time, so its records wait.
NO_TOPIC = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})  # noqa: SLF001 - public name

Report = tuple["Entry", KafkaError | None]


class OutboxClient:
    """A producer that never gives up a record by itself, so that a later one of its key cannot overtake it.

    `reported` is called in a thread of its own with what became of records, many at a time.
    """

    def __init__(self, settings: ClientSettings, *, reported: Callable[[list[Report]], None]) -> None:
        self._reported = reported
        self._reports: deque[Report] = deque()
        self._stop = Event()
        self._failed = Event()
        self._complain: Callable[[KafkaError], None] | None = settings.get("error_cb")
        self._producer = Producer({**settings, "error_cb": self._client_error})
        self._thread = Thread(target=self._poll, daemon=True, name="nodesmith outbox poll")
        self._thread.start()

    @property
    def failed(self) -> bool:
        """Whether this client can send nothing any more, and a new one is needed."""
        return self._failed.is_set()

    def produce(self, entry: Entry) -> bool:
        """Hand a record over and return True, or False where the client has no room now; raise KafkaException."""
        record = entry.record
        assert record is not None, "an entry is read from the file before it leaves"
        try:
            self._producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                on_delivery=partial(self._delivered, entry),
            )
        except BufferError:
            return False
        return True

    def stop(self) -> None:
        """Drop what is not acknowledged, of which nothing is heard any more; never blocks for long."""
        self._stop.set()
        self._thread.join(_JOIN_SECONDS)
        self._producer.purge()
        with suppress(KafkaException):
            self._producer.poll(0)

    def _poll(self) -> None:
        while not self._stop.is_set():
            try:
                self._producer.poll(_POLL_SECONDS)
            except KafkaException as error:  # an error that is fatal comes this way, and not by error_cb
                self._client_error(cause_of(error))
                self._stop.wait(_POLL_SECONDS)  # it may say so again at once
            if self._reports:
                reports = []
                while self._reports:
                    reports.append(self._reports.popleft())
                self._reported(reports)

    def _delivered(self, entry: Entry, error: KafkaError | None, _message: Message) -> None:
        if error is not None and (error.fatal() or error.code() == KafkaError._FATAL):  # noqa: SLF001 - public name
            self._failed.set()
        self._reports.append((entry, error))

    def _client_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - public name
            self._failed.set()
        if self._complain is not None:
            self._complain(error)


def cause_of(error: KafkaException) -> KafkaError:
    """Return the client's error inside an exception."""
    cause: KafkaError = error.args[0]
    return cause
