"""One partition: its log, what its producers have written, and who waits for the next record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.log import PartitionLog
from nodesmith.broker.producers import ProducerSequences
from nodesmith.broker.records import check_batch
from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

logger = logging.getLogger(__name__)

_TO_THE_END = -1


class Partition:
    """A partition that can be appended to, read (through `log`) and waited for (through `waiting`)."""

    def __init__(self, path: Path) -> None:
        self.producers = ProducerSequences()
        self.log = PartitionLog(path, on_batch=self.producers.remember)
        self.waiting: set[asyncio.Event] = set()

    def append(self, data: bytes | None) -> int:
        """Store one batch and return its base offset, the first one's where it is a repetition.

        Raises `RefusedError` where it may not be stored or the file cannot be written.
        """
        header = check_batch(data)
        repeated = self.producers.offset_of_repeat(header)
        if repeated is not None:
            return repeated
        try:
            base_offset = self.log.append(data or b"", header)
        except OSError as error:
            logger.exception("%s cannot be written", self.log.path)
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
            logger.exception("%s cannot be shortened", self.log.path)
            raise RefusedError(ErrorCode.kafka_storage_error, str(error)) from error
        self.wake()
        return self.log.start_offset

    def wake(self) -> None:
        """Wake everybody who waits for this partition."""
        for event in self.waiting:
            event.set()

    def close(self) -> None:
        """Close the log, and let who waits see that it is gone."""
        self.log.close()
        self.wake()
