"""Consumer groups: join, sync, heartbeat, leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.groups import Group, GroupState, JoinRequest, MemberIdRequiredError
from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from kio.schema.heartbeat.v3.request import HeartbeatRequest
    from kio.schema.join_group.v5.request import JoinGroupRequest
    from kio.schema.leave_group.v3.request import LeaveGroupRequest
    from kio.schema.sync_group.v3.request import SyncGroupRequest

    from nodesmith.broker.groups import Member
    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState

_ASKS_FOR_MEMBER_ID = 4  # from this version on a client knows how to be sent back with an id
_LONGEST_SECONDS = 1800.0  # Kafka's own bound of a session; a rebalance has the same here
_MOST_GROUPS = 10_000


async def join_group(state: BrokerState, call: Call) -> Reply:
    """Take a member into the group's next generation; the leader hears of all members."""
    request: JoinGroupRequest = call.request
    try:
        group = _group_to_join(state, request)
        member = await group.join(_join_request(call))
    except MemberIdRequiredError as required:
        return _not_joined(required.code, required.member_id)
    except RefusedError as refused:
        return _not_joined(refused.code, request.member_id)
    return _joined(group, member)


def _group_to_join(state: BrokerState, request: JoinGroupRequest) -> Group:
    if not request.group_id:
        raise RefusedError(ErrorCode.invalid_group_id)
    if not 0 < request.session_timeout.total_seconds() <= _LONGEST_SECONDS:
        raise RefusedError(ErrorCode.invalid_session_timeout)
    if request.group_id not in state.groups and len(state.groups) >= _MOST_GROUPS:
        _forget_unused(state)
    return state.groups.setdefault(request.group_id, Group(request.group_id))


def _forget_unused(state: BrokerState) -> None:
    """Make room for a new group: one without members and offsets is like one that never was."""
    for group_id, group in list(state.groups.items()):
        if group.is_unused and not state.offsets.of_group(group_id):
            del state.groups[group_id]
    if len(state.groups) >= _MOST_GROUPS:
        raise RefusedError(ErrorCode.group_max_size_reached)


def _join_request(call: Call) -> JoinRequest:
    request: JoinGroupRequest = call.request
    session_seconds = request.session_timeout.total_seconds()
    rebalance = getattr(request, "rebalance_timeout", request.session_timeout)
    return JoinRequest(
        member_id=request.member_id,
        instance_id=getattr(request, "group_instance_id", None),
        client_id=call.client_id,
        client_host=call.client_host,
        session_seconds=session_seconds,
        rebalance_seconds=min(_LONGEST_SECONDS, max(session_seconds, rebalance.total_seconds())),
        protocol_type=request.protocol_type,
        protocols={protocol.name: protocol.metadata for protocol in request.protocols},
        can_come_again=call.version >= _ASKS_FOR_MEMBER_ID,
    )


def _joined(group: Group, member: Member) -> Reply:
    members = group.members.values() if member.id == group.leader else ()
    return {
        "error_code": ErrorCode.none,
        "generation_id": group.generation,
        "protocol_name": group.protocol,
        "leader": group.leader,
        "member_id": member.id,
        "members": [
            {
                "member_id": one.id,
                "group_instance_id": one.request.instance_id,
                "metadata": one.request.protocols[group.protocol],
            }
            for one in members
        ],
    }


def _not_joined(code: ErrorCode, member_id: str) -> Reply:
    return {
        "error_code": code,
        "generation_id": -1,
        "protocol_name": "",
        "leader": "",
        "member_id": member_id,
        "members": (),
    }


async def sync_group(state: BrokerState, call: Call) -> Reply:
    """Give a member its assignment."""
    request: SyncGroupRequest = call.request
    try:
        group = _known(state, request.group_id)
        assignment = await group.sync(
            request.member_id,
            request.generation_id,
            getattr(request, "group_instance_id", None),
            {one.member_id: one.assignment for one in request.assignments},
        )
    except RefusedError as refused:
        return {"error_code": refused.code, "assignment": b""}
    return {
        "error_code": ErrorCode.none,
        "assignment": assignment,
    }


def heartbeat(state: BrokerState, call: Call) -> Reply:
    """Note that a member is alive, or tell it to join again."""
    request: HeartbeatRequest = call.request
    try:
        group = _known(state, request.group_id)
        group.heartbeat(request.member_id, request.generation_id, getattr(request, "group_instance_id", None))
    except RefusedError as refused:
        return {"error_code": refused.code}
    return {"error_code": ErrorCode.none}


def leave_group(state: BrokerState, call: Call) -> Reply:
    """Take members out of the group at once, without waiting for their session to end."""
    request: LeaveGroupRequest = call.request
    # Before version 3 one member left at a time, and its error was the whole answer's.
    one = getattr(request, "member_id", None)
    leaving = (
        [(one, None)] if one is not None else [(m.member_id, m.group_instance_id) for m in request.members]
    )
    answers = [
        {
            "member_id": member_id,
            "group_instance_id": instance_id,
            "error_code": _leave(state, request.group_id, member_id, instance_id),
        }
        for member_id, instance_id in leaving
    ]
    return {
        "error_code": answers[0]["error_code"] if one is not None else ErrorCode.none,
        "members": answers,
    }


def _leave(state: BrokerState, group_id: str, member_id: str, instance_id: str | None) -> ErrorCode:
    try:
        _known(state, group_id).leave(member_id, instance_id)
    except RefusedError as refused:
        return refused.code
    return ErrorCode.none


def _known(state: BrokerState, group_id: str) -> Group:
    if group_id not in state.groups:
        raise RefusedError(ErrorCode.unknown_member_id)
    return state.groups[group_id]


def group_state(state: BrokerState, group_id: str) -> GroupState:
    """Return where a group stands; one that has only committed offsets is empty, an unknown one dead."""
    if group_id in state.groups:
        return state.groups[group_id].state
    return GroupState.EMPTY if state.offsets.of_group(group_id) else GroupState.DEAD
