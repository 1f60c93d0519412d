"""One partition's log: segments, one after the other.

An append is one `write()` before the producer hears of it, so what was acknowledged is the operating system's to
keep when the broker is killed. Nothing of it is synced to the medium: a power cut can cost the last seconds.

Where records were deleted from the beginning, the file `start` says where the log starts now. It is written first:
whatever is still there before that offset does not count, and goes afterwards, whole segments first.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from typing import TYPE_CHECKING

from nodesmith.broker import records
from nodesmith.broker.files import cut_front, write_whole
from nodesmith.broker.log_folder import LogFolder
from nodesmith.broker.segment import Segment, segment_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from typing_extensions import Buffer

    from nodesmith.broker.records import BatchHeader
    from nodesmith.broker.segment import OnBatch

logger = logging.getLogger(__name__)

# Rewriting a file for less would cost more than the space is worth.
_WORTH_CUTTING_BYTES = 1024 * 1024


class PartitionLog:
    """A log of record batches in a folder; opening it reads every batch and hands its header to `on_batch`."""

    def __init__(self, folder: Path, *, on_batch: OnBatch | None = None) -> None:
        opened = LogFolder(folder).open(on_batch)
        self.folder = folder
        self.start_offset = opened.start_offset
        self.segments = opened.segments
        self.is_closed = False
        if self.end_offset < self.start_offset:
            self._begin_anew()

    @property
    def end_offset(self) -> int:
        """Return the offset of the next record."""
        return self.segments[-1].end_offset

    @property
    def size(self) -> int:
        """Return how many bytes the segments have."""
        return sum(segment.size for segment in self.segments)

    def close(self) -> None:
        """Close the files."""
        self.is_closed = True
        for segment in self.segments:
            segment.close()

    def append(self, batch: Buffer, header: BatchHeader) -> int:
        """Write a checked batch at the end and return the offset of its first record.

        A write that fails half-way (a full disk) is taken back before the error is raised.
        """
        active = self.segments[-1]
        base_offset = active.end_offset
        active.append(records.placed(batch, header, base_offset), header._replace(base_offset=base_offset))
        return base_offset

    def roll(self) -> None:
        """Begin a new segment, unless the last one is still empty."""
        end = self.end_offset
        if self.segments[-1].base_offset < end:
            self.segments.append(Segment(segment_path(self.folder, end), base_offset=end))

    def delete_before(self, offset: int) -> None:
        """Let the log start at `offset`, which is not beyond its end; raise `OSError` where that cannot be kept on disk."""
        if offset <= self.start_offset:
            return
        write_whole(self.folder / "start", f"{offset}\n")
        self.start_offset = offset
        try:
            self._give_space_back()
        except OSError as error:
            logger.warning("%s keeps deleted records for now: %s", self.folder, error)

    def expire(self, *, keep_bytes: int | None, not_before: int | None) -> bool:
        """Delete the oldest segments that are too many or too old; tell whether any went.

        As in Kafka: `keep_bytes` stay at least, and a segment goes when its newest record is older than `not_before`.
        """
        segments, expired = self.segments, 0
        if keep_bytes is not None:
            surplus = self.size - keep_bytes
            while expired < len(segments) - 1 and surplus >= segments[expired].size:
                surplus -= segments[expired].size
                expired += 1
        if not_before is not None:
            while (
                expired < len(segments)
                and len(segments[expired])
                and segments[expired].max_timestamp < not_before
            ):
                expired += 1
        if not expired:
            return False
        self.delete_before(segments[expired].base_offset if expired < len(segments) else self.end_offset)
        return True

    def replace(self, old: Sequence[Segment], new: Segment) -> list[Path]:
        """Put `new` in the place of neighbours that are no longer written to, and return the files that are left over.

        From here on a crash finds the new one: of those left over it knows that their records are in it.
        """
        first = self.segments.index(old[0])
        assert self.segments[first : first + len(old)] == list(old)
        assert old[-1] is not self.segments[-1]
        new.move(old[0].path)
        self.segments[first : first + len(old)] = [new]
        for segment in old:
            segment.close()
        return [segment.path for segment in old[1:]]

    def read(self, offset: int, *, max_bytes: int, at_least_one: bool) -> bytes:
        """Return whole batches of one segment from the one that holds `offset`, or comes after it, up to `max_bytes`."""
        for segment in self.segments[self._segment_of(offset) :]:
            if segment.end_offset > offset and segment.bytes_from(offset):
                return segment.read(offset, max_bytes=max_bytes, at_least_one=at_least_one)
        return b""

    def bytes_from(self, offset: int) -> int:
        """Return how many bytes could be read from `offset` on."""
        first = self._segment_of(offset)
        later = sum(segment.size for segment in self.segments[first + 1 :])
        return self.segments[first].bytes_from(offset) + later

    def find_timestamp(self, timestamp: int) -> tuple[int, int] | None:
        """Return offset and timestamp of the first record that is not older than `timestamp`, if any."""
        for segment in self.segments:
            found = segment.find_timestamp(timestamp, from_offset=self.start_offset)
            if found is not None:
                return found
        return None

    def find_newest(self) -> tuple[int, int] | None:
        """Return offset and timestamp of the first record that none is newer than, if there is any record."""
        newest = max((segment.max_timestamp for segment in self.segments), default=-1)
        return self.find_timestamp(newest)

    def _segment_of(self, offset: int) -> int:
        if offset >= self.segments[-1].base_offset:  # nearly always
            return len(self.segments) - 1
        return max(0, bisect_right(self.segments, offset, key=lambda segment: segment.base_offset) - 1)

    def _give_space_back(self) -> None:
        """Remove what comes before the start; the log is whole at any moment."""
        if self.start_offset == self.end_offset:
            self.roll()
        while len(self.segments) > 1 and self.segments[1].base_offset <= self.start_offset:
            self.segments[0].path.unlink()
            self.segments.pop(0).close()
        first = self.segments[0]
        deleted = first.position(first.first_batch_from(self.start_offset))
        if deleted >= max(_WORTH_CUTTING_BYTES, first.size // 2):
            cut_front(first.path, deleted)
            self.segments[0] = Segment(first.path, base_offset=first.base_offset)
            first.close()

    def _begin_anew(self) -> None:
        """Leave records that all come before the start behind: one appended at the start would not follow them."""
        self.segments.append(
            Segment(segment_path(self.folder, self.start_offset), base_offset=self.start_offset)
        )
        self._give_space_back()
