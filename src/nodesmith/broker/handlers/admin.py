"""What an operator asks for: topics made, grown and deleted, groups listed and deleted, settings shown."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.groups import GroupState
from nodesmith.broker.handlers.membership import group_state
from nodesmith.broker.records import MAX_BATCH_BYTES
from nodesmith.broker.refusal import RefusedError
from nodesmith.broker.state import NODE_ID
from nodesmith.broker.topics import MAX_PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kio.schema.create_partitions.v1.request import CreatePartitionsRequest, CreatePartitionsTopic
    from kio.schema.create_topics.v4.request import CreatableTopic, CreateTopicsRequest
    from kio.schema.delete_groups.v1.request import DeleteGroupsRequest
    from kio.schema.delete_records.v1.request import DeleteRecordsRequest
    from kio.schema.delete_topics.v3.request import DeleteTopicsRequest
    from kio.schema.describe_configs.v3.request import DescribeConfigsRequest, DescribeConfigsResource
    from kio.schema.describe_groups.v4.request import DescribeGroupsRequest
    from kio.schema.list_groups.v4.request import ListGroupsRequest

    from nodesmith.broker.groups import Member
    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState

logger = logging.getLogger(__name__)

_BROKERS_OWN = -1  # "the broker decides", for partitions and replicas
_TOPIC, _BROKER = 2, 4
_DEFAULT_CONFIG = 5


async def create_topics(state: BrokerState, call: Call) -> Reply:
    """Make topics, or say what would be made where the client only wants to know."""
    request: CreateTopicsRequest = call.request
    return {"topics": [_create(state, topic, only_check=request.validate_only) for topic in request.topics]}


def _create(state: BrokerState, topic: CreatableTopic, *, only_check: bool) -> Reply:
    try:
        count = _check_new_topic(state, topic)
        if not only_check:
            state.topics.create(topic.name, count)
    except RefusedError as refused:
        return {"name": topic.name, "error_code": refused.code, "error_message": refused.message}
    if topic.configs:
        names = ", ".join(sorted(config.name for config in topic.configs))
        logger.warning("topic '%s': this broker keeps every record and pays no heed to %s", topic.name, names)
    return {"name": topic.name, "error_code": ErrorCode.none, "error_message": None}


def _check_new_topic(state: BrokerState, topic: CreatableTopic) -> int:
    replicas = [set(assignment.broker_ids) for assignment in topic.assignments]
    if topic.replication_factor not in {_BROKERS_OWN, 1} or any(brokers != {NODE_ID} for brokers in replicas):
        raise RefusedError(
            ErrorCode.invalid_replication_factor, f"there is one broker, number {NODE_ID}, for one replica"
        )
    asked = len(replicas) or topic.num_partitions
    return state.topics.check_new(topic.name, None if asked == _BROKERS_OWN else asked)


async def create_partitions(state: BrokerState, call: Call) -> Reply:
    """Give topics more partitions."""
    request: CreatePartitionsRequest = call.request
    return {"results": [_grow(state, topic, only_check=request.validate_only) for topic in request.topics]}


def _grow(state: BrokerState, asked: CreatePartitionsTopic, *, only_check: bool) -> Reply:
    try:
        _check_growth(state, asked)
        if not only_check:
            state.topics.grow(asked.name, asked.count)
    except RefusedError as refused:
        return {"name": asked.name, "error_code": refused.code, "error_message": refused.message}
    return {"name": asked.name, "error_code": ErrorCode.none}


def _check_growth(state: BrokerState, asked: CreatePartitionsTopic) -> None:
    topic = state.topics.find(asked.name)
    if topic is None:
        raise RefusedError(ErrorCode.unknown_topic_or_partition)
    if not len(topic.partitions) < asked.count <= MAX_PARTITIONS:
        raise RefusedError(
            ErrorCode.invalid_partitions,
            f"'{asked.name}' has {len(topic.partitions)} partitions and can have up to {MAX_PARTITIONS}",
        )


async def delete_topics(state: BrokerState, call: Call) -> Reply:
    """Delete topics with their records, and what groups have committed in them."""
    request: DeleteTopicsRequest = call.request
    return {"responses": [_delete_topic(state, name) for name in request.topic_names]}


def _delete_topic(state: BrokerState, name: str) -> Reply:
    try:
        state.topics.delete(name)
    except RefusedError as refused:
        return {"name": name, "error_code": refused.code, "error_message": refused.message}
    state.offsets.forget_topic(name)
    return {"name": name, "error_code": ErrorCode.none}


async def delete_records(state: BrokerState, call: Call) -> Reply:
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


async def describe_configs(state: BrokerState, call: Call) -> Reply:
    """Show the few settings there are, of a topic or of the broker; none can be changed."""
    request: DescribeConfigsRequest = call.request
    return {"results": [_describe_resource(state, resource) for resource in request.resources]}


def _describe_resource(state: BrokerState, resource: DescribeConfigsResource) -> Reply:
    code, settings = _settings(state, resource.resource_type, resource.resource_name)
    wanted = resource.configuration_keys
    return {
        "error_code": code,
        "error_message": None if code is ErrorCode.none else code.name,
        "resource_type": resource.resource_type,
        "resource_name": resource.resource_name,
        "configs": [
            {
                "name": name,
                "value": value,
                "read_only": True,
                "config_source": _DEFAULT_CONFIG,
                "is_sensitive": False,
                "synonyms": (),
                "documentation": None,
            }
            for name, value in settings.items()
            if wanted is None or name in wanted
        ],
    }


def _settings(state: BrokerState, kind: int, name: str) -> tuple[ErrorCode, Mapping[str, str]]:
    if kind == _TOPIC and state.topics.find(name) is not None:
        return ErrorCode.none, {
            "cleanup.policy": "delete",
            "compression.type": "producer",
            "max.message.bytes": str(MAX_BATCH_BYTES),
            "message.timestamp.type": "CreateTime",
            "min.insync.replicas": "1",
            "retention.bytes": "-1",
            "retention.ms": "-1",
        }
    if kind == _BROKER and name in {"", str(NODE_ID)}:
        return ErrorCode.none, {
            "auto.create.topics.enable": "true",
            "broker.id": str(NODE_ID),
            "default.replication.factor": "1",
            "log.dirs": str(state.topics.folder),
            "log.retention.ms": "-1",
            "message.max.bytes": str(MAX_BATCH_BYTES),
            "num.partitions": str(state.topics.default_partitions),
        }
    return ErrorCode.unknown_topic_or_partition if kind == _TOPIC else ErrorCode.invalid_request, {}


async def list_groups(state: BrokerState, call: Call) -> Reply:
    """List groups, those that have only committed offsets too."""
    request: ListGroupsRequest = call.request
    wanted = getattr(request, "states_filter", ())
    groups = []
    for group_id in sorted({*state.groups, *state.offsets.groups()}):
        group, stands = state.groups.get(group_id), group_state(state, group_id)
        if not wanted or stands in wanted:
            kind = group.protocol_type if group else "consumer"
            groups.append({"group_id": group_id, "protocol_type": kind, "group_state": str(stands)})
    return {"error_code": ErrorCode.none, "groups": groups}


async def describe_groups(state: BrokerState, call: Call) -> Reply:
    """Describe groups and their members; an unknown group is a dead one, as in Kafka."""
    request: DescribeGroupsRequest = call.request
    return {"groups": [_describe_group(state, group_id) for group_id in request.groups]}


def _describe_group(state: BrokerState, group_id: str) -> Reply:
    group = state.groups.get(group_id)
    return {
        "error_code": ErrorCode.none,
        "group_id": group_id,
        "group_state": str(group_state(state, group_id)),
        "protocol_type": group.protocol_type if group else "",
        "protocol_data": group.protocol if group else "",
        "members": [_describe_member(member, group.protocol) for member in group.members.values()]
        if group
        else (),
    }


def _describe_member(member: Member, protocol: str) -> Reply:
    return {
        "member_id": member.id,
        "group_instance_id": member.request.instance_id,
        "client_id": member.request.client_id,
        "client_host": f"/{member.request.client_host}",
        "member_metadata": member.request.protocols.get(protocol, b""),
        "member_assignment": member.assignment,
    }


async def delete_groups(state: BrokerState, call: Call) -> Reply:
    """Forget groups that have no members."""
    request: DeleteGroupsRequest = call.request
    return {
        "results": [
            {"group_id": name, "error_code": _delete_group(state, name)} for name in request.groups_names
        ]
    }


def _delete_group(state: BrokerState, group_id: str) -> ErrorCode:
    stands = group_state(state, group_id)
    if stands is GroupState.DEAD:
        return ErrorCode.group_id_not_found
    if stands is not GroupState.EMPTY:
        return ErrorCode.non_empty_group
    group = state.groups.pop(group_id, None)
    if group is not None:
        group.close()
    state.offsets.forget_group(group_id)
    return ErrorCode.none
