"""The topics and their folders.

A folder is named by the topic's id, never by its name: names come from the network, and some file systems take
`Orders` and `orders` for one. A topic appears and goes by a rename, so that a crash leaves all of it or nothing.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from kio.schema.errors import ErrorCode

from nodesmith.broker.files import write_whole
from nodesmith.broker.partition import Partition
from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

MAX_PARTITIONS = 1000  # each is an open file
MAX_NAME_LENGTH = 249
_NAME = re.compile(r"[a-zA-Z0-9._-]+")
_DESCRIPTION = "topic.json"
_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic; `partitions` grows when partitions are added."""

    name: str
    id: UUID
    folder: Path
    partitions: list[Partition]


class Topics:
    """All topics below one folder."""

    def __init__(self, folder: Path, *, default_partitions: int) -> None:
        self.folder = folder
        self.default_partitions = default_partitions
        self._topics: dict[str, Topic] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for entry in sorted(folder.iterdir()):
            if entry.suffix == _UNFINISHED:
                shutil.rmtree(entry)
            elif (entry / _DESCRIPTION).is_file():
                self._open(entry)

    def names(self) -> list[str]:
        """Return the names of all topics."""
        return sorted(self._topics)

    def find(self, name: str) -> Topic | None:
        """Return the topic of that name, if there is one."""
        return self._topics.get(name)

    def partition(self, name: str, number: int) -> Partition:
        """Return one partition, or raise `RefusedError` where it does not exist."""
        topic = self._topics.get(name)
        if topic is None or not 0 <= number < len(topic.partitions):
            raise RefusedError(ErrorCode.unknown_topic_or_partition)
        return topic.partitions[number]

    def check_new(self, name: str, partitions: int | None = None) -> int:
        """Return how many partitions a new topic would get, or raise `RefusedError` where it may not be made."""
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH or name in {".", ".."}:
            raise RefusedError(
                ErrorCode.invalid_topic_exception,
                f"a topic's name is 1 to {MAX_NAME_LENGTH} of the letters a-z A-Z, digits, '.', '_' and '-'",
            )
        if name in self._topics:
            raise RefusedError(ErrorCode.topic_already_exists, f"topic '{name}' exists")
        count = self.default_partitions if partitions is None else partitions
        if not 1 <= count <= MAX_PARTITIONS:
            raise RefusedError(
                ErrorCode.invalid_partitions, f"a topic has 1 to {MAX_PARTITIONS} partitions, not {count}"
            )
        return count

    def create(self, name: str, partitions: int | None = None) -> Topic:
        """Make a topic, or raise `RefusedError`."""
        count = self.check_new(name, partitions)
        topic_id = uuid4()
        folder = self.folder / topic_id.hex
        unfinished = folder.with_suffix(_UNFINISHED)
        try:
            unfinished.mkdir()
            write_whole(unfinished / _DESCRIPTION, _describe(name, topic_id, count))
            unfinished.rename(folder)
            return self._open(folder)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise _storage_error(name, error) from error

    def grow(self, name: str, partitions: int) -> None:
        """Give a topic more partitions, or raise `RefusedError`."""
        topic = self._topics[name]
        try:
            write_whole(topic.folder / _DESCRIPTION, _describe(name, topic.id, partitions))
            while len(topic.partitions) < partitions:
                topic.partitions.append(_open_partition(topic.folder, len(topic.partitions)))
        except OSError as error:
            raise _storage_error(name, error) from error

    def delete(self, name: str) -> None:
        """Remove a topic and its records; a name that does not exist is refused."""
        topic = self._topics.pop(name, None)
        if topic is None:
            raise RefusedError(ErrorCode.unknown_topic_or_partition, f"there is no topic '{name}'")
        for partition in topic.partitions:
            partition.close()
        unfinished = topic.folder.with_suffix(_UNFINISHED)
        topic.folder.rename(unfinished)
        shutil.rmtree(unfinished, ignore_errors=True)

    def close(self) -> None:
        """Close all logs."""
        while self._topics:
            _, topic = self._topics.popitem()
            for partition in topic.partitions:
                partition.close()

    def _open(self, folder: Path) -> Topic:
        described = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        partitions: list[Partition] = []
        try:
            for number in range(described["partitions"]):
                partitions.append(_open_partition(folder, number))  # noqa: PERF401 - closed below if one fails
        except OSError:
            for partition in partitions:
                partition.close()
            raise
        topic = Topic(name=described["name"], id=UUID(described["id"]), folder=folder, partitions=partitions)
        self._topics[topic.name] = topic
        return topic


def _open_partition(folder: Path, number: int) -> Partition:
    return Partition(folder / f"{number}.log")


def _describe(name: str, topic_id: UUID, partitions: int) -> str:
    return json.dumps({"name": name, "id": str(topic_id), "partitions": partitions})


def _storage_error(name: str, error: OSError) -> RefusedError:
    logger.error("topic '%s' cannot be stored: %s", name, error)
    return RefusedError(ErrorCode.kafka_storage_error, str(error))
