"""A record as it came from the bus, free of the client that brought it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from hashlib import sha1
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.runtime.progress import PartitionName

# Made once, by chance; it only keeps these ids apart from other uuid5 ids.
_RECORD_IDS = UUID("0e6a0f9c-6f0e-4c2f-9a3b-3a3f8f2f8d6b")


# The id that a record without one had before it was taken from the dead letters and sent again.
REPLAY_ID_HEADER = "ns-replay-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRecord:
    """One record. Of headers that come twice the last one counts; a header's value that is no UTF-8 is left out.

    `timestamp` is the record's own, in milliseconds; `all_headers` are the headers exactly as they came.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]
    timestamp: int = 0
    all_headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def own_id(self) -> UUID:
        """The id of a record that carries none: the same whenever this very record is delivered, or sent again as a replay.

        Its place alone would not do: a topic that was deleted and made again has the same places for other records.
        """
        if replayed := self.headers.get(REPLAY_ID_HEADER):
            with contextlib.suppress(ValueError):
                return UUID(replayed)
        digest = sha1(self.value or b"", usedforsecurity=False).hexdigest()
        return uuid5(_RECORD_IDS, f"{self.topic}/{self.partition}/{self.offset}/{self.timestamp}/{digest}")

    @property
    def source(self) -> PartitionName:
        """The topic and partition it came from."""
        return self.topic, self.partition

    @property
    def size(self) -> int:
        """How many bytes it takes, about."""
        size = len(self.key or b"") + len(self.value or b"")
        for name, value in self.all_headers:
            size += len(name) + len(value or b"")
        return size

    @property
    def key_text(self) -> str | None:
        """The key as text, whatever its bytes are."""
        return None if self.key is None else self.key.decode(errors="backslashreplace")
