"""A node's dead-letter topic as the command line sees it: read to its end, replayed from, shortened.

Every call to a broker has a deadline; where none answers, that is a BusUnavailableError with the reason.
"""

from __future__ import annotations

import re
import time
import uuid
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from nodesmith.errors import InputError, SystemFailedError
from nodesmith.naming import dead_letter_topic, event_domain, kebab, snake
from nodesmith.runtime.client import common_settings
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.groupless_client import ASK_SECONDS, SILENT_SECONDS, GrouplessClient

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from confluent_kafka import Message

    from nodesmith.inspection.dead_letter_rows import Place
    from nodesmith.runtime.records import IncomingRecord

_POLL_SECONDS = 0.2
_BATCH = 500
_MOST_NAMES = 8
_TOPIC = re.compile(r"onex\.dlq\.(?P<domain>[a-z0-9-]+)\.(?P<node>[a-z0-9-]+)\.v1")


class DeadLetterTopic:
    """One node's dead letters; `topics` are all there are on the bus, with their number of partitions."""

    def __init__(self, name: str, *, client: GrouplessClient, topics: Mapping[str, int]) -> None:
        self.name = name
        self.topics = topics
        self.client = client

    def records(self, places: Collection[Place] = ()) -> Iterator[IncomingRecord]:
        """Yield every record there was when this began, or those at `places`; in order within a partition."""
        bounds = self._bounds()
        if places:
            wanted = _span(places)
            bounds = {
                number: (max(low, wanted[number][0]), min(high, wanted[number][1]))
                for number, (low, high) in bounds.items()
                if number in wanted
            }
        for record in self._read(bounds):
            if not places or (record.partition, record.offset) in places:
                yield record

    def last(self, number: int) -> list[IncomingRecord]:
        """Return so many of each partition's last records, fewer where there are gaps."""
        return list(
            self._read(
                {part: (max(low, high - number), high) for part, (low, high) in self._bounds().items()}
            )
        )

    def count(self) -> int:
        """Return how many records there are at most: a topic may have gaps."""
        return sum(high - low for low, high in self._bounds().values())

    def record(self, place: Place) -> IncomingRecord:
        """Return one record; raise InputError where it is not there."""
        for record in self.records([place]):
            return record
        raise InputError(
            f"there is no dead letter {place[0]}:{place[1]} in {self.name}",
            fix="see with `nodesmith dlq list` which there are",
        )

    def delete_before(self, ends: Mapping[int, int]) -> None:
        """Delete what comes before an offset of each partition; raise SystemFailedError where the broker does not."""
        admin = AdminClient(self.client.settings)
        asked = [TopicPartition(self.name, number, offset) for number, offset in ends.items()]
        done = admin.delete_records(asked, request_timeout=ASK_SECONDS, operation_timeout=ASK_SECONDS)
        for place, future in done.items():
            try:
                future.result(2 * ASK_SECONDS)
            except KafkaException as error:
                raise SystemFailedError(
                    f"partition {place.partition} of {self.name} was not shortened: {error.args[0].str()}",
                    fix="the broker has to allow DeleteRecords, and `cleanup.policy` of the topic to be `delete`",
                ) from error

    def _bounds(self) -> dict[int, tuple[int, int]]:
        with self.client.asking():
            bounds: dict[int, tuple[int, int]] = {}
            for number in range(self.topics[self.name]):
                place = TopicPartition(self.name, number)
                bounds[number] = self.client.consumer.get_watermark_offsets(place, timeout=ASK_SECONDS)
            return bounds

    def _read(self, bounds: Mapping[int, tuple[int, int]]) -> Iterator[IncomingRecord]:
        ends = {number: high for number, (low, high) in bounds.items() if low < high}
        self.client.consumer.assign([TopicPartition(self.name, number, bounds[number][0]) for number in ends])
        return self._until(ends)

    def _until(self, ends: dict[int, int]) -> Iterator[IncomingRecord]:
        """Yield records until each partition has come to its end."""
        left, heard = dict(ends), time.monotonic()
        while left:
            messages = self.client.consumer.consume(_BATCH, _POLL_SECONDS)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENT_SECONDS:
                raise self.client.unavailable()
            for message in messages:
                number = message.partition()
                assert number is not None
                if self._is_end(message):
                    left.pop(number, None)
                elif number in left and message.error() is None:
                    record = read_message(message)
                    if record.offset < left[number]:
                        yield record
                    if record.offset + 1 >= left[number]:
                        del left[number]

    def _is_end(self, message: Message) -> bool:
        error = message.error()
        if error is None or error.retriable():
            return False
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            return True
        raise SystemFailedError(f"{self.name} cannot be read: {error.str()}")


def reading_client(servers: str) -> GrouplessClient:
    """Return what a command reads topics with."""
    return GrouplessClient(
        common_settings(bootstrap_servers=servers, source="nodesmith-cli", extra=None),
        group=f"nodesmith-reader-{uuid.uuid4()}",  # the client wants one
        reading={"auto.offset.reset": "earliest"},  # somebody may shorten a topic meanwhile
    )


@contextmanager
def dead_letters_of(node: str, *, servers: str) -> Iterator[DeadLetterTopic]:
    """Give the dead letters of `[DOMAIN/]NODE`; raise InputError where there is no such topic, and say which there are."""
    client = reading_client(servers)
    try:
        topics = client.topics()
        yield DeadLetterTopic(find_topic(node, topics), client=client, topics=topics)
    finally:
        client.consumer.close()


def find_topic(node: str, topics: Collection[str]) -> str:
    """Return the dead-letter topic among `topics` that `[DOMAIN/]NODE` names; raise InputError where that is not one."""
    match = re.fullmatch(r"(?:([A-Za-z][A-Za-z0-9_-]*)/)?([A-Za-z][A-Za-z0-9_-]*)", node)
    if match is None:
        raise InputError(
            f"'{node}' is no name of a node", fix="write NODE or DOMAIN/NODE: crm/customer_writer"
        )
    domain, name = match[1], match[2]
    if domain:
        found = [topic for topic in (dead_letter_topic(domain=domain, name=name),) if topic in topics]
    else:
        found = [
            topic
            for topic in sorted(topics)
            if (said := _TOPIC.fullmatch(topic)) and said["node"] == kebab(name)
        ]
    if len(found) > 1:
        names = ", ".join(_node_of(topic) for topic in found)
        raise InputError(f"more than one node is called '{name}': {names}", fix="write DOMAIN/NODE")
    if not found:
        raise _no_topic(node, topics)
    return found[0]


def _no_topic(node: str, topics: Collection[str]) -> InputError:
    there = sorted(_node_of(topic) for topic in topics if _TOPIC.fullmatch(topic))
    names = ", ".join(there[:_MOST_NAMES]) + (", ..." if len(there) > _MOST_NAMES else "")
    near = get_close_matches(node, [*there, *(name.partition("/")[2] for name in there)], n=1)
    return InputError(
        f"node '{node}' has no dead-letter topic; {f'there are those of {names}' if there else 'there is none at all'}",
        fix=f"did you mean {near[0]}?"
        if near
        else "a node makes its topic when it first joins the bus: is this the bus it is on?",
    )


def _node_of(topic: str) -> str:
    """Return `crm/customer_writer`."""
    match = _TOPIC.fullmatch(topic)
    assert match is not None
    domain, node = snake(match["domain"].replace("-", "_")), match["node"].replace("-", "_")
    return node if domain == event_domain("") else f"{domain}/{node}"


def _span(places: Collection[Place]) -> dict[int, tuple[int, int]]:
    """Return of each partition the first offset of `places` and the one after the last."""
    span: dict[int, tuple[int, int]] = {}
    for partition, offset in places:
        first, end = span.get(partition, (offset, offset + 1))
        span[partition] = (min(first, offset), max(end, offset + 1))
    return span
