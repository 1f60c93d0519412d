"""The Kafka protocol spoken by hand, where a real client would hide what the broker answers."""

from __future__ import annotations

import gzip
import io
import socket
import struct
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from crc32c import crc32c
from kio.index import load_request_schema, load_response_schema
from kio.serial import entity_reader, entity_writer
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ANSWER_SECONDS = 10.0
PRODUCE, FETCH, LIST_OFFSETS, METADATA, INIT_PRODUCER_ID = 0, 1, 2, 3, 22


class WireClient:
    """One connection; `call` sends a request with these fields and returns the response's entity."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, api_key: int, version: int, **values: object) -> None:
        schema: Any = load_request_schema(api_key, version)
        header = schema.__header_schema__(
            request_api_key=api_key, request_api_version=version, correlation_id=7, client_id="wire"
        )
        body = written(header) + written(entity(schema, values))
        self.connection.sendall(struct.pack(">i", len(body)) + body)

    def receive(self, api_key: int, version: int) -> Any:
        (size,) = struct.unpack(">i", self._exactly(4))
        frame = self._exactly(size)
        schema: Any = load_response_schema(api_key, version)
        header, position = entity_reader(schema.__header_schema__)(frame, 0)
        response, length = entity_reader(schema)(frame, position)
        assert header.correlation_id == 7
        assert position + length == size, "the response holds more than its schema"
        return response

    def call(self, api_key: int, version: int, **values: object) -> Any:
        self.send(api_key, version, **values)
        return self.receive(api_key, version)

    def make_topic(self, topic: str) -> None:
        """Have the broker make a topic, as for a client that just uses it, and wait until it can be used."""

        def is_there() -> bool:
            answer = self.call(METADATA, 4, topics=[{"name": topic}], allow_auto_topic_creation=True)
            numbers = [part.partition_index for part in answer.topics[0].partitions]
            if not numbers:
                return False
            asked = [{"partition_index": number, "timestamp": -1} for number in numbers]
            found = self.call(LIST_OFFSETS, 1, replica_id=-1, topics=[{"name": topic, "partitions": asked}])
            parts = found.topics[0].partitions
            return all(part.error_code.name == "none" for part in parts)

        wait_until(is_there, why=f"topic {topic}")

    def produce(self, topic: str, batch: bytes, *, acks: int = -1) -> Any:
        """Send one batch to partition 0 and return the partition's answer."""
        data = [{"name": topic, "partition_data": [{"index": 0, "records": batch}]}]
        response = self.call(PRODUCE, 8, acks=acks, timeout=timedelta(seconds=5), topic_data=data)
        return response.responses[0].partition_responses[0]

    def fetch(self, topic: str, offset: int, *, wait_seconds: float = 0.0, max_bytes: int = 1 << 20) -> Any:
        """Read from partition 0 and return the partition's answer."""
        self.send_fetch(topic, offset, wait_seconds=wait_seconds, max_bytes=max_bytes)
        return self.receive(FETCH, 11).responses[0].partitions[0]

    def send_fetch(
        self, topic: str, offset: int, *, wait_seconds: float = 0.0, max_bytes: int = 1 << 20
    ) -> None:
        """Send a fetch without waiting for its answer."""
        partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": max_bytes}
        topics = [{"topic": topic, "partitions": [partition]}]
        wait = timedelta(seconds=wait_seconds)
        self.send(FETCH, 11, max_wait=wait, min_bytes=1, topics=topics, forgotten_topics_data=())

    def is_closed(self) -> bool:
        """Wait until the broker sends something or closes, and tell whether it closed."""
        try:
            return self.connection.recv(1) == b""
        except ConnectionResetError:
            return True

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            assert part, "the broker closed the connection"
            data += part
        return data


@contextmanager
def wire_client(port: int) -> Iterator[WireClient]:
    """Connect to a broker on this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        yield WireClient(connection)


def entity(schema: Any, values: Mapping[str, Any]) -> Any:
    """Build an entity and those inside it; what is not given and has no default is empty or zero."""
    hints = get_type_hints(schema)
    chosen: dict[str, Any] = {}
    for field in fields(schema):
        inner = _entity_in(hints[field.name])
        if values.get(field.name) is not None and inner is not None:
            chosen[field.name] = tuple(entity(inner, value) for value in values[field.name])
        elif field.name in values:
            chosen[field.name] = values[field.name]
        elif field.default is MISSING:
            chosen[field.name] = _EMPTY[field.metadata.get("kafka_type", "array")]
    return schema(**chosen)


def _entity_in(hint: Any) -> Any:
    """Return the entity in `tuple[Entity, ...] | None`, or None where there is none."""
    if is_dataclass(hint):
        return hint
    return next((found for part in get_args(hint) if (found := _entity_in(part)) is not None), None)


def written(value: Any) -> bytes:
    buffer = io.BytesIO()
    write: Any = entity_writer(type(value))
    write(buffer, value)
    return buffer.getvalue()


def batch(
    *values: bytes, timestamp: int = 1_000, producer_id: int = -1, epoch: int = -1, sequence: int = -1
) -> bytes:
    """Return one record batch without keys; its records are one millisecond apart."""
    return keyed_batch(
        *((None, value) for value in values),
        timestamp=timestamp,
        producer_id=producer_id,
        epoch=epoch,
        sequence=sequence,
    )


def keyed_batch(
    *pairs: tuple[bytes | None, bytes | None],
    timestamp: int = 1_000,
    producer_id: int = -1,
    epoch: int = -1,
    sequence: int = -1,
    is_gzip: bool = False,
) -> bytes:
    """Return one record batch of keys and values."""
    records = b"".join(_record(number, key, value) for number, (key, value) in enumerate(pairs))
    last = len(pairs) - 1
    covered = struct.pack(
        ">hiqqqhii", is_gzip, last, timestamp, timestamp + last, producer_id, epoch, sequence, len(pairs)
    )
    covered += gzip.compress(records) if is_gzip else records
    return struct.pack(">qiibI", 0, len(covered) + 9, -1, 2, crc32c(covered)) + covered


_EMPTY: dict[str, Any] = {
    "array": (),
    "bool": False,
    "bytes": b"",
    "int16": 0,
    "int32": 0,
    "int64": 0,
    "int8": 0,
    "string": "",
    "timedelta_i32": timedelta(0),
}


def _record(number: int, key: bytes | None, value: bytes | None) -> bytes:
    body = b"\0" + _varint(number) + _varint(number) + _bytes(key) + _bytes(value) + _varint(0)
    return _varint(len(body)) + body


def _bytes(value: bytes | None) -> bytes:
    return _varint(-1) if value is None else _varint(len(value)) + value


def _varint(value: int) -> bytes:
    rest = (value << 1) ^ (value >> 63)
    out = b""
    while rest > 0x7F:
        out += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return out + bytes([rest])
