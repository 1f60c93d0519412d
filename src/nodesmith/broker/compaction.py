"""Log compaction: of each key the last record stays, and a tombstone for a while, as in Kafka.

Only segments that are no longer written to are compacted. Offsets never change, what goes leaves a gap. Each file is
written beside the log, synced, and then put in the place of what it came from in one step, so that a crash at any moment
finds either; a record goes only where a later one of its key is in the log, so that any mixture of the two is right.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING

from nodesmith.broker.compacted import Compacted
from nodesmith.broker.record_set import UnreadableError, is_packed, read_records, unpack, with_only
from nodesmith.broker.records import read_header
from nodesmith.broker.segment import Segment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

    from nodesmith.broker.log import PartitionLog
    from nodesmith.broker.record_set import RecordFacts
    from nodesmith.broker.records import BatchHeader
    from nodesmith.broker.topic_settings import TopicSettings

    Pause = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)

MOST_KEYS = 250_000  # some 50 MB while they are looked at; with more, the rest comes with the next pass
_DIGEST_BYTES = 16
_RECORDS_AT_ONCE = 100


class StoppedError(Exception):
    """The log was closed or changed meanwhile: nothing is lost, and the next pass begins anew."""


def is_due(log: PartitionLog, settings: TopicSettings, compacted: Compacted) -> bool:
    """Tell whether enough was written since the last pass."""
    closed = log.segments[:-1]
    dirty = sum(segment.bytes_from(compacted.to) for segment in closed)
    everything = sum(segment.size for segment in closed)
    return dirty > settings.min_cleanable_dirty_ratio * everything


async def compact(
    log: PartitionLog,
    settings: TopicSettings,
    *,
    now_ms: int,
    last_batches: Mapping[int, int],
    pause: Pause,
    most_keys: int = MOST_KEYS,
) -> None:
    """Compact all but the last segment; `pause` is awaited every few records, and before each step on the disk.

    `last_batches` says of each producer where its last batch begins: the header of that one stays, by which the next is
    known to follow. Raises `StoppedError`, and `OSError` where the disk does not take it.
    """
    compacted = Compacted.read(log.folder)
    work = _Pass(log, compacted, last_batches=last_batches, pause=pause)
    await work.look(most_keys)
    work.tombstones_end = compacted.tombstones_end(now_ms - settings.delete_retention_ms)
    for group in _groups(work.closed, work.end, settings.segment_bytes):
        await work.rewrite(group)
    done = compacted.done(work.end, now_ms=now_ms, delete_retention_ms=settings.delete_retention_ms)
    await pause()
    done.write(log.folder)


def _groups(closed: Sequence[Segment], end: int, segment_bytes: int) -> Iterator[list[Segment]]:
    """Yield neighbours that fit into one segment together, so that segments do not get ever smaller and more."""
    group: list[Segment] = []
    for segment in closed:
        if segment.base_offset >= end:
            break
        if group and sum(one.size for one in group) + segment.size > segment_bytes:
            yield group
            group = []
        group.append(segment)
    if group:
        yield group


class _Pass:
    """One pass over a log, from its start up to `end`."""

    def __init__(
        self, log: PartitionLog, compacted: Compacted, *, last_batches: Mapping[int, int], pause: Pause
    ) -> None:
        self.closed = log.segments[:-1]
        self.end = self._begin = compacted.to
        self.tombstones_end = 0
        self._log = log
        self._last_batches = last_batches
        self._pause = pause
        self._newest: dict[bytes, int] = {}
        self._may_hide_keys = False  # once a batch was met that cannot be read, and may hold any key

    async def look(self, most_keys: int) -> None:
        """Find the last offset of each key since the last pass: up to the end, or to where there are too many."""
        for segment in self.closed:
            for number in range(segment.first_batch_from(self._begin), len(segment)):
                batch, header = self._batch(segment, number)
                try:
                    async for facts in self._records(await _unpacked(batch, header), header):
                        if facts.key is not None:
                            self._newest[_digest(facts.key)] = facts.offset
                except UnreadableError:
                    await self._pause()
                self.end = header.last_offset + 1
                if len(self._newest) > most_keys:
                    return
            self.end = max(self.end, segment.end_offset)

    async def rewrite(self, group: Sequence[Segment]) -> None:
        """Write what stays of some segments into one, and put it in their place."""
        clean = Segment(group[0].path.with_suffix(".clean"), base_offset=group[0].base_offset)
        try:
            await self._fill(clean, group)
            if len(group) == 1 and clean.size == group[0].size:
                _discard(clean)
                return
            await asyncio.to_thread(clean.sync)
            await self._pause()
            _check_open(group)
        except BaseException:
            _discard(clean)
            raise
        for left_over in self._log.replace(group, clean):
            await self._pause()
            left_over.unlink()

    async def _fill(self, clean: Segment, group: Sequence[Segment]) -> None:
        for segment in group:
            for number in range(len(segment)):
                batch, header = self._batch(segment, number)
                # The last one stays, if empty: the file then reaches as far as those that it is put in the place of.
                reaches_end = segment is group[-1] and number == len(segment) - 1
                kept = await self._kept(batch, header, header_stays=reaches_end)
                if kept is not None:
                    clean.append([kept[0]], kept[1])

    async def _kept(
        self, batch: bytes, header: BatchHeader, *, header_stays: bool
    ) -> tuple[bytes, BatchHeader] | None:
        """Return what stays of a batch, with its header; None where nothing does."""
        try:
            unpacked = await _unpacked(batch, header)
            kept = [facts async for facts in self._records(unpacked, header) if self._stays(facts)]
        except UnreadableError:
            self._may_hide_keys = True
            return batch, header
        if not kept and not header_stays and self._last_batches.get(header.producer_id) != header.base_offset:
            return None
        if len(kept) == header.record_count:
            return batch, header
        if is_packed(header):
            return await asyncio.to_thread(with_only, kept, unpacked=unpacked, header=header)
        return with_only(kept, unpacked=unpacked, header=header)

    def _stays(self, facts: RecordFacts) -> bool:
        if facts.offset >= self.end:
            return True
        if facts.key is None or facts.offset < self._log.start_offset:
            return False
        if self._newest.get(_digest(facts.key), facts.offset) > facts.offset:
            return False
        return not facts.is_tombstone or self._may_hide_keys or facts.offset >= self.tombstones_end

    async def _records(self, unpacked: bytes, header: BatchHeader) -> AsyncIterator[RecordFacts]:
        for number, facts in enumerate(read_records(unpacked, header)):
            if number % _RECORDS_AT_ONCE == 0:
                await self._pause()
            yield facts

    def _batch(self, segment: Segment, number: int) -> tuple[bytes, BatchHeader]:
        _check_open([segment])
        batch = segment.batch(number)
        return batch, read_header(batch)


async def _unpacked(batch: bytes, header: BatchHeader) -> bytes:
    if is_packed(header):
        return await asyncio.to_thread(unpack, batch, header)
    return unpack(batch, header)


def _digest(key: bytes) -> bytes:
    return key if len(key) <= _DIGEST_BYTES else hashlib.blake2b(key, digest_size=_DIGEST_BYTES).digest()


def _check_open(segments: Sequence[Segment]) -> None:
    if any(segment.is_closed for segment in segments):
        raise StoppedError


def _discard(clean: Segment) -> None:
    clean.close()
    clean.path.unlink()
