"""The records within a batch: their keys read, some of them left out.

What is compressed with anything but gzip cannot be looked into with the standard library: such a batch stays as it is.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from crc32c import crc32c
from kio.serial.errors import SerialError
from kio.serial.readers import read_signed_varint, read_signed_varlong

from nodesmith.broker import records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import Buffer

    from nodesmith.broker.records import BatchHeader

_COMPRESSION_MASK, _GZIP = 0x07, 1
_MAX_UNPACKED_BYTES = 64 * records.MAX_BATCH_BYTES
_LARGEST_TIMESTAMP = 2**63 - 1
_GZIP_WINDOW = 31
_QUICK = 1


class UnreadableError(Exception):
    """The records of a batch cannot be looked at; the checksum only says that they came as they were sent."""


class RecordFacts(NamedTuple):
    """One record: where its bytes are among the unpacked ones, and what a log is compacted by."""

    start: int
    end: int
    timestamp: int
    offset: int
    key: bytes | None
    is_tombstone: bool


def is_packed(header: BatchHeader) -> bool:
    """Tell whether the records are compressed."""
    return bool(header.attributes & _COMPRESSION_MASK)


def unpack(batch: Buffer, header: BatchHeader) -> bytes:
    """Return the records' bytes, decompressed; raises `UnreadableError`."""
    codec = header.attributes & _COMPRESSION_MASK
    packed = memoryview(batch)[records.HEADER_SIZE :]
    if codec == 0:
        return bytes(packed)
    if codec != _GZIP:
        raise UnreadableError(f"compression {codec}")
    unpacker = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        found = unpacker.decompress(packed, _MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise UnreadableError(str(error)) from error
    if not unpacker.eof:
        raise UnreadableError("more than is unpacked, or not all of it")
    return found


def read_records(unpacked: bytes, header: BatchHeader) -> Iterator[RecordFacts]:
    """Yield the facts of each record; raises `UnreadableError` where there are fewer than the header says."""
    position = 0
    try:
        for _ in range(header.record_count):
            facts = _read_record(unpacked, position, header)
            if not position < facts.end <= len(unpacked):
                raise UnreadableError("a record that ends elsewhere")
            if not header.base_offset <= facts.offset <= header.last_offset:
                raise UnreadableError("a record whose offset is none of its batch's")
            if not -_LARGEST_TIMESTAMP <= facts.timestamp <= _LARGEST_TIMESTAMP:
                raise UnreadableError("a record of a time that no batch can have")
            yield facts
            position = facts.end
    # ValueError: a number of too many bytes
    except (SerialError, IndexError, ValueError, struct.error) as error:
        raise UnreadableError(str(error)) from error


def _read_record(data: bytes, start: int, header: BatchHeader) -> RecordFacts:
    length, size = read_signed_varint(data, start)
    end = start + size + length
    position = start + size + 1  # behind one byte of attributes
    timestamp_delta, size = read_signed_varlong(data, position)
    position += size
    offset_delta, size = read_signed_varint(data, position)
    position += size
    key_length, size = read_signed_varint(data, position)
    position += size
    key = None
    if key_length >= 0:
        key = data[position : position + key_length]
        position += key_length
    value_length, _ = read_signed_varint(data, position)
    return RecordFacts(
        start,
        end,
        header.base_timestamp + timestamp_delta,
        header.base_offset + offset_delta,
        key,
        value_length < 0,
    )


def with_only(
    kept: Sequence[RecordFacts], *, unpacked: bytes, header: BatchHeader
) -> tuple[bytes, BatchHeader]:
    """Return the batch with only these records, and its header.

    It reaches from the same first to the same last offset as before, and carries the same sequence numbers.
    """
    body = b"".join(unpacked[one.start : one.end] for one in kept)
    if header.attributes & _COMPRESSION_MASK == _GZIP:
        packer = zlib.compressobj(_QUICK, wbits=_GZIP_WINDOW)
        body = packer.compress(body) + packer.flush()
    changed = header._replace(
        length=records.HEADER_SIZE - records.LENGTH_ENDS_AT + len(body),
        max_timestamp=max((one.timestamp for one in kept), default=header.max_timestamp),
        record_count=len(kept),
    )
    checked = crc32c(body, crc32c(records.write_header(changed)[records.CHECKSUM_COVERS_FROM :]))
    changed = changed._replace(checksum=checked)
    return records.write_header(changed) + body, changed


def first_record_since(batch: bytes, timestamp: int, *, from_offset: int = 0) -> tuple[int, int] | None:
    """Return offset and timestamp of the first record that is not older than `timestamp` and not before `from_offset`.

    None where the batch holds none. Of a batch that cannot be looked into it is the first record that may be read, so a
    reader sees a few older ones rather than miss any.
    """
    header = records.read_header(batch)
    try:
        for facts in read_records(unpack(batch, header), header):
            if facts.timestamp >= timestamp and facts.offset >= from_offset:
                return facts.offset, facts.timestamp
    except UnreadableError:
        return max(header.base_offset, from_offset), header.base_timestamp
    return None
