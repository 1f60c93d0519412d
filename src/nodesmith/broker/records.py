"""Record batches (format 2), looked at from outside: the header is read, the records stay opaque bytes.

Base offset and leader epoch are what a broker fills in; both lie outside the bytes that the checksum covers.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from crc32c import crc32c
from kio.schema.errors import ErrorCode

from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_HEADER = struct.Struct(">qiibIhiqqqhii")
_LOCATION = struct.Struct(">qii")
HEADER_SIZE = _HEADER.size
LENGTH_ENDS_AT = 12  # the batch's length counts what comes after itself and the base offset
CHECKSUM_COVERS_FROM = 21
MAGIC = 2
MAX_BATCH_BYTES = (
    1_048_588  # Kafka's own default for `max.message.bytes`, so that a laptop refuses what production would
)
LEADER_EPOCH = 0

_TRANSACTIONAL, _CONTROL = 0x10, 0x20


class BatchHeader(NamedTuple):
    """The fixed part of a record batch, in the order of the wire."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    checksum: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def size(self) -> int:
        """Return the batch's whole size in bytes."""
        return LENGTH_ENDS_AT + self.length

    @property
    def last_offset(self) -> int:
        """Return the offset of the batch's last record."""
        return self.base_offset + self.last_offset_delta


def read_header(data: Buffer, position: int = 0) -> BatchHeader:
    """Read a batch header; `data` must hold `HEADER_SIZE` bytes from `position` on."""
    return BatchHeader._make(_HEADER.unpack_from(data, position))


def write_header(header: BatchHeader) -> bytes:
    """Return a batch header's bytes."""
    return _HEADER.pack(*header)


def checksum_holds(header: BatchHeader, batch: memoryview) -> bool:
    """Tell whether the bytes of one whole batch are the ones that were sent."""
    return crc32c(batch[CHECKSUM_COVERS_FROM:]) == header.checksum


def check_batch(data: bytes | memoryview | None, *, max_bytes: int = MAX_BATCH_BYTES) -> BatchHeader:
    """Return the header of the one batch in `data`, or raise `RefusedError` where it may not be stored."""
    if not data:
        raise RefusedError(ErrorCode.invalid_record, "no records were sent")
    if len(data) > max_bytes:
        raise RefusedError(
            ErrorCode.message_too_large, f"{len(data)} bytes, and a batch may have {max_bytes}"
        )
    if len(data) < HEADER_SIZE:
        raise RefusedError(ErrorCode.invalid_record, "shorter than a batch's header")
    header = read_header(data)
    if header.magic != MAGIC:
        raise RefusedError(ErrorCode.invalid_record, f"message format {header.magic}, not 2")
    if header.size != len(data):
        raise RefusedError(ErrorCode.invalid_record, "not exactly one batch")
    if not checksum_holds(header, memoryview(data)):
        raise RefusedError(ErrorCode.corrupt_message, "the checksum does not fit")
    if header.record_count < 1 or header.last_offset_delta != header.record_count - 1:
        raise RefusedError(ErrorCode.invalid_record, "the number of records does not fit the offsets")
    if header.attributes & (_TRANSACTIONAL | _CONTROL):
        raise RefusedError(ErrorCode.invalid_record, "this broker has no transactions")
    return header


def placed(batch: Buffer, header: BatchHeader, base_offset: int) -> tuple[bytes, memoryview]:
    """Return the parts of a batch that begins at `base_offset` and says who led the partition."""
    return _LOCATION.pack(base_offset, header.length, LEADER_EPOCH), memoryview(batch)[_LOCATION.size :]
