"""One segment of a partition's log: a file of record batches, and where each of them is, kept in memory.

A segment is named by an offset that none of its records comes before. Only the last one of a log is written to; offsets rise
within it, with gaps where records were taken out.
"""

from __future__ import annotations

import logging
import mmap
import os
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from nodesmith.broker import records
from nodesmith.broker.files import append_whole
from nodesmith.broker.record_set import first_record_since

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from typing_extensions import Buffer

    from nodesmith.broker.records import BatchHeader

    OnBatch = Callable[[BatchHeader, int], None]

logger = logging.getLogger(__name__)

SUFFIX = ".log"
_NAME_DIGITS = 20  # Kafka's own names


def segment_path(folder: Path, base_offset: int) -> Path:
    """Return where the segment that begins at `base_offset` is kept."""
    return folder / f"{base_offset:0{_NAME_DIGITS}d}{SUFFIX}"


class Segment:
    """An open segment. The index is 24 bytes a batch: its last offset, its position, its newest timestamp.

    A file that exists is read: every batch's header and checksum; each header goes to `on_batch`, and what was written half
    is cut off.
    """

    def __init__(self, path: Path, *, base_offset: int, on_batch: OnBatch | None = None) -> None:
        self.path = path
        self.base_offset = base_offset
        self.end_offset = base_offset
        self.size = 0
        self.is_closed = False
        self.max_timestamp = self.first_timestamp = -1
        self._last_offsets = array("q")
        self._positions = array("q")
        self._timestamps = array("q")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            self._recover(on_batch)
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        """Return how many batches there are."""
        return len(self._positions)

    def close(self) -> None:
        """Close the file."""
        if not self.is_closed:
            os.close(self._file)
            self.is_closed = True

    def move(self, path: Path) -> None:
        """Put the file in the place of another, which is replaced whole."""
        self.path.replace(path)
        self.path = path

    def sync(self) -> None:
        """Wait until the medium has what was written."""
        os.fsync(self._file)

    def append(self, batch: Sequence[Buffer], header: BatchHeader) -> None:
        """Write the parts of one batch that has its place, or take back what was written of it and raise `OSError`."""
        append_whole(self._file, batch, size=self.size)
        self._index(header)

    def read(self, offset: int, *, max_bytes: int, at_least_one: bool) -> bytes:
        """Return whole batches from the one that holds `offset`, or comes after it, up to `max_bytes`.

        With `at_least_one` the first batch comes even if it is larger, so that a reader never gets stuck.
        """
        first = bisect_left(self._last_offsets, offset)
        if first == len(self._last_offsets):
            return b""
        start = self._positions[first]
        after = bisect_right(self._positions, start + max_bytes, lo=first) - 1
        end = self.size if self.size - start <= max_bytes else self._positions[max(after, first)]
        if end == start and at_least_one:
            end = self.position(first + 1)
        return os.pread(self._file, end - start, start)

    def batch(self, number: int) -> bytes:
        """Return one batch whole."""
        start = self.position(number)
        return os.pread(self._file, self.position(number + 1) - start, start)

    def position(self, number: int) -> int:
        """Return where a batch begins; the one after the last begins at the end."""
        return self._positions[number] if number < len(self._positions) else self.size

    def first_batch_from(self, offset: int) -> int:
        """Return the number of the first batch that reaches to `offset` or beyond."""
        return bisect_left(self._last_offsets, offset)

    def bytes_from(self, offset: int) -> int:
        """Return how many bytes there are from the batch on that reaches to `offset`."""
        return self.size - self.position(self.first_batch_from(offset))

    def find_timestamp(self, timestamp: int, *, from_offset: int) -> tuple[int, int] | None:
        """Return offset and timestamp of the first record that is not older than `timestamp`, if any."""
        if self.max_timestamp < timestamp:
            return None
        for number in range(self.first_batch_from(from_offset), len(self)):
            if self._timestamps[number] >= timestamp:
                found = first_record_since(self.batch(number), timestamp, from_offset=from_offset)
                if found is not None:
                    return found
        return None

    def _index(self, header: BatchHeader) -> None:
        if not self._positions:
            self.first_timestamp = header.max_timestamp
        self._last_offsets.append(header.last_offset)
        self._positions.append(self.size)
        self._timestamps.append(header.max_timestamp)
        self.max_timestamp = max(self.max_timestamp, header.max_timestamp)
        self.size += header.size
        self.end_offset = header.last_offset + 1

    def _recover(self, on_batch: OnBatch | None) -> None:
        size = os.fstat(self._file).st_size
        if size:
            with mmap.mmap(self._file, size, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
                while (header := self._whole_batch_at(view, self.size)) is not None:
                    self._index(header)
                    if on_batch is not None:
                        on_batch(header, header.base_offset)
        if self.size < size:
            logger.warning(
                "%s: %d bytes at the end were written half and are cut off", self.path, size - self.size
            )
            os.ftruncate(self._file, self.size)

    def _whole_batch_at(self, data: memoryview, position: int) -> BatchHeader | None:
        if len(data) - position < records.HEADER_SIZE:
            return None
        header = records.read_header(data, position)
        whole = (
            header.magic == records.MAGIC
            and records.HEADER_SIZE <= header.size <= len(data) - position
            and header.base_offset >= self.end_offset
            and header.last_offset_delta >= 0
        )
        if not whole:
            return None
        with data[position : position + header.size] as batch:
            return header if records.checksum_holds(header, batch) else None
