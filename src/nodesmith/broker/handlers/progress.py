"""How far groups have come: offsets committed and fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.offsets import CommittedOffset, Place
from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kio.schema.offset_commit.v7.request import (
        OffsetCommitRequest,
        OffsetCommitRequestPartition,
    )
    from kio.schema.offset_fetch.v5.request import OffsetFetchRequest

    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState

MAX_METADATA_LENGTH = 4096
_NOTHING_COMMITTED = CommittedOffset(-1)


def offset_commit(state: BrokerState, call: Call) -> Reply:
    """Keep offsets on disk before saying so."""
    request: OffsetCommitRequest = call.request
    refusal = None
    try:
        _check_member(state, request)
    except RefusedError as refused:
        refusal = refused.code
    accepted: dict[Place, CommittedOffset] = {}
    codes: dict[Place, ErrorCode] = {}
    for topic in request.topics:
        for part in topic.partitions:
            place = Place(topic.name, part.partition_index)
            codes[place] = refusal or _check(state, place, part)
            if codes[place] is ErrorCode.none:
                accepted[place] = CommittedOffset(
                    part.committed_offset,
                    getattr(part, "committed_leader_epoch", -1),
                    part.committed_metadata or "",
                )
    failure = _commit(state, request.group_id, accepted)
    if failure is not None:
        codes |= dict.fromkeys(accepted, failure)
    return {"topics": _by_topic({place: {"error_code": code} for place, code in codes.items()})}


def _check_member(state: BrokerState, request: OffsetCommitRequest) -> None:
    group = state.groups.get(request.group_id)
    generation = request.generation_id_or_member_epoch
    if not request.group_id:
        raise RefusedError(ErrorCode.invalid_group_id)
    if group is not None:
        group.check_commit(request.member_id, generation, getattr(request, "group_instance_id", None))
    elif generation >= 0:  # a member of before the broker's start
        raise RefusedError(ErrorCode.unknown_member_id)


def _check(state: BrokerState, place: Place, part: OffsetCommitRequestPartition) -> ErrorCode:
    if len(part.committed_metadata or "") > MAX_METADATA_LENGTH:
        return ErrorCode.offset_metadata_too_large
    try:
        state.topics.partition(*place)
    except RefusedError as refused:
        return refused.code
    return ErrorCode.none


def _commit(state: BrokerState, group: str, accepted: dict[Place, CommittedOffset]) -> ErrorCode | None:
    try:
        if accepted:
            state.offsets.commit(group, accepted)
    except OSError:
        return ErrorCode.kafka_storage_error
    return None


def offset_fetch(state: BrokerState, call: Call) -> Reply:
    """Return what a group has committed, in the partitions asked for or in all."""
    request: OffsetFetchRequest = call.request
    committed = state.offsets.of_group(request.group_id)
    places: Iterable[Place] = committed
    if request.topics is not None:
        places = [Place(topic.name, number) for topic in request.topics for number in topic.partition_indexes]
    answers: dict[Place, Reply] = {
        place: {
            "committed_offset": found.offset,
            "committed_leader_epoch": found.leader_epoch,
            "metadata": found.metadata,
            "error_code": ErrorCode.none,
        }
        for place in places
        for found in [committed.get(place, _NOTHING_COMMITTED)]
    }
    return {"error_code": ErrorCode.none, "topics": _by_topic(answers)}


def _by_topic(answers: dict[Place, Reply]) -> list[Reply]:
    topics: dict[str, list[Reply]] = {}
    for place, answer in answers.items():
        topics.setdefault(place.topic, []).append({"partition_index": place.partition, **answer})
    return [{"name": name, "partitions": partitions} for name, partitions in topics.items()]
