"""Record batches (format 2), looked at from outside: the header is read, the records stay opaque bytes.

Base offset and leader epoch are what a broker fills in; both lie outside the bytes that the checksum covers.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from crc32c import crc32c
from kio.schema.errors import ErrorCode
from kio.serial.errors import SerialError
from kio.serial.readers import read_signed_varint, read_signed_varlong

from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

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

_COMPRESSION_MASK, _GZIP = 0x07, 1
_MAX_UNPACKED_BYTES = 64 * MAX_BATCH_BYTES
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


def checksum_holds(header: BatchHeader, batch: memoryview) -> bool:
    """Tell whether the bytes of one whole batch are the ones that were sent."""
    return crc32c(batch[CHECKSUM_COVERS_FROM:]) == header.checksum


def check_batch(data: bytes | None) -> BatchHeader:
    """Return the header of the one batch in `data`, or raise `RefusedError` where it may not be stored."""
    if not data:
        raise RefusedError(ErrorCode.invalid_record, "no records were sent")
    if len(data) > MAX_BATCH_BYTES:
        raise RefusedError(
            ErrorCode.message_too_large, f"{len(data)} bytes, and a batch may have {MAX_BATCH_BYTES}"
        )
    if len(data) < HEADER_SIZE:
        raise RefusedError(ErrorCode.corrupt_message, "shorter than a batch's header")
    header = read_header(data)
    if header.magic != MAGIC:
        raise RefusedError(ErrorCode.unsupported_for_message_format, f"message format {header.magic}, not 2")
    if header.size != len(data):
        raise RefusedError(ErrorCode.invalid_record, "not exactly one batch")
    if not checksum_holds(header, memoryview(data)):
        raise RefusedError(ErrorCode.corrupt_message, "the checksum does not fit")
    if header.record_count < 1 or header.last_offset_delta != header.record_count - 1:
        raise RefusedError(ErrorCode.invalid_record, "the number of records does not fit the offsets")
    if header.attributes & (_TRANSACTIONAL | _CONTROL):
        raise RefusedError(ErrorCode.invalid_record, "this broker has no transactions")
    return header


def placed(batch: bytes, header: BatchHeader, base_offset: int) -> bytearray:
    """Return a copy of `batch` that begins at `base_offset` and says who led the partition."""
    copy = bytearray(batch)
    _LOCATION.pack_into(copy, 0, base_offset, header.length, LEADER_EPOCH)
    return copy


def first_record_since(batch: bytes, timestamp: int, *, from_offset: int = 0) -> tuple[int, int] | None:
    """Return offset and timestamp of the first record that is not older than `timestamp` and not before `from_offset`.

    None where the batch holds none. Records compressed with anything but gzip cannot be looked at with the standard
    library: then it is the first record that may be read, so a reader sees a few older ones rather than miss any.
    """
    header = read_header(batch)
    first = max(header.base_offset, from_offset)
    if header.base_timestamp < timestamp or first > header.base_offset:
        try:
            stamped = list(_timestamps(batch, header))
        except (zlib.error, SerialError):
            stamped = []  # a producer may send what no reader can unpack; the checksum only says that it came as sent
        if stamped:
            since = (
                (header.base_offset + delta, stamp)
                for delta, stamp in stamped
                if stamp >= timestamp and header.base_offset + delta >= first
            )
            return next(since, None)
    return first, header.base_timestamp


def _timestamps(batch: bytes, header: BatchHeader) -> Iterator[tuple[int, int]]:
    codec = header.attributes & _COMPRESSION_MASK
    if codec not in {0, _GZIP}:
        return
    records = batch[HEADER_SIZE:]
    if codec == _GZIP:
        records = zlib.decompressobj(wbits=31).decompress(records, _MAX_UNPACKED_BYTES)
    position = 0
    for _ in range(header.record_count):
        length, size = read_signed_varint(records, position)
        position += size
        timestamp_delta, size = read_signed_varlong(records, position + 1)  # behind one byte of attributes
        offset_delta, _ = read_signed_varint(records, position + 1 + size)
        yield offset_delta, header.base_timestamp + timestamp_delta
        position += length
