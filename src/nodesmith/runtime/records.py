"""A record as it came from the bus, free of the client that brought it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.runtime.progress import PartitionName


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRecord:
    """One record. Of headers that come twice the last one counts; a header's value that is no UTF-8 is left out."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]

    @property
    def source(self) -> PartitionName:
        """The topic and partition it came from."""
        return self.topic, self.partition

    @property
    def key_text(self) -> str | None:
        """The key as text, whatever its bytes are."""
        return None if self.key is None else self.key.decode(errors="backslashreplace")
