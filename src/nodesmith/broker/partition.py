"""One partition: its log, what its producers have written, and who waits for the next record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.log import PartitionLog
from nodesmith.broker.producers import ProducerSequences
from nodesmith.broker.record_set import UnreadableError, read_records, unpack
from nodesmith.broker.records import check_batch
from nodesmith.broker.refusal import RefusedError
from nodesmith.broker.topic_settings import COMPACT

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from nodesmith.broker.records import BatchHeader
    from nodesmith.broker.topic_settings import TopicSettings

logger = logging.getLogger(__name__)

_TO_THE_END = -1


class Partition:
    """A partition that can be appended to, read (through `log`) and waited for (through `waiting`).

    `on_roll` is called when a segment has become full, so that there may be something to tidy up.
    """

    def __init__(self, folder: Path, settings: TopicSettings, *, on_roll: Callable[[], None]) -> None:
        self.settings = settings
        self.producers = ProducerSequences()
        self.log = PartitionLog(folder, on_batch=self.producers.remember)
        self.waiting: set[asyncio.Event] = set()
        self._on_roll = on_roll

    def append(self, data: bytes | memoryview | None) -> int:
        """Store one batch and return its base offset, the first one's where it is a repetition.

        Raises `RefusedError` where it may not be stored or the file cannot be written.
        """
        header = check_batch(data, max_bytes=self.settings.max_message_bytes)
        batch = data or b""
        if COMPACT in self.settings.cleanup_policy:
            _check_keys(batch, header)
        repeated = self.producers.offset_of_repeat(header)
        if repeated is not None:
            return repeated
        try:
            self._roll_where_full(header)
            base_offset = self.log.append(batch, header)
        except OSError as error:
            logger.exception("%s cannot be written", self.log.folder)
            raise RefusedError(ErrorCode.kafka_storage_error, str(error)) from error
        self.producers.remember(header, base_offset)
        self.wake()
        return base_offset

    def delete_before(self, offset: int) -> int:
        """Delete the records before `offset`, all where it is -1, and return where the partition starts now.

        Raises `RefusedError` for an offset beyond the end and where the disk does not take it.
        """
        wanted = self.log.end_offset if offset == _TO_THE_END else offset
        if not 0 <= wanted <= self.log.end_offset:
            raise RefusedError(ErrorCode.offset_out_of_range)
        try:
            self.log.delete_before(wanted)
        except OSError as error:
            logger.exception("%s cannot be shortened", self.log.folder)
            raise RefusedError(ErrorCode.kafka_storage_error, str(error)) from error
        self.wake()
        return self.log.start_offset

    def expire(self, *, keep_bytes: int | None, not_before: int | None) -> None:
        """Delete the oldest segments, see `PartitionLog.expire`; raises `OSError`."""
        if self.log.expire(keep_bytes=keep_bytes, not_before=not_before):
            self.wake()

    def wake(self) -> None:
        """Wake everybody who waits for this partition."""
        for event in self.waiting:
            event.set()

    def close(self) -> None:
        """Close the log, and let who waits see that it is gone."""
        self.log.close()
        self.wake()

    def _roll_where_full(self, header: BatchHeader) -> None:
        active, settings = self.log.segments[-1], self.settings
        if not active.size:
            return
        age = header.max_timestamp - active.first_timestamp
        if active.size + header.size > settings.segment_bytes or age > settings.segment_ms:
            self.log.roll()
            self._on_roll()


def _check_keys(batch: bytes | memoryview, header: BatchHeader) -> None:
    """Refuse records without a key, by which a log could not be compacted."""
    try:
        without = any(facts.key is None for facts in read_records(unpack(batch, header), header))
    except UnreadableError:
        return  # what cannot be looked into is never compacted
    if without:
        raise RefusedError(
            ErrorCode.invalid_record, "Compacted topic cannot accept message without key in topic partition"
        )
