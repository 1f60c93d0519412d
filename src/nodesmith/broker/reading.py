"""Requests from bytes, by kio's schemas and primitive readers, with every length held against the frame.

kio's own entity reader sets memory aside for as many array items as the bytes claim there are: four odd bytes make it
abort the whole process (0.6.5). Reading field by field costs some 5 microseconds a produce request where kio's takes
one, and skips tagged fields it does not know, as the protocol asks for.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias, get_args, get_type_hints

from kio.serial import readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from dataclasses import Field

    Reader: TypeAlias = Callable[[bytes, int], tuple[Any, int]]

MAX_ITEMS = 10_000  # more than this broker can have partitions, in one array


class MalformedRequestError(Exception):
    """Bytes that are no request of an API and version this broker knows."""


def _read_records(data: bytes, start: int) -> tuple[memoryview | None, int]:
    """Return where a batch lies, which may be large, and is only copied to where it is stored."""
    length, size = readers.read_int32(data, start)
    if length == -1:
        return None, size
    end = start + size + length
    if length < 0 or end > len(data):
        raise MalformedRequestError(f"{length} bytes of records where {len(data) - start - size} follow")
    return memoryview(data)[start + size : end], size + length


# (type, whether it may be null) -> its reader; the classic encoding, and the compact one of flexible versions.
_CLASSIC: dict[tuple[str, bool], Reader] = {
    ("string", False): readers.read_legacy_string,
    ("string", True): readers.read_nullable_legacy_string,
    ("bytes", False): readers.read_legacy_bytes,
    ("bytes", True): readers.read_nullable_legacy_bytes,
    ("records", True): _read_records,
}
_COMPACT: dict[tuple[str, bool], Reader] = {
    ("string", False): readers.read_compact_string,
    ("string", True): readers.read_compact_string_nullable,
    ("bytes", False): readers.read_compact_string_as_bytes,
    ("bytes", True): readers.read_compact_string_as_bytes_nullable,
}
_FIXED: dict[str, Reader] = {
    "bool": readers.read_boolean,
    "int8": readers.read_int8,
    "int16": readers.read_int16,
    "int32": readers.read_int32,
    "int64": readers.read_int64,
    "timedelta_i32": readers.read_timedelta_i32,
    "timedelta_i64": readers.read_timedelta_i64,
    "uuid": readers.read_uuid,
}


@cache
def entity_reader(schema: Any) -> Reader:
    """Return what reads an entity of `schema` from bytes at a position: the entity, and how many bytes it took."""
    hints = get_type_hints(schema)
    flexible: bool = schema.__flexible__
    parts = [
        (field.name, _field_reader(field, hints[field.name], flexible=flexible))
        for field in fields(schema)
        if "tag" not in field.metadata
    ]

    def read(data: bytes, start: int) -> tuple[Any, int]:
        position = start
        values = {}
        for name, read_part in parts:
            values[name], size = read_part(data, position)
            position += size
        if flexible:
            position += skip_tagged_fields(data, position)
        return schema(**values), position - start

    return read


def skip_tagged_fields(data: bytes, start: int) -> int:
    """Return how many bytes the tagged fields at `start` take; this broker heeds none of them."""
    count, position = _varint(data, start)
    for _ in range(_checked_count(count, len(data) - position)):
        _, position = _varint(data, position)
        size, position = _varint(data, position)
        position += size
        if position > len(data):
            raise MalformedRequestError("a tagged field that is longer than the frame")
    return position - start


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value, size = readers.read_unsigned_varint(data, position)
    return value, position + size


def _field_reader(field: Field[Any], hint: Any, *, flexible: bool) -> Reader:
    kinds = list(_parts(hint))
    nested: Any = next((kind for kind in kinds if is_dataclass(kind)), None)
    is_array, nullable = tuple in kinds, NoneType in kinds
    if nested is not None:
        item = entity_reader(nested)
    else:
        item = _plain_reader(
            field.metadata["kafka_type"], nullable=nullable and not is_array, flexible=flexible
        )
    return _array_reader(item, nullable=nullable, flexible=flexible) if is_array else item


def _parts(hint: Any) -> Iterator[Any]:
    """Yield the parts of `tuple[Entity, ...] | None`: the tuple, the entity, None."""
    origin = getattr(hint, "__origin__", None)
    yield hint if origin is None else origin
    for part in get_args(hint):
        yield from _parts(part)


def _plain_reader(kind: str, *, nullable: bool, flexible: bool) -> Reader:
    if kind in _FIXED:
        return _FIXED[kind]
    return (_COMPACT if flexible else _CLASSIC)[kind, nullable]


def _array_reader(read_item: Reader, *, nullable: bool, flexible: bool) -> Reader:
    read_length: Reader = readers.read_compact_array_length if flexible else readers.read_legacy_array_length

    def read(data: bytes, start: int) -> tuple[tuple[Any, ...] | None, int]:
        count, size = read_length(data, start)
        if nullable and (count is None or count == -1):
            return None, size
        position = start + size
        items = []
        for _ in range(_checked_count(count, len(data) - position)):
            item, size = read_item(data, position)
            items.append(item)
            position += size
        return tuple(items), position - start

    return read


def _checked_count(count: int | None, bytes_left: int) -> int:
    if count is None or not 0 <= count <= min(bytes_left, MAX_ITEMS):
        raise MalformedRequestError(f"{count} items announced where {bytes_left} bytes follow")
    return count
