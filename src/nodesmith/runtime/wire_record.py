"""A record as it goes over the wire: bytes, made once, so that what is sent again is the same again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import PydanticSerializationError

from nodesmith.errors import PublishError
from nodesmith.runtime.envelope import record_headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodesmith.runtime.envelope import OutgoingRecord

Headers = tuple[tuple[str, bytes | None], ...]

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
        headers = sum(len(name) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + headers + len(self.value or b"")


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
    """Return records as one run of bytes."""
    heads, values = [], []
    for record in records:
        value = record.value
        length = None if value is None else len(value)
        heads.append((record.topic, _text(record.key), [(n, _text(v)) for n, v in record.headers], length))
        values.append(value or b"")
    head = json.dumps(heads).encode()
    return b"".join([len(head).to_bytes(_LENGTH_BYTES, "big"), head, *values])


def unpack(packed: bytes) -> tuple[WireRecord, ...]:
    """Return the records that `pack` was given."""
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
