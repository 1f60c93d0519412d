"""One partition's log: batches one after the other in one file, and where each is kept in memory.

An append is one `write()` before the producer hears of it, so what was acknowledged is the operating system's to
keep when the broker is killed. Nothing is synced to the medium: a power cut can cost the last seconds.

Where records were deleted from the beginning, a small file beside the log says where it starts now. It is written first:
whatever of the log is still there before that offset does not count, and goes when there is enough of it.
"""

from __future__ import annotations

import logging
import mmap
import os
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from nodesmith.broker import records
from nodesmith.broker.files import append_whole, cut_front, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nodesmith.broker.records import BatchHeader

logger = logging.getLogger(__name__)

# Rewriting the file for less would cost more than the space is worth.
_WORTH_CUTTING_BYTES = 1024 * 1024


class PartitionLog:
    """An append-only file of record batches.

    Opening it reads every batch's header and checksum, hands each header to `on_batch`, and cuts off what was
    written half. The index is 24 bytes a batch: its last offset, its position, its newest timestamp.
    """

    def __init__(self, path: Path, *, on_batch: Callable[[BatchHeader, int], None]) -> None:
        self.path = path
        self._start_path = path.with_suffix(".start")
        start = _read_start(self._start_path)
        self._start_is_lost = start is None
        self.start_offset = self.end_offset = start or 0
        self._size = 0
        self._last_offsets = array("q")
        self._positions = array("q")
        self._timestamps = array("q")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._recover(on_batch)

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

    def delete_before(self, offset: int) -> None:
        """Let the log start at `offset`, which is not beyond its end; raise `OSError` where that cannot be kept on disk."""
        if offset <= self.start_offset:
            return
        write_whole(self._start_path, f"{offset}\n")
        self.start_offset = offset
        first = bisect_left(self._last_offsets, offset)
        deleted = self._position(first)
        if deleted == self._size or deleted >= max(_WORTH_CUTTING_BYTES, self._size // 2):
            self._cut_front(first, deleted)

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
        for number in range(bisect_left(self._last_offsets, self.start_offset), len(self._timestamps)):
            if self._timestamps[number] >= timestamp:
                batch = self._batch(number)
                found = records.first_record_since(batch, timestamp, from_offset=self.start_offset)
                if found is not None:
                    return found
        return None

    def _batch(self, number: int) -> bytes:
        start = self._positions[number]
        return os.pread(self._file, self._end_of(number) - start, start)

    def _position(self, number: int) -> int:
        return self._positions[number] if number < len(self._positions) else self._size

    def _end_of(self, number: int) -> int:
        return self._position(number + 1)

    def _cut_front(self, batches: int, size: int) -> None:
        """Give the space of the first `batches`, `size` bytes together, back; the log is whole at any moment."""
        try:
            file = cut_front(self.path, size)
        except OSError as error:
            logger.warning("%s keeps %d bytes of deleted records: %s", self.path, size, error)
            return
        os.close(self._file)
        self._file = file
        self._size -= size
        self._last_offsets = self._last_offsets[batches:]
        self._timestamps = self._timestamps[batches:]
        self._positions = array("q", [position - size for position in self._positions[batches:]])

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
                self._begin_at(view)
                while (header := self._whole_batch_at(view, self._size)) is not None:
                    self._index(header)
                    on_batch(header, header.base_offset)
        if self.end_offset < self.start_offset:
            self._begin_anew()
        if self._size < size:
            logger.warning(
                "%s: %d bytes at the end were written half and are cut off", self.path, size - self._size
            )
            os.ftruncate(self._file, self._size)

    def _begin_at(self, data: memoryview) -> None:
        """Take the first batch's offset for the file's; none begins beyond where the log starts, as far as that is known."""
        if len(data) < records.HEADER_SIZE:
            return
        first = records.read_header(data).base_offset
        if self._start_is_lost:
            self.start_offset = max(0, first)
        self.end_offset = first if 0 <= first <= self.start_offset else 0

    def _begin_anew(self) -> None:
        """Forget records that all come before the start: one appended at the start would not follow them."""
        self._size, self.end_offset = 0, self.start_offset
        for index in (self._last_offsets, self._positions, self._timestamps):
            del index[:]

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


def _read_start(path: Path) -> int | None:
    """Return where the log starts, 0 where nothing was ever deleted, None where the file does not say it any more."""
    try:
        return max(0, int(path.read_text(encoding="ascii")))
    except FileNotFoundError:
        return 0
    except ValueError:
        logger.warning("%s says nothing: the log starts with the first record there is", path)
        return None
