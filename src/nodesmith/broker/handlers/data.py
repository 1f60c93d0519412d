"""Records in and out: produce, fetch with long poll, offsets by time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from kio.schema.errors import ErrorCode

from nodesmith.broker.handlers.transactions import NO_TRANSACTIONS, REFUSAL, refuse
from nodesmith.broker.records import LEADER_EPOCH
from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kio.schema.fetch.v11.request import FetchRequest
    from kio.schema.list_offsets.v5.request import ListOffsetsRequest
    from kio.schema.produce.v8.request import ProduceRequest

    from nodesmith.broker.partition import Partition
    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState

_ACKS = {-1, 0, 1}
_MOST_FETCHED_BYTES = 4 * 1024 * 1024  # held until they are read; a client just asks again
_LONGEST_WAIT_SECONDS = 300.0
_LATEST, _EARLIEST, _NEWEST = -1, -2, -3  # the timestamps that are no timestamps


def produce(state: BrokerState, call: Call) -> Reply | None:
    """Store batches; without acks there is no answer."""
    request: ProduceRequest = call.request
    refusal = None
    if request.acks not in _ACKS:
        refusal = RefusedError(ErrorCode.invalid_required_acks, f"acks={request.acks}")
    elif request.transactional_id is not None:
        refuse(state, request.transactional_id, call.client_host)
        refusal = RefusedError(REFUSAL, NO_TRANSACTIONS)
    responses = [
        {
            "name": topic.name,
            "partition_responses": [
                _store(state, topic.name, data.index, data.records, refusal) for data in topic.partition_data
            ],
        }
        for topic in request.topic_data
    ]
    return {"responses": responses} if request.acks else None


def _store(
    state: BrokerState,
    topic: str,
    number: int,
    records: bytes | memoryview | None,
    refusal: RefusedError | None,
) -> Reply:
    try:
        if refusal is not None:
            raise refusal
        partition = state.topics.partition(topic, number)
        base_offset = partition.append(records)
    except RefusedError as refused:
        return {
            "index": number,
            "error_code": refused.code,
            "base_offset": -1,
            "record_errors": (),
            "error_message": refused.message or None,
        }
    return {
        "index": number,
        "error_code": ErrorCode.none,
        "base_offset": base_offset,
        "log_start_offset": partition.log.start_offset,
        "record_errors": (),
    }


class _Wanted(NamedTuple):
    """One partition of a fetch: where to read from and how much."""

    topic: str
    number: int
    offset: int
    max_bytes: int


async def fetch(state: BrokerState, call: Call) -> Reply:
    """Answer with records; where there are too few, wait for more until the client's patience ends."""
    request: FetchRequest = call.request
    wanted = [
        _Wanted(topic.topic, part.partition, part.fetch_offset, part.partition_max_bytes)
        for topic in request.topics
        for part in topic.partitions
    ]
    await _wait_for_bytes(state, wanted, request.min_bytes, request.max_wait.total_seconds())
    responses: dict[str, list[Reply]] = {topic.topic: [] for topic in request.topics}
    most = left = min(request.max_bytes, _MOST_FETCHED_BYTES)
    for one in wanted:
        answer, size = _read(state, one, left, at_least_one=left == most)
        responses[one.topic].append(answer)
        left -= size
    return {
        "error_code": ErrorCode.none,
        "responses": [{"topic": topic, "partitions": parts} for topic, parts in responses.items()],
    }


async def _wait_for_bytes(
    state: BrokerState, wanted: Sequence[_Wanted], min_bytes: int, seconds: float
) -> None:
    """Return when the partitions hold `min_bytes`, when one cannot be read, or after `seconds`."""
    enough = min(min_bytes, _MOST_FETCHED_BYTES, sum(one.max_bytes for one in wanted))
    event = asyncio.Event()
    watched: list[Partition] = []
    try:
        async with asyncio.timeout(min(seconds, _LONGEST_WAIT_SECONDS)):
            while True:
                event.clear()
                if _bytes_ready(state, wanted) >= enough:
                    return
                if not watched:
                    watched = [state.topics.partition(one.topic, one.number) for one in wanted]
                    for partition in watched:
                        partition.waiting.add(event)
                await event.wait()
    except (TimeoutError, RefusedError):
        return
    finally:
        for partition in watched:
            partition.waiting.discard(event)


def _bytes_ready(state: BrokerState, wanted: Sequence[_Wanted]) -> int:
    return sum(_checked(state, one).log.bytes_from(one.offset) for one in wanted)


def _checked(state: BrokerState, wanted: _Wanted) -> Partition:
    partition = state.topics.partition(wanted.topic, wanted.number)
    if not partition.log.start_offset <= wanted.offset <= partition.log.end_offset:
        raise RefusedError(ErrorCode.offset_out_of_range)
    return partition


def _read(state: BrokerState, wanted: _Wanted, left: int, *, at_least_one: bool) -> tuple[Reply, int]:
    try:
        log = _checked(state, wanted).log
        max_bytes = max(0, min(wanted.max_bytes, left))
        found = log.read(wanted.offset, max_bytes=max_bytes, at_least_one=at_least_one)
    except RefusedError as refused:
        return _partition_data(wanted.number, refused.code, end_offset=-1, start_offset=-1, found=b""), 0
    data = _partition_data(
        wanted.number, ErrorCode.none, end_offset=log.end_offset, start_offset=log.start_offset, found=found
    )
    return data, len(found)


def _partition_data(
    number: int, code: ErrorCode, *, end_offset: int, start_offset: int, found: bytes
) -> Reply:
    return {
        "partition_index": number,
        "error_code": code,
        "high_watermark": end_offset,
        "last_stable_offset": end_offset,
        "log_start_offset": start_offset,
        "aborted_transactions": None,
        "records": found,
    }


def list_offsets(state: BrokerState, call: Call) -> Reply:
    """Find offsets: the first, the next to be written, the newest record's, or the first that is not older than a time."""
    request: ListOffsetsRequest = call.request
    return {
        "topics": [
            {
                "name": topic.name,
                "partitions": [
                    _find_offset(state, topic.name, part.partition_index, part.timestamp)
                    for part in topic.partitions
                ],
            }
            for topic in request.topics
        ]
    }


def _find_offset(state: BrokerState, topic: str, number: int, timestamp: int) -> Reply:
    try:
        log = state.topics.partition(topic, number).log
    except RefusedError as refused:
        return {"partition_index": number, "error_code": refused.code}
    if timestamp == _LATEST:
        found = log.end_offset, -1
    elif timestamp == _EARLIEST:
        found = log.start_offset, -1
    elif timestamp == _NEWEST:
        found = log.find_newest() or (-1, -1)
    else:
        found = log.find_timestamp(timestamp) or (-1, -1)
    return {
        "partition_index": number,
        "error_code": ErrorCode.none,
        "offset": found[0],
        "timestamp": found[1],
        "leader_epoch": LEADER_EPOCH if found[0] >= 0 else -1,
    }
