"""Find out how many partitions topics have, and where those end, over a connection of its own.

A broker answers a connection's requests in their order, so a question behind a held fetch would wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from nodesmith.runtime.client import ClientSettings


class TopicEnds:
    """Asks the brokers; connects for the first question, and keeps the connection until `rest()`."""

    def __init__(self, client_settings: ClientSettings) -> None:
        self._settings = client_settings
        self._admin: AdminClient | None = None

    def partitions(self, topics: Collection[str], *, seconds: float) -> dict[str, int]:
        """Return how many partitions each topic has, 0 where it does not exist; never creates one."""
        asked = self._client().describe_topics(TopicCollection(list(topics)), request_timeout=seconds)
        counts = {}
        for topic, answer in asked.items():
            try:
                counts[topic] = len(answer.result(seconds).partitions)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
                counts[topic] = 0
        return counts

    def near_ends(
        self, partitions: Iterable[TopicPartition], *, before: int, seconds: float
    ) -> list[TopicPartition]:
        """Return the partitions, each at the offset `before` records ahead of its end."""
        places = list(partitions)
        ends = self._offsets(places, OffsetSpec.latest(), seconds=seconds)
        starts = self._offsets(places, OffsetSpec.earliest(), seconds=seconds) if before else ends
        return [
            TopicPartition(place.topic, place.partition, max(start, end - before))
            for place, start, end in zip(places, starts, ends, strict=True)
        ]

    def rest(self) -> None:
        """Give the connection back."""
        self._admin = None

    def _offsets(self, places: list[TopicPartition], spec: OffsetSpec, *, seconds: float) -> list[int]:
        if not places:
            return []
        asked = self._client().list_offsets(dict.fromkeys(places, spec), request_timeout=seconds)
        return [asked[place].result(seconds).offset for place in places]

    def _client(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient(dict(self._settings))
        return self._admin
