"""Read topics from where a person wants to, on and on: without a group, in the order of time as far as that can be known.

Records of a partition come in their order. Those of several partitions are merged by their time: all of what was there
before, as far as memory should hold it, and then what comes together.
"""

from __future__ import annotations

import heapq
import time
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from nodesmith.errors import SystemFailedError
from nodesmith.inspection.tail_record import TailRecord
from nodesmith.records import dataclass
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.groupless_client import ASK_SECONDS, SILENT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from confluent_kafka import Message

    from nodesmith.inspection.tail_choice import Filter
    from nodesmith.runtime.groupless_client import GrouplessClient

Place = tuple[str, int]
_Sorted = tuple[int, str, int, int, TailRecord]

POLL_SECONDS = 0.2
BATCH = 500
LOOK_AGAIN_SECONDS = 1.0
MOST_IN_MEMORY = 20_000
MOST_BYTES_IN_MEMORY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where to begin: at the end, at the beginning or at a moment; `last` keeps only so many of what was there."""

    from_beginning: bool = False
    since: datetime | None = None
    last: int | None = None


class TopicTail:
    """The records of topics that `wants` names, those that fit `only`.

    `say` is told, in words, what a person should know while it goes on: that the broker is away, and that it is back.
    """

    def __init__(
        self,
        client: GrouplessClient,
        *,
        wants: Callable[[str], bool],
        start: Start,
        only: Filter,
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._wants = wants
        self._start = start
        self._only = only
        self._say = say
        self._partitions: dict[str, int] = {}
        self._latest: dict[Place, int] = {}
        # What came together with the end of the history, and is none of it.
        self._early: list[_Sorted] = []
        self._next_look = 0.0
        self._heard = time.monotonic()
        self._is_away = self._is_doubtful = False

    def history(self, *, follow: bool) -> Iterator[list[TailRecord]]:
        """Yield what was there when this was called, from the start on; then the reading goes on where it ended."""
        self._partitions = self._find()
        places = [
            TopicPartition(name, number)
            for name, count in self._partitions.items()
            for number in range(count)
        ]
        begins, ends = self._span(places)
        left = {place: ends[place] for place, begin in begins.items() if begin < ends[place]}
        wanted = begins if follow else left
        self._client.consumer.assign([TopicPartition(*place, begins[place]) for place in wanted])
        yield from self._sorted(self._until(left, follow=follow))

    def follow(self) -> Iterator[list[TailRecord]]:
        """Yield what comes, for ever; also of topics that appear."""
        self._client.consumer.resume(self._client.consumer.assignment())
        records, self._early = self._early, []
        while True:
            if records:
                yield [each[-1] for each in sorted(records)]
            self._look_again()
            records = self._fitting(self._poll())

    def _find(self) -> dict[str, int]:
        return {topic: count for topic, count in self._client.topics().items() if self._wants(topic)}

    def _span(self, places: list[TopicPartition]) -> tuple[dict[Place, int], dict[Place, int]]:
        """Return of each partition where to begin, and where it ends now."""
        if not places:
            return {}, {}
        start, admin = self._start, AdminClient(self._client.settings)
        with self._client.asking():
            # Asked first: a new client that does not know the partitions' leaders takes seconds to find out.
            topics = TopicCollection(sorted({place.topic for place in places}))
            for described in admin.describe_topics(topics, request_timeout=ASK_SECONDS).values():
                described.result()
            ends = _offsets(admin, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
            if start.since is not None:
                at = OffsetSpec.for_timestamp(max(0, int(start.since.timestamp() * 1000)))
                found = _offsets(admin, places, at)
                return {place: ends[place] if found[place] < 0 else found[place] for place in ends}, ends
            if not start.from_beginning and start.last is None:
                return ends, ends
            lows = _offsets(admin, places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        if start.last is None or not self._only.is_empty:
            return lows, ends
        return {place: max(low, ends[place] - start.last) for place, low in lows.items()}, ends

    def _until(self, left: dict[Place, int], *, follow: bool) -> Iterator[_Sorted]:
        """Yield what fits until each partition has come to its end, where it waits for the others."""
        ends = dict(left)
        while left:
            messages = self._poll()
            if not messages:
                self._wait_or_fail(follow=follow)
                for gone in [each for each in left if each[1] >= self._partitions.get(each[0], 0)]:
                    del left[gone]  # its topic is
            for each in self._fitting(messages):
                _, topic, partition, offset, _ = each
                if offset < ends.get((topic, partition), 0):
                    yield each
                else:
                    self._early.append(each)
            self._pause(left, [ended for message in messages if (ended := _ended(message, left))])

    def _pause(self, left: dict[Place, int], ended: list[Place]) -> None:
        for place in ended:
            if left.pop(place, None) is not None:
                self._client.consumer.pause([TopicPartition(*place)])

    def _sorted(self, found: Iterator[_Sorted]) -> Iterator[list[TailRecord]]:
        """Yield records by their time; all at once, or as many as memory should hold."""
        last = self._start.last
        kept: list[_Sorted] = []
        size = 0
        for each in found:
            if last is not None and len(kept) >= last:
                if last:
                    heapq.heappushpop(kept, each)
                continue
            heapq.heappush(kept, each)
            size += each[-1].record.size
            if last is None and (len(kept) >= MOST_IN_MEMORY or size >= MOST_BYTES_IN_MEMORY):
                yield [each[-1] for each in sorted(kept)]
                kept, size = [], 0
        if kept:
            yield [each[-1] for each in sorted(kept)]

    def _fitting(self, messages: Iterable[Message]) -> list[_Sorted]:
        fitting = []
        for message in messages:
            if message.error() is not None:
                continue
            record = TailRecord(read_message(message))
            if self._only.fits(record):
                fitting.append(self._sortable(record))
        return fitting

    def _sortable(self, shown: TailRecord) -> _Sorted:
        """Return a record so that it sorts by time, but never before one that is ahead of it in its partition."""
        record = shown.record
        latest = max(record.timestamp, self._latest.get(record.source, 0))
        self._latest[record.source] = latest
        return latest, record.topic, record.partition, record.offset, shown

    def _poll(self) -> list[Message]:
        """Wait shortly for one message, and take those that are there with it; what is at an end says so."""
        first = self._client.consumer.poll(POLL_SECONDS)
        if first is None:
            return []
        messages = [first, *self._client.consumer.consume(BATCH - 1, 0)]
        kept = [message for message in messages if self._is_of_use(message)]
        if kept:
            self._heard = time.monotonic()
        return kept

    def _is_of_use(self, message: Message) -> bool:
        error = message.error()
        if error is None or error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            return True
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise SystemFailedError(f"{message.topic()} may not be read: {error.str()}")
        return False  # a topic that is gone, a broker that is away: what to say of it is found elsewhere

    def _wait_or_fail(self, *, follow: bool) -> None:
        if follow:
            self._look_again()
        elif time.monotonic() - self._heard > SILENT_SECONDS:
            raise self._client.unavailable()

    def _look_again(self) -> None:
        """Read topics and partitions that have appeared, from their beginning, and forget those that are gone."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_AGAIN_SECONDS
        try:
            listed = self._client.consumer.list_topics(timeout=LOOK_AGAIN_SECONDS).topics
        except KafkaException:
            self._tell_away()
            return
        self._tell_back()
        found = {
            name: len(topic.partitions)
            for name, topic in listed.items()
            if topic.error is None and self._wants(name)
        }
        gone = [
            place
            for name, count in self._partitions.items()
            for place in _beyond(name, found.get(name, 0), count)
        ]
        new = [
            place
            for name, count in found.items()
            for place in _beyond(name, self._partitions.get(name, 0), count)
        ]
        self._partitions = found
        if gone:
            self._client.consumer.incremental_unassign(gone)
        if new:
            self._client.consumer.incremental_assign(new)

    def _tell_away(self) -> None:
        # At the second time: what can be found out about a broker while it goes is often not why.
        if not self._is_doubtful:
            self._is_doubtful = True
        elif not self._is_away:
            self._is_away = True
            self._say(f"{self._client.unavailable()}; looking for it all the time")

    def _tell_back(self) -> None:
        self._is_doubtful = False
        if self._is_away:
            self._is_away = False
            self._say(f"{self._client.servers} answers again")


def _ended(message: Message, left: dict[Place, int]) -> Place | None:
    """Return the partition whose end a message says has been reached."""
    place = str(message.topic()), int(message.partition() or 0)
    reached = message.error() is not None or int(message.offset() or 0) + 1 >= left.get(place, 0)
    return place if reached else None


def _beyond(topic: str, first: int, end: int) -> list[TopicPartition]:
    return [TopicPartition(topic, number, 0) for number in range(first, end)]


def _offsets(admin: AdminClient, places: list[TopicPartition], spec: OffsetSpec) -> dict[Place, int]:
    answers = admin.list_offsets(dict.fromkeys(places, spec), request_timeout=ASK_SECONDS)
    return {(place.topic, place.partition): answers[place].result().offset for place in places}
