"""A partition's log by itself: what is read back, and what is left after odd endings."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.kafka_wire import batch

from nodesmith.broker.log import PartitionLog
from nodesmith.broker.records import check_batch, read_header
from nodesmith.broker.segment import segment_path

if TYPE_CHECKING:
    from collections.abc import Iterator

batches_of_values = st.lists(st.lists(st.binary(max_size=50), min_size=1, max_size=4), min_size=1, max_size=6)


def write_log(folder: Path, batches: list[list[bytes]]) -> tuple[Path, list[int]]:
    """Write batches into one segment and return its file, and its size before each and at the end."""
    log, sizes = PartitionLog(folder), [0]
    (segment,) = log.segments
    for values in batches:
        data = batch(*values)
        log.append(data, check_batch(data))
        sizes.append(segment.path.stat().st_size)
    log.close()
    return segment.path, sizes


def split(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield base offset and bytes of each batch, which must be whole."""
    while data:
        header = read_header(data)
        assert len(data) >= header.size
        yield header.base_offset, data[: header.size]
        data = data[header.size :]


@given(batches=batches_of_values, cut=st.integers(min_value=0))
@settings(max_examples=60, deadline=None)
def test_a_log_cut_anywhere_keeps_exactly_its_whole_batches(batches: list[list[bytes]], cut: int) -> None:
    with TemporaryDirectory() as folder:
        path, sizes = write_log(Path(folder), batches)
        cut %= sizes[-1] + 1
        path.write_bytes(path.read_bytes()[:cut])
        log = PartitionLog(Path(folder))
        whole = max(number for number, size in enumerate(sizes) if size <= cut)
        assert log.end_offset == sum(map(len, batches[:whole]))
        assert path.stat().st_size == sizes[whole]
        log.close()


@given(batches=batches_of_values, place=st.integers(min_value=0), flipped=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_a_log_with_a_changed_byte_keeps_what_came_before(
    batches: list[list[bytes]], place: int, flipped: int
) -> None:
    with TemporaryDirectory() as folder:
        path, sizes = write_log(Path(folder), batches)
        data = bytearray(path.read_bytes())
        place %= len(data)
        data[place] ^= flipped
        path.write_bytes(data)
        log = PartitionLog(Path(folder))
        before = max(number for number, size in enumerate(sizes) if size <= place)
        assert log.end_offset >= sum(map(len, batches[:before]))
        assert all(check_batch(one) for _, one in split(log.read(0, max_bytes=1 << 20, at_least_one=True)))
        log.close()


@given(batches=batches_of_values, offset=st.integers(0, 30), max_bytes=st.integers(0, 600))
@settings(max_examples=100, deadline=None)
def test_a_read_returns_whole_batches_from_the_one_with_the_offset(
    batches: list[list[bytes]], offset: int, max_bytes: int
) -> None:
    with TemporaryDirectory() as folder:
        write_log(Path(folder), batches)
        log = PartitionLog(Path(folder))
        found = list(split(log.read(offset, max_bytes=max_bytes, at_least_one=False)))
        at_least = list(split(log.read(offset, max_bytes=max_bytes, at_least_one=True)))
        ready = log.bytes_from(offset)
        log.close()
    ends = [sum(map(len, batches[: number + 1])) for number in range(len(batches))]
    wanted = [number for number, end in enumerate(ends) if end > offset]
    expected = [ends[number] - len(batches[number]) for number in wanted]
    assert [base for base, _ in found] == expected[: len(found)]
    assert sum(len(data) for _, data in found) <= max_bytes
    assert [base for base, _ in at_least] == (expected[: max(1, len(found))])
    assert ready >= sum(len(data) for _, data in found)


def test_offsets_are_found_by_time_to_the_record(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path)
    for timestamp in (1_000, 2_000):
        data = batch(b"a", b"b", b"c", timestamp=timestamp)
        log.append(data, check_batch(data))
    found = [log.find_timestamp(wanted) for wanted in (0, 1_001, 1_002, 1_003, 2_002, 2_003)]
    log.close()
    assert found == [(0, 1_000), (1, 1_001), (2, 1_002), (3, 2_000), (5, 2_002), None]


@pytest.mark.parametrize("garbage", [b"", b"\0" * 200, b"\xff" * 200, b"garbage"])
def test_a_file_of_garbage_is_an_empty_log(tmp_path: Path, garbage: bytes) -> None:
    segment_path(tmp_path, 0).write_bytes(garbage)
    log = PartitionLog(tmp_path)
    assert (log.end_offset, log.read(0, max_bytes=100, at_least_one=True)) == (0, b"")
    log.close()
