"""What all request handlers share: the broker's topics, groups, offsets, and who it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nodesmith.broker.data_dir import DataDir
from nodesmith.broker.offsets import OffsetStore
from nodesmith.broker.topics import Topics

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.broker.groups import Group

NODE_ID = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerState:
    """One broker's state.

    `groups` holds the groups that have had members since the start, `refused_transactions` the ids the log has told of.
    """

    data_dir: DataDir
    topics: Topics
    offsets: OffsetStore
    groups: dict[str, Group] = field(default_factory=dict)
    refused_transactions: set[str] = field(default_factory=set)

    def close(self) -> None:
        """Stop all clocks and close all files."""
        for group in self.groups.values():
            group.close()
        self.topics.close()
        self.offsets.close()
        self.data_dir.close()


def open_state(path: Path, *, default_partitions: int, retention_bytes: int) -> BrokerState:
    """Lock and read a data folder; raises `InputError` where it cannot be used."""
    data_dir = DataDir(path)
    try:
        topics = Topics(
            path / "topics", default_partitions=default_partitions, retention_bytes=retention_bytes
        )
        try:
            return BrokerState(data_dir=data_dir, topics=topics, offsets=OffsetStore(path / "offsets.jsonl"))
        except BaseException:
            topics.close()
            raise
    except BaseException:
        data_dir.close()
        raise
