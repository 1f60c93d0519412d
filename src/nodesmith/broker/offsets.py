"""Committed offsets: in memory, and every change as one JSON line in an append-only file.

The file is rewritten with only what still counts when the broker opens it and when it has grown well beyond that.
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, NamedTuple

from nodesmith.broker.files import append_whole, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

REWRITE_AFTER_ROWS = 50_000


class CommittedOffset(NamedTuple):
    """How far a group has come in one partition."""

    offset: int
    leader_epoch: int = -1
    metadata: str = ""


class Place(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class OffsetStore:
    """The committed offsets of all groups, by group and place.

    `rewrite_after` is how many outdated rows the file may hold before it is rewritten.
    """

    def __init__(self, path: Path, *, rewrite_after: int = REWRITE_AFTER_ROWS) -> None:
        self.path = path
        self._rewrite_after = rewrite_after
        self._groups: dict[str, dict[Place, CommittedOffset]] = {}
        if path.exists():
            self._load()
        self._rewrite()

    def groups(self) -> list[str]:
        """Return the groups that have committed something."""
        return sorted(self._groups)

    def of_group(self, group: str) -> Mapping[Place, CommittedOffset]:
        """Return what a group has committed."""
        return self._groups.get(group, {})

    def commit(self, group: str, offsets: Mapping[Place, CommittedOffset]) -> None:
        """Keep these offsets; they are in the file when this returns. Raises `OSError` where it cannot be written."""
        self._append([[group, *place, *committed] for place, committed in offsets.items()])
        self._groups.setdefault(group, {}).update(offsets)
        self._rewrite_if_long()

    def forget_group(self, group: str) -> None:
        """Forget all that a group has committed."""
        self._append([[group]])
        self._groups.pop(group, None)
        self._rewrite_if_long()

    def forget_places(self, group: str, places: Iterable[Place]) -> None:
        """Forget what a group has committed in these partitions."""
        rest = {
            place: found for place, found in self._groups.get(group, {}).items() if place not in set(places)
        }
        self.forget_group(group)
        if rest:
            self.commit(group, rest)

    def forget_topic(self, topic: str) -> None:
        """Forget what any group has committed in a topic, so that a new one of that name begins anew."""
        for offsets in self._groups.values():
            for place in [place for place in offsets if place.topic == topic]:
                del offsets[place]
        self._groups = {group: offsets for group, offsets in self._groups.items() if offsets}
        os.close(self._file)
        self._rewrite()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _append(self, rows: Sequence[Sequence[object]]) -> None:
        data = _lines(rows)
        append_whole(self._file, [data], size=self._size)
        self._size += len(data)
        self._rows += len(rows)

    def _rewrite_if_long(self) -> None:
        if self._rows > self._rewrite_after + 2 * sum(map(len, self._groups.values())):
            os.close(self._file)
            self._rewrite()

    def _load(self) -> None:
        for number, line in enumerate(self.path.read_bytes().splitlines(), start=1):
            try:
                group, *rest = json.loads(line)
                if rest:
                    topic, partition, *committed = rest
                    self._groups.setdefault(group, {})[Place(topic, partition)] = CommittedOffset(*committed)
                else:
                    self._groups.pop(group, None)
            except (ValueError, TypeError):
                logger.warning("%s:%d was written half and is left out", self.path, number)

    def _rewrite(self) -> None:
        rows = [
            [group, *place, *committed]
            for group, offsets in self._groups.items()
            for place, committed in offsets.items()
        ]
        data = _lines(rows)
        write_whole(self.path, data.decode())
        self._rows, self._size = len(rows), len(data)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()
