"""What an operator asks of groups: listed, described, deleted, and their offsets deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.groups import GroupState
from nodesmith.broker.handlers.membership import group_state
from nodesmith.broker.offsets import Place

if TYPE_CHECKING:
    from kio.schema.delete_groups.v1.request import DeleteGroupsRequest
    from kio.schema.describe_groups.v4.request import DescribeGroupsRequest
    from kio.schema.list_groups.v4.request import ListGroupsRequest
    from kio.schema.offset_delete.v0.request import OffsetDeleteRequest

    from nodesmith.broker.groups import Member
    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState


def list_groups(state: BrokerState, call: Call) -> Reply:
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


def describe_groups(state: BrokerState, call: Call) -> Reply:
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


def delete_groups(state: BrokerState, call: Call) -> Reply:
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


def offset_delete(state: BrokerState, call: Call) -> Reply:
    """Forget what a group has committed in partitions that none of its members may be reading."""
    request: OffsetDeleteRequest = call.request
    stands = group_state(state, request.group_id)
    if stands is GroupState.DEAD:
        return {"error_code": ErrorCode.group_id_not_found, "topics": ()}
    # As in Kafka, but for the whole group: which topics its members subscribe to is their own encoding.
    code = ErrorCode.none if stands is GroupState.EMPTY else ErrorCode.group_subscribed_to_topic
    places = [
        Place(topic.name, part.partition_index) for topic in request.topics for part in topic.partitions
    ]
    if code is ErrorCode.none:
        state.offsets.forget_places(request.group_id, places)
    return {
        "error_code": ErrorCode.none,
        "topics": [
            {
                "name": topic.name,
                "partitions": [
                    {"partition_index": part.partition_index, "error_code": code} for part in topic.partitions
                ],
            }
            for topic in request.topics
        ],
    }
