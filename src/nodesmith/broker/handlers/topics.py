"""What an operator does with topics: made, grown, deleted, shortened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.handlers.configs import warn_of_unheeded
from nodesmith.broker.refusal import RefusedError
from nodesmith.broker.state import NODE_ID
from nodesmith.broker.topic_settings import shown

if TYPE_CHECKING:
    from uuid import UUID

    from kio.schema.create_partitions.v1.request import CreatePartitionsRequest, CreatePartitionsTopic
    from kio.schema.create_topics.v7.request import CreatableTopic, CreateTopicsRequest
    from kio.schema.delete_records.v1.request import DeleteRecordsRequest

    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState

_BROKERS_OWN = -1  # "the broker decides", for partitions and replicas


def create_topics(state: BrokerState, call: Call) -> Reply:
    """Make topics, or say what would be made where the client only wants to know."""
    request: CreateTopicsRequest = call.request
    return {"topics": [_create(state, topic, only_check=request.validate_only) for topic in request.topics]}


def _create(state: BrokerState, asked: CreatableTopic, *, only_check: bool) -> Reply:
    said = {config.name: config.value or "" for config in asked.configs}
    try:
        count = _check_new_topic(state, asked, said)
        topic = None if only_check else state.topics.create(asked.name, count, said)
    except RefusedError as refused:
        return {
            "name": asked.name,
            "topic_id": None,
            "error_code": refused.code,
            "error_message": refused.message,
            "configs": None,
        }
    warn_of_unheeded(asked.name, said)
    return {
        "name": asked.name,
        "topic_id": None if topic is None else topic.id,
        "error_code": ErrorCode.none,
        "error_message": None,
        "num_partitions": count,
        "replication_factor": 1,
        "configs": [
            {"name": name, "value": value, "read_only": False, "is_sensitive": False}
            for name, (value, _) in (shown(topic.partitions[0].settings) if topic else {}).items()
        ],
    }


def _check_new_topic(state: BrokerState, asked: CreatableTopic, said: dict[str, str]) -> int:
    replicas = [set(assignment.broker_ids) for assignment in asked.assignments]
    if asked.replication_factor not in {_BROKERS_OWN, 1} or any(brokers != {NODE_ID} for brokers in replicas):
        raise RefusedError(
            ErrorCode.invalid_replication_factor, f"there is one broker, number {NODE_ID}, for one replica"
        )
    count = len(replicas) or asked.num_partitions
    return state.topics.check_new(asked.name, None if count == _BROKERS_OWN else count, said)


def create_partitions(state: BrokerState, call: Call) -> Reply:
    """Give topics more partitions."""
    request: CreatePartitionsRequest = call.request
    return {"results": [_grow(state, topic, only_check=request.validate_only) for topic in request.topics]}


def _grow(state: BrokerState, asked: CreatePartitionsTopic, *, only_check: bool) -> Reply:
    try:
        if only_check:
            state.topics.check_growth(asked.name, asked.count)
        else:
            state.topics.grow(asked.name, asked.count)
    except RefusedError as refused:
        return {"name": asked.name, "error_code": refused.code, "error_message": refused.message}
    return {"name": asked.name, "error_code": ErrorCode.none}


def delete_topics(state: BrokerState, call: Call) -> Reply:
    """Delete topics, named or by their ids, with their records and what groups have committed in them."""
    request = call.request
    if hasattr(request, "topic_names"):  # before version 6
        asked: list[tuple[str | None, UUID | None]] = [(name, None) for name in request.topic_names]
    else:
        asked = [(topic.name, topic.topic_id) for topic in request.topics]
    return {"responses": [_delete_topic(state, name, topic_id) for name, topic_id in asked]}


def _delete_topic(state: BrokerState, name: str | None, topic_id: UUID | None) -> Reply:
    topic = state.topics.find_id(topic_id) if topic_id is not None else None
    if topic is not None:
        name = topic.name
    answer: dict[str, object] = {"name": name, "topic_id": topic_id, "error_code": ErrorCode.none}
    if name is None:
        words = f"there is no topic with the id {topic_id}"
        return answer | {"error_code": ErrorCode.unknown_topic_id, "error_message": words}
    try:
        state.topics.delete(name)
    except RefusedError as refused:
        return answer | {"error_code": refused.code, "error_message": refused.message}
    state.offsets.forget_topic(name)
    return answer


def delete_records(state: BrokerState, call: Call) -> Reply:
    """Delete records from the beginning of partitions, up to an offset."""
    request: DeleteRecordsRequest = call.request
    return {
        "topics": [
            {
                "name": topic.name,
                "partitions": [
                    _delete_records(state, topic.name, part.partition_index, part.offset)
                    for part in topic.partitions
                ],
            }
            for topic in request.topics
        ]
    }


def _delete_records(state: BrokerState, topic: str, number: int, offset: int) -> Reply:
    try:
        start, code = state.topics.partition(topic, number).delete_before(offset), ErrorCode.none
    except RefusedError as refused:
        start, code = -1, refused.code
    return {"partition_index": number, "low_watermark": start, "error_code": code}
