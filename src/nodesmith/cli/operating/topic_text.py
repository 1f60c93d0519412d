"""Topics as a person or a program reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.cli.operating.columns import counted, in_columns
from nodesmith.cli.operating.topic_admin import is_internal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.cli.operating.topic_admin import (
        GroupProgress,
        TopicFacts,
        TopicPartitionFacts,
        TopicSetting,
    )

UNKNOWN = "?"


def table(topics: Sequence[TopicFacts]) -> str:
    """Return a line for each topic."""
    rows = [
        (topic.name, str(len(topic.partitions)), str(topic.replication), _number(topic.records))
        for topic in topics
    ]
    return in_columns(("topic", "partitions", "replicas", "records"), rows)


def topic_data(topic: TopicFacts) -> dict[str, object]:
    """Return a topic as plain JSON data."""
    return {
        "topic": topic.name,
        "internal": is_internal(topic.name),
        "partitions": len(topic.partitions),
        "replication": topic.replication,
        "records": topic.records,
    }


def whole(topic: TopicFacts, settings: Sequence[TopicSetting], groups: Sequence[GroupProgress]) -> str:
    """Return everything about a topic, for a person."""
    records = f"{UNKNOWN} records" if topic.records is None else counted(topic.records, "record")
    heading = f"{topic.name}: {size(len(topic.partitions), topic.replication)}, {records}"
    parts = [heading, in_columns(_PARTITION, [_partition_row(each) for each in topic.partitions])]
    if settings:
        given = [(each.name, each.value or "-", each.given_to) for each in settings]
        parts.append(in_columns(("setting", "value", "given to the"), given))
    if groups:
        read = [(each.group, each.state, _read(each, topic), _number(each.lag)) for each in groups]
        parts.append(in_columns(("group", "state", "partitions", "lag"), read))
    return "\n\n".join(parts)


def whole_data(
    topic: TopicFacts, settings: Sequence[TopicSetting], groups: Sequence[GroupProgress]
) -> dict[str, object]:
    """Return everything about a topic as plain JSON data."""
    return {
        **topic_data(topic),
        "partitions": [
            {
                "partition": each.number,
                "leader": each.leader,
                "replicas": list(each.replicas),
                "in_sync": list(each.in_sync),
                "low": each.low,
                "high": each.high,
            }
            for each in topic.partitions
        ],
        "settings": [
            {"name": each.name, "value": each.value, "given_to": each.given_to} for each in settings
        ],
        "groups": [
            {"group": each.group, "state": each.state, "partitions": each.partitions, "lag": each.lag}
            for each in groups
        ],
    }


def size(partitions: int, replication: int) -> str:
    """Return `4 partitions, 1 replica each`."""
    return f"{counted(partitions, 'partition')}, {counted(replication, 'replica')}" + (
        " each" if partitions > 1 else ""
    )


_PARTITION = ("partition", "leader", "replicas", "in sync", "low", "high", "records")


def _partition_row(partition: TopicPartitionFacts) -> tuple[str, ...]:
    return (
        str(partition.number),
        "none" if partition.leader is None else str(partition.leader),
        ",".join(map(str, partition.replicas)),
        ",".join(map(str, partition.in_sync)),
        _number(partition.low),
        _number(partition.high),
        _number(partition.records),
    )


def _read(group: GroupProgress, topic: TopicFacts) -> str:
    return f"{group.partitions} of {len(topic.partitions)}"


def _number(number: int | None) -> str:
    return UNKNOWN if number is None else str(number)
