"""Read topics from now on, without a consumer group, in one thread that owns the client.

For whoever asks on the bus and waits for answers: what matters is that the reading starts *before* the question is sent,
so the partitions' ends are looked up and assigned first. A topic that does not exist yet has no end; it is looked for
until it appears and then read from its beginning, since all of it came after the question.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from nodesmith.errors import BusUnavailableError, in_words
from nodesmith.runtime.threads import in_thread
from nodesmith.runtime.trouble import FIND_SECONDS, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from confluent_kafka import KafkaError, Message

    from nodesmith.runtime.client import ClientSettings
    from nodesmith.runtime.diagnosis import Obstacle

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
BATCH = 500
LOOK_AGAIN_SECONDS = 0.2
LOOK_FOR_NEW_PARTITIONS_SECONDS = 30.0
ONE_REQUEST_SECONDS = 1.0
CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """Topics somebody wants read, and the future that is set when they are."""

    topics: frozenset[str]
    before: int
    deadline: float
    heard: asyncio.Future[None]


class TopicReader:
    """Hands every record of the topics it listens to to `receive`, which is called in the reader's own thread."""

    def __init__(self, *, client_settings: ClientSettings, receive: Callable[[Message], None]) -> None:
        self._settings = dict(client_settings)
        self._receive = receive
        self._wishes: SimpleQueue[_Wish] = SimpleQueue()
        self._stop = Event()
        self._thread: Thread | None = None
        self._read: set[str] = set()
        self._ends: dict[tuple[str, int], int] = {}
        self._trouble = Trouble(client_settings)
        self._complain: Callable[[KafkaError], None] | None = client_settings.get("error_cb")

    async def listen(self, topics: Collection[str], *, seconds: float, before: int = 0) -> None:
        """Return when `topics` are being read, each partition from `before` records ahead of its end.

        Raises BusUnavailableError when the brokers have not answered within `seconds`.
        """
        if self._read.issuperset(topics):
            return
        if self._thread is None:
            self._thread = Thread(target=self._run, name="nodesmith topic reader", daemon=True)
            self._thread.start()
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        deadline = time.monotonic() + seconds
        self._wishes.put(_Wish(topics=frozenset(topics), before=before, deadline=deadline, heard=heard))
        try:
            # The thread keeps the deadline; this one only guards against a client call that never returns.
            await asyncio.wait_for(heard, seconds + 2 * ONE_REQUEST_SECONDS + FIND_SECONDS)
        except TimeoutError:
            raise bus_unavailable(self._servers) from None
        self._read.update(topics)

    def was_there(self, message: Message) -> bool:
        """Return whether a record was there before its topic was listened to, and so is only read back."""
        place = str(message.topic()), int(message.partition() or 0)
        return int(message.offset() or 0) < self._ends.get(place, 0)

    async def close(self) -> None:
        """Stop reading; the thread is given a few seconds to leave and cannot keep the process alive."""
        self._stop.set()
        if self._thread is not None:
            await in_thread(self._thread.join, CLOSE_SECONDS)

    def _run(self) -> None:
        consumer = Consumer(self._client_settings())
        assignment = _Assignment(consumer, self._settings, self._ends)
        wishes: list[_Wish] = []
        try:
            while not self._stop.is_set():
                wishes += self._new_wishes()
                try:
                    wishes = self._fulfil(wishes, assignment, consumer)
                    assignment.look_again()
                    self._hand_over(consumer, seconds=POLL_SECONDS)
                except Exception as error:  # noqa: BLE001 - whatever it was, the others' answers still have to be heard
                    logger.error("reading was disturbed: %s", in_words(error))  # noqa: TRY400 - no frames for a broker's fault
                    self._stop.wait(ONE_REQUEST_SECONDS)
        finally:
            consumer.close()

    def _client_settings(self) -> ClientSettings:
        return {
            **self._settings,
            "group.id": f"nodesmith-reader-{uuid.uuid4()}",  # the client wants one; no group is ever joined
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",  # a log cut short: what comes twice is told apart by its ids
            "fetch.wait.max.ms": 100,  # a partition added while a fetch is held waits no longer than this
            "error_cb": self._note_error,
        }

    def _note_error(self, error: KafkaError) -> None:
        self._trouble.note(error)
        if self._complain is not None:
            self._complain(error)

    def _new_wishes(self) -> list[_Wish]:
        wishes = []
        with contextlib.suppress(Empty):
            while True:
                wishes.append(self._wishes.get_nowait())
        return wishes

    def _fulfil(self, wishes: list[_Wish], assignment: _Assignment, consumer: Consumer) -> list[_Wish]:
        """Try each wish once, and return those that have to wait."""
        waiting = []
        for wish in wishes:
            try:
                assignment.add(wish.topics, before=wish.before, deadline=wish.deadline)
            except KafkaException as error:
                self._hand_over(consumer, seconds=0)  # error_cb is called in here, and knows the reason
                self._trouble.note(error.args[0])
                if time.monotonic() < wish.deadline:
                    waiting.append(wish)
                else:
                    _settle(wish.heard, bus_unavailable(self._servers, obstacle=self._trouble.find()))
            else:
                _settle(wish.heard, None)
        return waiting

    def _hand_over(self, consumer: Consumer, *, seconds: float) -> None:
        """Wait shortly for one record, then take those that are already there with it."""
        first = consumer.poll(seconds)
        if first is None:
            return
        for message in (first, *consumer.consume(BATCH, 0)):
            error = message.error()
            if error is None:
                self._receive(message)
            else:
                self._note_error(error)

    @property
    def _servers(self) -> str:
        return str(self._settings["bootstrap.servers"])


class _Assignment:
    """Which partitions are read, and which topics still have to appear."""

    def __init__(
        self, consumer: Consumer, client_settings: ClientSettings, ends: dict[tuple[str, int], int]
    ) -> None:
        self._consumer = consumer
        self._settings = client_settings
        self._ends = ends
        self._partitions: dict[str, int] = {}
        self._looked = time.monotonic()

    def add(self, topics: Collection[str], *, before: int, deadline: float) -> None:
        """Start reading those topics that are not yet read; raise KafkaException where the brokers do not answer."""
        new = [topic for topic in topics if topic not in self._partitions]
        if not new:
            return
        seconds = _one_request(deadline)
        counts = {topic: self._count(topic, seconds) for topic in new}
        places = [TopicPartition(topic, number) for topic in new for number in range(counts[topic])]
        spans = _spans(self._settings, places, beginnings=before > 0, seconds=seconds)
        self._ends.update({(each.topic, each.partition): each.end for each in spans})
        self._assign(_before_ends(spans, before))
        self._partitions.update(counts)

    def look_again(self) -> None:
        """Read topics and partitions that have appeared since, from their beginning."""
        absent = [topic for topic, count in self._partitions.items() if count == 0]
        pause = LOOK_AGAIN_SECONDS if absent else LOOK_FOR_NEW_PARTITIONS_SECONDS
        if not self._partitions or time.monotonic() - self._looked < pause:
            return
        with contextlib.suppress(KafkaException):  # brokers away: looked for again after the next pause
            for topic in absent or list(self._partitions):
                known, count = self._partitions[topic], self._count(topic, ONE_REQUEST_SECONDS)
                self._assign([TopicPartition(topic, number, 0) for number in range(known, count)])
                self._partitions[topic] = max(known, count)
        self._looked = time.monotonic()

    def _count(self, topic: str, seconds: float) -> int:
        """Return how many partitions a topic has, 0 where it does not exist.

        Asked by the consumer itself: it then knows whom to fetch from, and does not find that out a second later.
        """
        metadata = self._consumer.list_topics(topic, timeout=seconds).topics[topic]
        return 0 if metadata.error is not None else len(metadata.partitions)

    def _assign(self, partitions: list[TopicPartition]) -> None:
        if partitions:
            logger.debug("reading %s", partitions)
            self._consumer.incremental_assign(partitions)


class _Span(NamedTuple):
    """What there is of a partition; without its beginning only its end."""

    topic: str
    partition: int
    start: int
    end: int


def near_ends(
    client_settings: ClientSettings, partitions: list[TopicPartition], *, before: int, seconds: float
) -> list[TopicPartition]:
    """Return `partitions`, each at the offset `before` records ahead of its end; raise KafkaException on no answer."""
    spans = _spans(client_settings, partitions, beginnings=before > 0, seconds=seconds)
    return _before_ends(spans, before)


def _before_ends(spans: list[_Span], before: int) -> list[TopicPartition]:
    return [TopicPartition(each.topic, each.partition, max(each.start, each.end - before)) for each in spans]


def _spans(
    client_settings: ClientSettings, partitions: list[TopicPartition], *, beginnings: bool, seconds: float
) -> list[_Span]:
    """Ask for all at once and over a connection of its own: behind a held fetch each question would wait for it."""
    if not partitions:
        return []
    admin = AdminClient(client_settings)
    topics = TopicCollection(list({partition.topic for partition in partitions}))
    # Asked first, since a new client that does not know the partitions' leaders yet took three seconds to find out.
    for described in admin.describe_topics(topics, request_timeout=seconds).values():
        described.result()

    def offsets(spec: OffsetSpec) -> list[int]:
        answers = admin.list_offsets(dict.fromkeys(partitions, spec), request_timeout=seconds)
        return [answers[partition].result().offset for partition in partitions]

    ends = offsets(OffsetSpec.latest())  # type: ignore[no-untyped-call]
    starts = offsets(OffsetSpec.earliest()) if beginnings else ends  # type: ignore[no-untyped-call]
    return [
        _Span(partition.topic, partition.partition, start, end)
        for partition, start, end in zip(partitions, starts, ends, strict=True)
    ]


def _one_request(deadline: float) -> float:
    return max(0.05, min(ONE_REQUEST_SECONDS, deadline - time.monotonic()))


def bus_unavailable(
    bootstrap_servers: str, reason: str = "", *, obstacle: Obstacle | None = None
) -> BusUnavailableError:
    """Return the error of who cannot reach a broker, with what is in the way where that is known."""
    what = f": {obstacle.what}" if obstacle else ""
    return BusUnavailableError(
        f"no Kafka broker at {bootstrap_servers} answers{reason}{what}",
        fix=(obstacle.fix if obstacle else "")
        or "start one with `nodesmith up` or `nodesmith broker`, or name another: "
        "--kafka-servers HOST:PORT, or KAFKA_BOOTSTRAP_SERVERS",
    )


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    """Settle `future` in its own loop, unless nobody waits for it any more."""

    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    with contextlib.suppress(RuntimeError):  # the loop has closed
        future.get_loop().call_soon_threadsafe(settle)
