"""The topics and their folders.

A folder is named by the topic's id, never by its name: names come from the network, and some file systems take
`Orders` and `orders` for one. A topic appears and goes by a rename, so that a crash leaves all of it or nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from kio.schema.errors import ErrorCode

from nodesmith.broker.files import write_whole
from nodesmith.broker.partition import Partition
from nodesmith.broker.refusal import RefusedError
from nodesmith.broker.topic_settings import OFF, heeded, settled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nodesmith.broker.topic_settings import TopicSettings

logger = logging.getLogger(__name__)

MAX_PARTITIONS = 1000  # of one topic
MAX_ALL_PARTITIONS = 4000  # each is an open file or more
MAX_NAME_LENGTH = 249
_NAME = re.compile(r"[a-zA-Z0-9._-]+")
_DESCRIPTION = "topic.json"
_UNFINISHED = ".part"


@dataclass(slots=True, kw_only=True, eq=False)
class Topic:
    """A topic; `said` are the settings it was given, and `partitions` grows when partitions are added."""

    name: str
    id: UUID
    folder: Path
    said: Mapping[str, str]
    partitions: list[Partition] = field(default_factory=list)

    def close(self) -> None:
        """Close all logs."""
        for partition in self.partitions:
            partition.close()


class Topics:
    """All topics below one folder; `retention_bytes` holds for those that were told nothing of their own.

    `something_to_do` is set when there may be records to delete or a log to compact.
    """

    def __init__(self, folder: Path, *, default_partitions: int, retention_bytes: int = OFF) -> None:
        self.folder = folder
        self.default_partitions = default_partitions
        self.retention_bytes = retention_bytes
        self.something_to_do = asyncio.Event()
        self._topics: dict[str, Topic] = {}
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for entry in sorted(folder.iterdir()):
                if entry.suffix == _UNFINISHED:
                    shutil.rmtree(entry)
                elif (entry / _DESCRIPTION).is_file():
                    self._open(entry)
        except BaseException:
            self.close()
            raise

    def names(self) -> list[str]:
        """Return the names of all topics."""
        return sorted(self._topics)

    def find(self, name: str) -> Topic | None:
        """Return the topic of that name, if there is one."""
        return self._topics.get(name)

    def find_id(self, topic_id: UUID) -> Topic | None:
        """Return the topic with that id, if there is one."""
        return next((topic for topic in self._topics.values() if topic.id == topic_id), None)

    def partition(self, name: str, number: int) -> Partition:
        """Return one partition, or raise `RefusedError` where it does not exist."""
        topic = self._topics.get(name)
        if topic is None or not 0 <= number < len(topic.partitions):
            raise RefusedError(ErrorCode.unknown_topic_or_partition)
        return topic.partitions[number]

    def check_new(
        self, name: str, partitions: int | None = None, said: Mapping[str, str] | None = None
    ) -> int:
        """Return how many partitions a new topic would get, or raise `RefusedError` where it may not be made."""
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH or name in {".", ".."}:
            raise RefusedError(
                ErrorCode.invalid_topic_exception,
                f"a topic's name is 1 to {MAX_NAME_LENGTH} of the letters a-z A-Z, digits, '.', '_' and '-'",
            )
        if name in self._topics:
            raise RefusedError(ErrorCode.topic_already_exists, f"Topic '{name}' already exists.")
        count = self.default_partitions if partitions is None else partitions
        if not 1 <= count <= MAX_PARTITIONS:
            raise RefusedError(
                ErrorCode.invalid_partitions, f"a topic has 1 to {MAX_PARTITIONS} partitions, not {count}"
            )
        self._check_room(count)
        self._settled(said or {})
        return count

    def create(
        self, name: str, partitions: int | None = None, said: Mapping[str, str] | None = None
    ) -> Topic:
        """Make a topic, or raise `RefusedError`."""
        count = self.check_new(name, partitions, said)
        topic_id = uuid4()
        folder = self.folder / topic_id.hex
        unfinished = folder.with_suffix(_UNFINISHED)
        try:
            unfinished.mkdir()
            topic = Topic(name=name, id=topic_id, folder=unfinished, said=heeded(said or {}))
            _write_description(topic, topic.said, count)
            unfinished.rename(folder)
            return self._open(folder)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise _storage_error(name, error) from error

    def check_growth(self, name: str, partitions: int) -> None:
        """Raise `RefusedError` where a topic may not have so many partitions."""
        topic = self._known(name)
        if not len(topic.partitions) < partitions <= MAX_PARTITIONS:
            raise RefusedError(
                ErrorCode.invalid_partitions,
                f"'{name}' has {len(topic.partitions)} partitions and can have more, up to {MAX_PARTITIONS}",
            )
        self._check_room(partitions - len(topic.partitions))

    def grow(self, name: str, partitions: int) -> None:
        """Give a topic more partitions, or raise `RefusedError`."""
        self.check_growth(name, partitions)
        topic = self._topics[name]
        try:
            _write_description(topic, topic.said, partitions)
            self._open_partitions(topic, partitions)
        except OSError as error:
            raise _storage_error(name, error) from error

    def check_change(self, name: str, said: Mapping[str, str]) -> None:
        """Raise `RefusedError` where a topic may not be told this."""
        self._known(name)
        self._settled(said)

    def change(self, name: str, said: Mapping[str, str]) -> None:
        """Let a topic have these settings and no others, or raise `RefusedError`."""
        self.check_change(name, said)
        topic = self._topics[name]
        try:
            _write_description(topic, heeded(said), len(topic.partitions))
        except OSError as error:
            raise _storage_error(name, error) from error
        topic.said = heeded(said)
        settings = self._settled(topic.said)
        for partition in topic.partitions:
            partition.settings = settings
        self.something_to_do.set()

    def delete(self, name: str) -> None:
        """Remove a topic and its records; a name that does not exist is refused."""
        topic = self._known(name)
        unfinished = topic.folder.with_suffix(_UNFINISHED)
        try:
            topic.folder.rename(unfinished)
        except OSError as error:
            raise _storage_error(name, error) from error
        del self._topics[name]
        topic.close()
        shutil.rmtree(unfinished, ignore_errors=True)

    def close(self) -> None:
        """Close all logs."""
        while self._topics:
            _, topic = self._topics.popitem()
            topic.close()

    def _known(self, name: str) -> Topic:
        topic = self._topics.get(name)
        if topic is None:
            raise RefusedError(ErrorCode.unknown_topic_or_partition, f"there is no topic '{name}'")
        return topic

    def _check_room(self, more: int) -> None:
        there = sum(len(topic.partitions) for topic in self._topics.values())
        if there + more > MAX_ALL_PARTITIONS:
            raise RefusedError(
                ErrorCode.policy_violation,
                f"this broker has {there} partitions and can have {MAX_ALL_PARTITIONS}",
            )

    def _settled(self, said: Mapping[str, str]) -> TopicSettings:
        return settled(said, retention_bytes=self.retention_bytes)

    def _open(self, folder: Path) -> Topic:
        described = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        topic = Topic(
            name=described["name"],
            id=UUID(described["id"]),
            folder=folder,
            said=described.get("settings", {}),
        )
        try:
            self._open_partitions(topic, described["partitions"])
        except BaseException:
            topic.close()
            raise
        self._topics[topic.name] = topic
        return topic

    def _open_partitions(self, topic: Topic, count: int) -> None:
        settings = self._settled(topic.said)
        while len(topic.partitions) < count:
            folder = topic.folder / str(len(topic.partitions))
            topic.partitions.append(Partition(folder, settings, on_roll=self.something_to_do.set))


def _write_description(topic: Topic, said: Mapping[str, str], partitions: int) -> None:
    described: dict[str, object] = {"name": topic.name, "id": str(topic.id), "partitions": partitions}
    if said:
        described["settings"] = dict(said)
    write_whole(topic.folder / _DESCRIPTION, json.dumps(described))


def _storage_error(name: str, error: OSError) -> RefusedError:
    logger.error("topic '%s' cannot be stored: %s", name, error)
    return RefusedError(ErrorCode.kafka_storage_error, str(error))
