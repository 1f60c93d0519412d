"""A record as it goes over the wire: bytes, made once, so that what is sent again is the same again."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pydantic_core import PydanticSerializationError

from nodesmith.errors import PublishError
from nodesmith.runtime.envelope import record_headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodesmith.runtime.envelope import OutgoingRecord

Headers = tuple[tuple[str, bytes | None], ...]

# The first byte of what is packed now. Earlier versions began with the length of a head in JSON, whose first byte is 0.
_PACKED = 2
_HEAD = ">BI"
_HEAD_BYTES = struct.calcsize(_HEAD)
_NONE = -1
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRecord:
    """Everything the broker is given of a record."""

    topic: str
    key: bytes | None
    headers: Headers
    value: bytes | None

    @property
    def size(self) -> int:
        """How many bytes it has, about as the Kafka client counts them."""
        size = len(self.key or b"") + len(self.value or b"")
        for name, value in self.headers:
            size += len(name) + len(value or b"")
        return size


def to_wire(record: OutgoingRecord, *, source: str) -> WireRecord:
    """Return the bytes of a record; raise PublishError where its payload cannot be written as JSON."""
    try:
        value = record.envelope.to_json()
    except PydanticSerializationError as error:
        raise PublishError(
            f"a record for {record.topic} cannot be written as JSON: {error}",
            topic=record.topic,
            retryable=False,
        ) from error
    headers = record_headers(record, source=source)
    return WireRecord(
        topic=record.topic,
        key=record.key.encode() if isinstance(record.key, str) else record.key,
        headers=tuple((name, text.encode() if isinstance(text, str) else text) for name, text in headers),
        value=value,
    )


def write_headers(headers: Headers) -> str:
    """Return headers as JSON; their bytes may be any, so each is written as the character of its number."""
    return json.dumps([(name, _text(value)) for name, value in headers])


def read_headers(text: str) -> Headers:
    """Return what `write_headers` wrote."""
    return tuple((name, _bytes(value)) for name, value in json.loads(text))


def pack(records: Iterable[WireRecord]) -> bytes:
    """Return records as one run of bytes: a head of lengths, and what they are the lengths of."""
    lengths: list[int] = []
    parts: list[bytes] = []
    for record in records:
        headers = record.headers
        lengths.append(len(headers))
        run = [record.topic.encode(), record.key, record.value]
        for name, value in headers:
            run += (name.encode(), value)
        for part in run:
            if part is None:
                lengths.append(_NONE)
            else:
                lengths.append(len(part))
                parts.append(part)
    count = len(lengths)
    return struct.pack(f">BI{count}i", _PACKED, count, *lengths) + b"".join(parts)


def unpack(packed: bytes) -> tuple[WireRecord, ...]:
    """Return the records that `pack` was given."""
    if packed[0] != _PACKED:
        return _unpack_json(packed)
    _, count = struct.unpack_from(_HEAD, packed)
    lengths = iter(struct.unpack_from(f">{count}i", packed, _HEAD_BYTES))
    start = _HEAD_BYTES + 4 * count
    records = []
    for headers in lengths:
        run: list[bytes | None] = []
        for length in islice(lengths, 3 + 2 * headers):
            if length == _NONE:
                run.append(None)
                continue
            run.append(packed[start : start + length])
            start += length
        topic, key, value, *pairs = run
        records.append(
            WireRecord(
                topic=(topic or b"").decode(),
                key=key,
                headers=tuple(
                    ((name or b"").decode(), text) for name, text in zip(pairs[::2], pairs[1::2], strict=True)
                ),
                value=value,
            )
        )
    return tuple(records)


def _unpack_json(packed: bytes) -> tuple[WireRecord, ...]:
    """Return the records that earlier versions packed."""
    start = _LENGTH_BYTES + int.from_bytes(packed[:_LENGTH_BYTES], "big")
    records = []
    for topic, key, headers, length in json.loads(packed[_LENGTH_BYTES:start]):
        value = None if length is None else packed[start : start + length]
        start += length or 0
        pairs: Sequence[tuple[str, str | None]] = headers
        records.append(
            WireRecord(
                topic=topic,
                key=_bytes(key),
                headers=tuple((name, _bytes(text)) for name, text in pairs),
                value=value,
            )
        )
    return tuple(records)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("latin-1")
