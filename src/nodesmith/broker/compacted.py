"""How far a log has been compacted, and when: a small file beside it, which may be lost at the cost of another pass."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from nodesmith.broker.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

_FILE = "compacted.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """Below `to` no key comes twice, except in batches that could not be read.

    `passes` are ends of passes with their times in milliseconds: by them it is known how long a tombstone has been the last
    of its key.
    """

    to: int = 0
    passes: tuple[tuple[int, int], ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what is known of the log in `folder`."""
        path = folder / _FILE
        try:
            said = json.loads(path.read_text(encoding="ascii"))
            return cls(to=int(said["to"]), passes=tuple((int(end), int(at)) for end, at in said["passes"]))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError, KeyError):
            logger.warning("%s cannot be read: the log is compacted from its start", path)
            return cls()

    def write(self, folder: Path) -> None:
        """Keep this on disk."""
        write_whole(folder / _FILE, json.dumps({"to": self.to, "passes": self.passes}) + "\n")

    def done(self, end: int, *, now_ms: int, delete_retention_ms: int) -> Compacted:
        """Return what is known after a pass that went up to `end`."""
        passes = (*self.passes, (end, now_ms))
        old = [one for one in passes if one[1] <= now_ms - delete_retention_ms]
        return Compacted(to=max(self.to, end), passes=(*old[-1:], *passes[len(old) :]))

    def tombstones_end(self, before_ms: int) -> int:
        """Return the offset below which every tombstone was the last of its key already before that time."""
        return max((end for end, at in self.passes if at <= before_ms), default=0)
