"""How far a node is behind: of each partition it has, the records that are not committed.

The ends come with every fetch, so they cost nothing to know. Only of a partition that is paused, of which nothing is
fetched, the end is asked for, by a client and in a thread of its own: behind a held fetch the question would wait.
"""

from __future__ import annotations

import logging
import time
from threading import Thread
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException, TopicPartition

from nodesmith.runtime.topic_reader import near_ends

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from confluent_kafka import Consumer

    from nodesmith.runtime.client import ClientSettings
    from nodesmith.runtime.progress import PartitionName
    from nodesmith.runtime.records import IncomingRecord

logger = logging.getLogger("nodesmith.runtime.consumer")

_LOOK_SECONDS = 0.5
_ASK_SECONDS = 1.0
_ASK_AGAIN_SECONDS = 5.0


class Lag:
    """What is known of it; lives in the consumer's thread, but for `numbers`, which may be read anywhere."""

    def __init__(self, settings: ClientSettings) -> None:
        """Know nothing yet; `settings` are for the client that asks for ends."""
        self.numbers: dict[PartitionName, int] = {}
        self._settings = settings
        # Up to where each partition is committed; absent where that is not known.
        self._committed: dict[PartitionName, int] = {}
        self._asked_ends: dict[PartitionName, int] = {}
        self._next_look = 0.0
        self._next_ask = 0.0
        self._asking: Thread | None = None

    def assigned(self, partitions: Iterable[PartitionName]) -> None:
        """Forget what was known of partitions when we had them before."""
        for partition in partitions:
            self._committed.pop(partition, None)
            self._asked_ends.pop(partition, None)
        self._next_ask = 0.0
        self._next_look = time.monotonic() + _LOOK_SECONDS  # by then most have told where they begin

    def taken(self, records: Iterable[IncomingRecord]) -> None:
        """Take note of records: the first of a partition comes from where it is committed."""
        for record in records:
            self._committed.setdefault(record.source, record.offset)

    def committed(self, partition: PartitionName, offset: int) -> None:
        """Take note of what the broker knows to be done."""
        self._committed[partition] = max(offset, self._committed.get(partition, offset))

    def look(
        self, consumer: Consumer, owned: Collection[PartitionName], paused: Collection[PartitionName]
    ) -> None:
        """Find the numbers anew, where it is time to; never raises, and waits for a broker only after an assignment."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        if now >= self._next_ask:
            self._next_ask = now + _ASK_AGAIN_SECONDS
            self._ask_for_committed(consumer, [each for each in owned if each not in self._committed])
            self._ask_for_ends(paused)
        self._asked_ends = {each: end for each, end in self._asked_ends.items() if each in paused}
        self.numbers = {
            partition: max(0, end - self._committed[partition])
            for partition in owned
            if partition in self._committed and (end := self._end(consumer, partition)) >= 0
        }

    def _end(self, consumer: Consumer, partition: PartitionName) -> int:
        """Return a partition's end as it is known here; negative where it is not."""
        asked = self._asked_ends.get(partition, -1)
        try:
            return max(asked, consumer.get_watermark_offsets(TopicPartition(*partition), cached=True)[1])
        except KafkaException:
            return asked

    def _ask_for_committed(self, consumer: Consumer, unknown: list[PartitionName]) -> None:
        """Ask where partitions are committed of which nothing has come since they were assigned: once, as a rule."""
        if not unknown:
            return
        try:
            for place in consumer.committed([TopicPartition(*each) for each in unknown], _ASK_SECONDS):
                offset = place.offset
                if offset < 0:  # never committed: from the first record on
                    offset = consumer.get_watermark_offsets(place, _ASK_SECONDS)[0]
                if offset >= 0:
                    self._committed.setdefault((place.topic, place.partition), offset)
        except KafkaException as error:
            logger.debug("it is not known yet where partitions are committed: %s", error)

    def _ask_for_ends(self, paused: Collection[PartitionName]) -> None:
        if not paused or (self._asking is not None and self._asking.is_alive()):
            return
        places = [TopicPartition(*each) for each in paused]
        self._asking = Thread(target=self._ask, args=(places,), daemon=True, name="nodesmith lag")
        self._asking.start()

    def _ask(self, places: list[TopicPartition]) -> None:
        """Ask for the ends of all at once; in a thread of its own."""
        try:
            ends = near_ends(self._settings, places, before=0, seconds=_ASK_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is asked again
            logger.debug("the ends of paused partitions are not known: %s", error)
            return
        known = {(place.topic, place.partition): place.offset for place in ends}
        self._asked_ends = {**self._asked_ends, **known}
