"""Take records as a member of a group: one thread that owns the consumer, and hands over to the event loop.

The thread polls as long as the node runs, also while it is paused or drains, so that the group never waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from nodesmith.runtime.lag import Lag
from nodesmith.runtime.records import IncomingRecord
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nodesmith.runtime.client import ClientSettings
    from nodesmith.runtime.dispatch import Dispatcher, Job
    from nodesmith.runtime.progress import PartitionName

logger = logging.getLogger("nodesmith.runtime.consumer")

_BATCH = 500
_POLL_SECONDS = 0.2
# While partitions are paused it is looked more often whether they may go on.
_PAUSED_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 1.0
_ROOM_SECONDS = 0.005
_COMMIT_EVERY_SECONDS = 0.05
_RESTART_SECONDS = 1.0
# How long partitions that move to another member wait for what of them runs. Far below the time after which a group gives
# a member up that does not poll (`max.poll.interval.ms`, five minutes).
RELEASE_SECONDS = 10.0
# Longer than a member that was killed stays in its group, whose partitions wait for it meanwhile.
ASSIGN_SECONDS = 12.0


class GroupConsumer:
    """Brings records of `topics` to a dispatcher and commits what it has done.

    `plan` makes a job of a record, on the event loop. A partition of which too much waits is paused, alone, until enough
    of it is done. A consumer that fails is made anew, so one bad moment of the broker never ends the work.
    """

    def __init__(
        self,
        *,
        settings: ClientSettings,
        topics: Sequence[str],
        plan: Callable[[IncomingRecord], Job],
        dispatcher: Dispatcher,
        assign_seconds: float = ASSIGN_SECONDS,
        release_seconds: float = RELEASE_SECONDS,
    ) -> None:
        self.lag = Lag(settings)
        self._settings = settings
        self._topics = list(topics)
        self._plan = plan
        self._dispatcher = dispatcher
        self._loop = asyncio.get_running_loop()
        self._stopping = Event()
        self._next_commit = 0.0
        self._assign_seconds = assign_seconds
        self._assigned_by = float("inf")
        self._release_seconds = release_seconds
        self._owned: set[PartitionName] = set()
        self._paused: set[PartitionName] = set()
        self._given_back: set[PartitionName] = set()
        self._full_since: float | None = None
        self._told: set[int] = set()
        self._thread = Thread(target=self._run, daemon=True, name="nodesmith consumer")

    def start(self) -> None:
        """Begin; the group is joined as soon as the broker answers."""
        self._thread.start()

    def expect_partitions(self) -> None:
        """Look in a while whether the group has given any partition, and join it anew where it has not; called from anywhere.

        For after the bus was away: a member that was given none because the broker had lost its topics is not given any
        when they are back.
        """
        if self._thread.is_alive():
            self._assigned_by = time.monotonic() + self._assign_seconds

    async def stop(self) -> None:
        """Commit what is done and return when the group is left; it is for the caller to set a deadline."""
        self._stopping.set()
        if self._thread.ident is not None:
            await in_thread(self._thread.join)

    # From here on: in the consumer's own thread.

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._be_member()
            except Exception as error:  # noqa: BLE001 - whatever it was, the node goes on taking work
                logger.error("the consumer failed and is made anew: %s", error)  # noqa: TRY400 - no frames for a broker's fault
                self._stopping.wait(_RESTART_SECONDS)

    def _be_member(self) -> None:
        consumer = Consumer({**self._settings, "on_commit": self._committed})
        self._owned.clear()
        self._paused.clear()
        try:
            consumer.subscribe(
                self._topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
            )
            while not (self._stopping.is_set() or self._is_left_out()):
                self._turn(consumer)
            self._commit_now(consumer)
        finally:
            consumer.close()

    def _is_left_out(self) -> bool:
        """Return, once, that partitions were expected by now and are not there."""
        if time.monotonic() < self._assigned_by:
            return False
        self._assigned_by = float("inf")
        return not self._owned

    def _turn(self, consumer: Consumer) -> None:
        """Wait for records, hand them over, and send the commits that are due."""
        self._read_again(consumer)
        if self._expects_room():
            self._stopping.wait(_ROOM_SECONDS)
        else:
            self._pause_or_resume(consumer)
            self._take_some(consumer)
        if time.monotonic() >= self._next_commit:
            self._next_commit = time.monotonic() + _COMMIT_EVERY_SECONDS
            if offsets := self._due():
                consumer.commit(offsets=offsets, asynchronous=True)
        self.lag.look(consumer, self._owned, self._paused)

    def _read_again(self, consumer: Consumer) -> None:
        """Go back to the first record that was left undone, in each partition that was stopped for it."""
        for partition, offset in self._dispatcher.again.take().items():
            if partition in self._owned:
                logger.warning("%s, partition %s, is read again from offset %s on", *partition, offset)
                consumer.seek(TopicPartition(*partition, offset))
                # After what was read before, which is on its way to the event loop.
                self._tell(self._dispatcher.go_on, partition)

    def _take_some(self, consumer: Consumer) -> None:
        first = consumer.poll(_PAUSED_POLL_SECONDS if self._paused else _POLL_SECONDS)
        if first is None:
            return
        # consume() alone would wait until its whole batch is there or its time has passed.
        # Half of the room, since all of it may be one partition's.
        more = min(_BATCH, self._dispatcher.backlog.room // 2) - 1
        self._given_back.clear()
        messages = [first, *(consumer.consume(more, 0) if more > 0 else ())]
        if self._given_back & self._owned:
            raise RuntimeError(
                "a partition was taken away and given in one moment: which records are of when is unknown"
            )
        self._hand_over(messages)

    def _hand_over(self, messages: Iterable[Message]) -> None:
        records = [record for message in messages if (record := self._read(message)) is not None]
        # A partition may be given back between the first and the last message of a batch. What waited of it was dropped
        # then, and a record that began now would overtake it.
        records = [record for record in records if record.source in self._owned]
        if records:
            self._told.clear()
            self.lag.taken(records)
            # Counted here: the event loop may be late, and what is on the way to it waits as well.
            self._dispatcher.backlog.take([(record.source, record.size) for record in records])
            self._tell(self._receive, records)

    def _read(self, message: Message) -> IncomingRecord | None:
        error = message.error()
        if error is None:
            return read_message(message)
        if error.fatal():
            raise KafkaException(error)
        if error.code() not in self._told:
            self._told.add(error.code())
            if complain := self._settings.get("error_cb"):
                complain(error)
            logger.warning("the broker says of %s: %s", message.topic() or "the group", error.str())
        return None

    def _receive(self, records: list[IncomingRecord]) -> None:
        """Plan the records and pass them on; called on the event loop."""
        if not self._stopping.is_set():
            self._dispatcher.add([self._plan(record) for record in records])

    def _expects_room(self) -> bool:
        """Whether a partition has just become full, and may have room again before anybody misses a poll.

        A pause throws away what the client has fetched ahead, so it is for partitions that stay full.
        """
        if not self._dispatcher.backlog.full(self._paused) & self._owned - self._paused:
            self._full_since = None
            return False
        now = time.monotonic()
        if self._full_since is None:
            self._full_since = now
        return now - self._full_since < _PATIENCE_SECONDS

    def _pause_or_resume(self, consumer: Consumer) -> None:
        full = self._dispatcher.backlog.full(self._paused) & self._owned
        if full == self._paused:
            return
        if pause := full - self._paused:
            consumer.pause(_partitions(pause))
        if resume := self._paused - full:
            consumer.resume(_partitions(resume))
        logger.debug("too much waits of: %s", sorted(full) or "none")
        self._paused = full

    def _due(self) -> list[TopicPartition]:
        """Return the offsets to commit; those of partitions that are somebody else's now are dropped."""
        return [
            TopicPartition(topic, partition, offset)
            for (topic, partition), offset in self._dispatcher.commits.take().items()
            if (topic, partition) in self._owned
        ]

    def _commit_now(self, consumer: Consumer) -> None:
        if not (offsets := self._due()):
            return
        try:
            consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            logger.warning("offsets were not committed, so their commands will come again: %s", error)

    def _committed(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """Offer again what the broker did not take, for the next commit."""
        for partition in partitions:
            name = partition.topic, partition.partition
            if error is not None or partition.error is not None:
                self._dispatcher.commits.put(name, partition.offset)
            elif name in self._owned:
                self.lag.committed(name, partition.offset)

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._owned.update(_names(partitions))
        self.lag.assigned(_names(partitions))
        logger.debug("assigned: %s", _names(partitions))

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Let what runs of partitions that move be done and committed, so that nobody does it twice."""
        gone, released = _names(partitions), Event()
        self._tell(self._release, gone, released)
        if not self._stopping.is_set():  # else what runs has had its time
            released.wait(self._release_seconds)
        self._commit_now(consumer)
        self._disown(consumer, gone)

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Drop partitions that another member has already: it may be at work on them."""
        gone = _names(partitions)
        self._disown(consumer, gone)
        self._tell(self._release, gone, Event())

    def _release(self, partitions: list[PartitionName], released: Event) -> None:
        self._dispatcher.release(partitions, released=released.set)

    def _disown(self, consumer: Consumer, partitions: list[PartitionName]) -> None:
        self._owned.difference_update(partitions)
        if paused := self._paused.intersection(partitions):
            # The client keeps a pause beyond the assignment: the partition would stand still when it comes back.
            consumer.resume(_partitions(paused))
            self._paused -= paused
        self._given_back.update(partitions)
        self._tell(self._dispatcher.forget, partitions)

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nothing to wait for
            self._loop.call_soon_threadsafe(callback, *arguments)


def read_message(message: Message) -> IncomingRecord:
    """Return a client's message as a record."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None, "a message without an error has a place"
    assert partition is not None
    assert offset is not None
    # The client takes headers in several forms, and gives them in this one.
    given = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    all_headers = tuple(given)
    return IncomingRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        key=_bytes(message.key()),
        value=_bytes(message.value()),
        headers=_headers(all_headers),
        timestamp=message.timestamp()[1],
        all_headers=all_headers,
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _headers(all_headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    with contextlib.suppress(UnicodeDecodeError):  # the rule, and once a record instead of once a header
        return {name: (value or b"").decode() for name, value in all_headers}
    headers: dict[str, str] = {}
    for name, value in all_headers:
        with contextlib.suppress(UnicodeDecodeError):
            headers[name] = (value or b"").decode()
    return headers


def _partitions(names: Iterable[PartitionName]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for topic, partition in names]


def _names(partitions: Iterable[TopicPartition]) -> list[PartitionName]:
    return [(partition.topic, partition.partition) for partition in partitions]
