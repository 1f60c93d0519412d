"""Requests of every API in every version, with fields of any value: such as mean something, and such as do not.

By a generator of random numbers and not by hypothesis: 30 times as many a second, and what fails is small anyway.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints
from uuid import UUID

from crc32c import crc32c
from kio.index import load_request_schema
from support.kafka_wire import batch, entity, keyed_batch, written

from nodesmith.broker.records import (
    CHECKSUM_COVERS_FROM,
    HEADER_SIZE,
    LENGTH_ENDS_AT,
    read_header,
    write_header,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

# What a field of Kafka's own name usually holds; what is not named here is anything of its type.
_TOPICS = ("there", "there", "compacted", "new", "newer")
_USUAL: dict[str, Sequence[Any]] = {
    "acks": (-1, 0, 1),
    "broker_ids": (1,),
    "config_operation": (0, 1, 2, 3),
    "count": (2, 3, 4),
    "generation_id": (1, 1, 2),
    "generation_id_or_member_epoch": (-1, 1, 1, 2),
    "group_id": ("group", "group", "other"),
    "group_instance_id": (None, None, "instance"),
    "groups": ("group",),
    "groups_names": ("group", "other"),
    "index": (0, 1),
    "max_bytes": (1 << 20,),
    "min_bytes": (0, 1),
    "num_partitions": (-1, 1, 2),
    "offset": (-1, 0, 1),
    "partition": (0, 1),
    "partition_index": (0, 1),
    "partition_indexes": (0, 1),
    "partition_max_bytes": (1 << 20,),
    "partitions": (0, 1),
    "protocol_type": ("consumer",),
    "replication_factor": (-1, 1),
    "resource_name": ("there", "compacted", "1"),
    "resource_type": (2, 2, 4),
    "session_timeout": (timedelta(seconds=30),),
    "setting": ("retention.bytes", "cleanup.policy", "segment.bytes", "min.insync.replicas"),
    "states_filter": ("Stable", "Empty"),
    "timestamp": (-3, -2, -1, 0, 1_000),
    "name": (*_TOPICS, "range"),
    "topic": _TOPICS,
    "topic_names": _TOPICS,
    "transactional_id": (None,),
    "value": ("compact", "delete", "1048576", "-1", "0", None),
}
_ODD_SHARE = 0.1
_LETTERS = "aZ9._-/\0 ü€😀"
_ODD_NAMES = ("", "no-such-thing", "../x", "x" * 300)
_NUMBERS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 2**15 - 1, 2**31 - 1, 2**63 - 1)
_BATCHES = (
    batch(b"value"),
    keyed_batch((b"key", b"value")),
    batch(b"one", producer_id=0, epoch=0, sequence=0),
)


class _Field(NamedTuple):
    name: str
    meaning: str
    kind: str
    nested: Any
    is_array: bool
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class AnyRequests:
    """What makes requests; `usual` is what fields of a name hold most often, beside what they always do."""

    random: Random
    usual: Mapping[str, Sequence[Any]]

    def frame(self, api_key: int, version: int) -> bytes:
        """Return a request without its length."""
        return _frame(api_key, version, self._entity(load_request_schema(api_key, version)))

    def broken(self, frame: bytes) -> bytes:
        """Return a request in whose body bytes are changed, missing or too many."""
        broken, begins = bytearray(frame), struct.calcsize(">hhi")
        for _ in range(self.random.choice((1, 1, 1, 3))):
            place = self.random.randint(begins, len(broken))
            match self.random.randrange(4):
                case 0:
                    del broken[place:]
                case 1:
                    broken[place:place] = self.random.choice((b"\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"))
                case _ if place < len(broken):
                    broken[place] ^= self.random.randint(1, 255)
        return bytes(broken)

    def _entity(self, schema: Any) -> Any:
        return schema(**{field.name: self._value(field) for field in _fields(schema)})

    def _value(self, field: _Field) -> Any:
        if field.is_nullable and self.random.random() < _ODD_SHARE:
            return None
        if field.is_array:
            return tuple(self._item(field) for _ in range(self.random.choice((0, 1, 1, 2, 3))))
        return self._item(field)

    def _item(self, field: _Field) -> Any:
        if field.nested is not None:
            return self._entity(field.nested)
        usual = self.usual.get(field.name) or _USUAL.get(field.meaning)
        if usual and self.random.random() >= _ODD_SHARE:
            chosen = self.random.choice(usual)
            if chosen is not None or field.is_nullable:
                return chosen
        return self._anything(field.kind)

    def _anything(self, kind: str) -> Any:
        random = self.random
        if kind.startswith("int"):
            return self._number(int(kind[3:]))
        if kind.startswith("timedelta"):
            return timedelta(milliseconds=self._number(32))
        choices: dict[str, tuple[Any, ...]] = {
            "bool": (True, False),
            "string": (*_ODD_NAMES, "".join(random.choices(_LETTERS, k=random.randrange(8)))),
            "bytes": (random.randbytes(random.randrange(20)),),
            "records": (*_BATCHES, random.randbytes(random.randrange(80))),
            "uuid": (None, UUID(bytes=random.randbytes(16))),
        }
        return random.choice(choices[kind])

    def _number(self, bits: int) -> int:
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        if self.random.random() < 0.2:
            return self.random.randint(low, high)
        return min(high, max(low, self.random.choice(_NUMBERS)))


def request(api_key: int, version: int, **values: Any) -> bytes:
    """Return a request with these fields, without its length."""
    return _frame(api_key, version, entity(load_request_schema(api_key, version), values))


def _frame(api_key: int, version: int, body: Any) -> bytes:
    header = struct.pack(">hhih", api_key, version, 7, 4) + b"any!"
    return header + (b"\0" if body.__flexible__ else b"") + written(body)


def any_batch(random: Random) -> bytes:
    """Return a batch whose header and checksum hold, and whose records may be anything."""
    pairs = [
        (random.choice((b"a", b"b", None)), random.choice((b"v", None))) for _ in range(random.randint(1, 3))
    ]
    usual = keyed_batch(*pairs, is_gzip=random.random() < 0.3)
    body = bytearray(usual[HEADER_SIZE:])
    for _ in range(random.choice((0, 1, 1, 3))):
        place = random.randrange(len(body) + 1)
        body[place : place + random.choice((0, 1, len(body)))] = random.choice(
            (b"", b"\xff" * 12, random.randbytes(1))
        )
    header = read_header(usual)._replace(
        length=HEADER_SIZE - LENGTH_ENDS_AT + len(body),
        base_timestamp=random.choice(_NUMBERS),
        max_timestamp=random.choice(_NUMBERS),
    )
    if random.random() < _ODD_SHARE:
        header = header._replace(attributes=random.randrange(16))
    covered = (write_header(header) + body)[CHECKSUM_COVERS_FROM:]
    return write_header(header._replace(checksum=crc32c(covered))) + body


@cache
def _fields(schema: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(schema)
    has_value = "value" in hints
    return tuple(
        _field(
            field.name,
            "setting" if has_value and field.name == "name" else field.name,
            field.metadata.get("kafka_type", ""),
            list(_parts(hints[field.name])),
        )
        for field in fields(schema)
        if "tag" not in field.metadata
    )


def _field(name: str, meaning: str, kind: str, parts: Sequence[Any]) -> _Field:
    nested = next((part for part in parts if is_dataclass(part)), None)
    return _Field(name, meaning, kind, nested, is_array=tuple in parts, is_nullable=NoneType in parts)


def _parts(hint: Any) -> list[Any]:
    origin = getattr(hint, "__origin__", None)
    return [hint if origin is None else origin, *(one for part in get_args(hint) for one in _parts(part))]
