"""One partition's log: batches one after the other in one file, and where each is kept in memory.

An append is one `write()` before the producer hears of it, so what was acknowledged is the operating system's to
keep when the broker is killed. Nothing is synced to the medium: a power cut can cost the last seconds.
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

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nodesmith.broker.records import BatchHeader

logger = logging.getLogger(__name__)


class PartitionLog:
    """An append-only file of record batches.

    Opening it reads every batch's header and checksum, hands each header to `on_batch`, and cuts off what was
    written half. The index is 24 bytes a batch: its last offset, its position, its newest timestamp.
    """

    def __init__(self, path: Path, *, on_batch: Callable[[BatchHeader, int], None]) -> None:
        self.path = path
        self.end_offset = 0
        self._size = 0
        self._last_offsets = array("q")
        self._positions = array("q")
        self._timestamps = array("q")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._recover(on_batch)

    @property
    def start_offset(self) -> int:
        """Return the first offset there is; nothing is ever deleted from a log's beginning."""
        return 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def append(self, batch: bytes, header: BatchHeader) -> int:
        """Write a checked batch at the end and return the offset of its first record.

        A write that fails half-way (a full disk) is taken back before the error is raised.
        """
        base_offset = self.end_offset
        append_whole(self._file, records.placed(batch, header, base_offset), size=self._size)
        self._index(header._replace(base_offset=base_offset))
        return base_offset

    def read(self, offset: int, *, max_bytes: int, at_least_one: bool) -> bytes:
        """Return whole batches from the one that holds `offset`, up to `max_bytes`.

        With `at_least_one` the first batch comes even if it is larger, so that a reader never gets stuck.
        """
        first = bisect_left(self._last_offsets, offset)
        if first == len(self._last_offsets):
            return b""
        start = self._positions[first]
        after = bisect_right(self._positions, start + max_bytes, lo=first) - 1
        end = self._size if self._size - start <= max_bytes else self._positions[max(after, first)]
        if end == start and at_least_one:
            end = self._end_of(first)
        return os.pread(self._file, end - start, start)

    def bytes_from(self, offset: int) -> int:
        """Return how many bytes `read` could return from `offset` on."""
        first = bisect_left(self._last_offsets, offset)
        return self._size - self._positions[first] if first < len(self._last_offsets) else 0

    def find_timestamp(self, timestamp: int) -> tuple[int, int] | None:
        """Return offset and timestamp of the first record that is not older than `timestamp`, if any."""
        for number, newest in enumerate(self._timestamps):
            if newest >= timestamp:
                return records.first_record_since(self._batch(number), timestamp)
        return None

    def _batch(self, number: int) -> bytes:
        start = self._positions[number]
        return os.pread(self._file, self._end_of(number) - start, start)

    def _end_of(self, number: int) -> int:
        return self._positions[number + 1] if number + 1 < len(self._positions) else self._size

    def _index(self, header: BatchHeader) -> None:
        self._last_offsets.append(header.last_offset)
        self._positions.append(self._size)
        self._timestamps.append(header.max_timestamp)
        self._size += header.size
        self.end_offset = header.last_offset + 1

    def _recover(self, on_batch: Callable[[BatchHeader, int], None]) -> None:
        size = os.fstat(self._file).st_size
        if size:
            with mmap.mmap(self._file, size, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
                while (header := self._whole_batch_at(view, self._size)) is not None:
                    self._index(header)
                    on_batch(header, header.base_offset)
        if self._size < size:
            logger.warning(
                "%s: %d bytes at the end were written half and are cut off", self.path, size - self._size
            )
            os.ftruncate(self._file, self._size)

    def _whole_batch_at(self, data: memoryview, position: int) -> BatchHeader | None:
        if len(data) - position < records.HEADER_SIZE:
            return None
        header = records.read_header(data, position)
        whole = (
            header.magic == records.MAGIC
            and records.HEADER_SIZE <= header.size <= len(data) - position
            and header.base_offset == self.end_offset
            and header.last_offset_delta >= 0
        )
        if not whole:
            return None
        with data[position : position + header.size] as batch:
            return header if records.checksum_holds(header, batch) else None
