"""What idempotent producers have written to one partition, so that a batch sent twice is stored once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from nodesmith.broker.records import BatchHeader

REMEMBERED_BATCHES = 5  # a producer has at most this many batches under way
MOST_PRODUCERS = 10_000  # of one partition; the one that has been silent the longest is forgotten
_SEQUENCE_MASK = 0x7FFFFFFF  # sequence numbers wrap around to 0


@dataclass(slots=True)
class _Written:
    epoch: int
    batches: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED_BATCHES))


class ProducerSequences:
    """The last batches of each producer: first sequence number, last one, and the offset they got."""

    def __init__(self) -> None:
        self._written: dict[int, _Written] = {}

    def offset_of_repeat(self, header: BatchHeader) -> int | None:
        """Return the offset that this batch got when it came before, or None where it is new and in order.

        Raises `RefusedError` for a producer that was replaced and for a gap in the sequence. A producer this
        partition knows nothing of may begin anywhere, as in Kafka.
        """
        written = self._written.get(header.producer_id)
        if header.producer_id < 0 or written is None:
            return None
        if header.producer_epoch < written.epoch:
            raise RefusedError(ErrorCode.invalid_producer_epoch, "a newer producer has taken over")
        if header.producer_epoch > written.epoch:
            expected = 0
        else:
            for first, last, offset in written.batches:
                if first == header.base_sequence and last == _last_sequence(header):
                    return offset
            expected = (written.batches[-1][1] + 1) & _SEQUENCE_MASK
        if header.base_sequence != expected:
            raise RefusedError(
                ErrorCode.out_of_order_sequence_number, f"sequence {header.base_sequence}, not {expected}"
            )
        return None

    def remember(self, header: BatchHeader, base_offset: int) -> None:
        """Note that this batch is stored from `base_offset` on."""
        if header.producer_id < 0:
            return
        written = self._written.pop(header.producer_id, None)
        if written is None or written.epoch != header.producer_epoch:
            written = _Written(header.producer_epoch)
        written.batches.append((header.base_sequence, _last_sequence(header), base_offset))
        self._written[header.producer_id] = written
        if len(self._written) > MOST_PRODUCERS:
            del self._written[next(iter(self._written))]

    def last_batches(self) -> dict[int, int]:
        """Return of each producer where its last batch begins."""
        return {producer_id: written.batches[-1][2] for producer_id, written in self._written.items()}


def _last_sequence(header: BatchHeader) -> int:
    return (header.base_sequence + header.last_offset_delta) & _SEQUENCE_MASK
