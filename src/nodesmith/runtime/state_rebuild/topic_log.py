"""Topics read from their beginning, all partitions at once, as far as they went when it was asked.

Of one partition the records come in their order. Between partitions nobody knows the order they were handled in: they are
merged by the records' own times.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from nodesmith.errors import SystemFailedError
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.groupless_client import ASK_SECONDS, SILENT_SECONDS, GrouplessClient

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from confluent_kafka import Message

    from nodesmith.runtime.client import ClientSettings
    from nodesmith.runtime.records import IncomingRecord

Place = tuple[str, int]
Span = tuple[int, int]

_POLL_SECONDS = 0.2
_BATCH = 500
_HIGH_MARK = 4_000
_LOW_MARK = 1_000


class TopicLog:
    """Reads topics on behalf of a group, without joining it. Every call to a broker has a deadline."""

    def __init__(self, settings: ClientSettings, *, group: str) -> None:
        self._client = GrouplessClient(
            settings,
            group=group,
            reading={
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "queued.max.messages.kbytes": 16_384,
            },
        )
        self._consumer = self._client.consumer

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()

    def spans(self, topics: Iterable[str]) -> dict[Place, Span]:
        """Return of each partition of the topics that exist the first offset and the one after the last."""
        with self._client.asking():
            there = self._consumer.list_topics(timeout=ASK_SECONDS).topics
            return {
                (topic, number): self._consumer.get_watermark_offsets(
                    TopicPartition(topic, number), timeout=ASK_SECONDS
                )
                for topic in topics
                if topic in there and there[topic].error is None
                for number in there[topic].partitions
            }

    def committed(self, places: Iterable[Place]) -> dict[Place, int]:
        """Return how far the group has come; 0 where it has committed nothing."""
        asked = [TopicPartition(*place) for place in places]
        with self._client.asking():
            found = self._consumer.committed(asked, timeout=ASK_SECONDS) if asked else []
        return {(each.topic, each.partition): max(0, each.offset) for each in found}

    def compacted(self, topics: Collection[str]) -> list[str]:
        """Return those topics that keep only the last record of each key."""
        if not topics:
            return []
        resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
        admin = AdminClient(self._client.settings)  # held until it has answered
        asked = admin.describe_configs(resources, request_timeout=ASK_SECONDS)
        found = []
        for resource, answer in asked.items():
            with self._client.asking():
                policy = answer.result(2 * ASK_SECONDS).get("cleanup.policy")
            if policy is not None and "compact" in str(policy.value):
                found.append(resource.name)
        return sorted(found)

    def records(self, spans: Mapping[Place, Span]) -> Iterator[IncomingRecord]:
        """Yield the records of `spans`; raise SystemFailedError where they cannot be had whole."""
        wanted = {place: span for place, span in spans.items() if span[0] < span[1]}
        self._consumer.assign([TopicPartition(*place, first) for place, (first, _) in wanted.items()])
        merge = _Merge({place: end for place, (_, end) in wanted.items()})
        heard = time.monotonic()
        try:
            while merge.unfinished:
                while merge.waiting:
                    messages = self._consumer.consume(_BATCH, _POLL_SECONDS)
                    heard = time.monotonic() if messages else heard
                    if time.monotonic() - heard > SILENT_SECONDS:
                        raise self._client.unavailable()
                    for message in messages:
                        self._take(message, merge)
                    self._pause(merge)
                yield merge.next()
                self._resume(merge)
                heard = time.monotonic()
        finally:
            self._consumer.unassign()

    def _take(self, message: Message, merge: _Merge) -> None:
        error = message.error()
        if error is None:
            merge.add(read_message(message))
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            topic, number = message.topic(), message.partition()
            assert topic is not None
            assert number is not None
            merge.end((topic, number))
        elif not error.retriable():
            raise SystemFailedError(
                f"{message.topic()}, partition {message.partition()}, cannot be read: {error.str()}",
                fix="its beginning may have been dropped meanwhile: try again",
            )

    def _pause(self, merge: _Merge) -> None:
        if full := merge.full():
            self._consumer.pause([TopicPartition(*place) for place in full])

    def _resume(self, merge: _Merge) -> None:
        if hungry := merge.hungry():
            self._consumer.resume([TopicPartition(*place) for place in hungry])


class _Merge:
    """Records of several partitions by their times; never one before another of its partition that is not there yet."""

    def __init__(self, ends: Mapping[Place, int]) -> None:
        # Partitions whose next record has to come before anything can be said of the order.
        self.waiting = set(ends)
        self._ends = dict(ends)
        self._open = set(ends)
        self._paused: set[Place] = set()
        self._queues: dict[Place, deque[IncomingRecord]] = {place: deque() for place in ends}
        self._heads: list[tuple[int, Place]] = []

    @property
    def unfinished(self) -> bool:
        """Whether there are records, or some still have to come."""
        return bool(self._heads or self.waiting)

    def add(self, record: IncomingRecord) -> None:
        """Take the next record of its partition; what is behind the end is not wanted."""
        place = record.source
        if place not in self._open:
            return
        if record.offset < self._ends[place]:
            self._queues[place].append(record)
            if place in self.waiting:
                self.waiting.remove(place)
                heapq.heappush(self._heads, (record.timestamp, place))
        if record.offset + 1 >= self._ends[place]:
            self.end(place)

    def end(self, place: Place) -> None:
        """Take note that nothing more comes of a partition."""
        self._open.discard(place)
        self.waiting.discard(place)

    def next(self) -> IncomingRecord:
        """Return the record that is next; nothing is waited for, and there is one."""
        _, place = heapq.heappop(self._heads)
        queue = self._queues[place]
        record = queue.popleft()
        if queue:
            heapq.heappush(self._heads, (queue[0].timestamp, place))
        elif place in self._open:
            self.waiting.add(place)
        return record

    def full(self) -> list[Place]:
        """Return partitions of which enough is here already."""
        full = [place for place in self._open - self._paused if len(self._queues[place]) > _HIGH_MARK]
        self._paused.update(full)
        return full

    def hungry(self) -> list[Place]:
        """Return partitions that were full, and are not any more."""
        hungry = [place for place in self._paused if len(self._queues[place]) < _LOW_MARK]
        self._paused.difference_update(hungry)
        return hungry
