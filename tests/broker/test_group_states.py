"""The group's state machine by itself: what it answers to whom, and when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from kio.schema.errors import ErrorCode
from support.waiting import wait_until_async

from nodesmith.broker.groups import Group, GroupState, JoinRequest, MemberIdRequiredError
from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from nodesmith.broker.groups import Member


def request(
    member_id: str = "",
    *,
    instance_id: str | None = None,
    session_seconds: float = 30.0,
    rebalance_seconds: float = 30.0,
    protocols: dict[str, bytes] | None = None,
    can_come_again: bool = False,
) -> JoinRequest:
    return JoinRequest(
        member_id=member_id,
        instance_id=instance_id,
        client_id="test",
        client_host="127.0.0.1",
        session_seconds=session_seconds,
        rebalance_seconds=rebalance_seconds,
        protocol_type="consumer",
        protocols={"range": b"topics"} if protocols is None else protocols,
        can_come_again=can_come_again,
    )


async def is_empty(group: Group) -> bool:
    return group.state is GroupState.EMPTY


async def stable(group: Group, *requests: JoinRequest) -> list[Member]:
    """Bring a group of these members into its stable state."""
    members = await asyncio.gather(*(group.join(one) for one in requests))
    shares = {member.id: b"share of " + member.id.encode() for member in members}
    await asyncio.gather(
        *(
            group.sync(
                member.id,
                group.generation,
                member.request.instance_id,
                shares if member.id == group.leader else {},
            )
            for member in members
        )
    )
    assert group.state is GroupState.STABLE
    return members


def run(test: Callable[[Group], Coroutine[None, None, None]]) -> None:
    """Run a test with a group of its own whose clocks are stopped at the end."""

    async def with_group() -> None:
        group = Group("g")
        try:
            async with asyncio.timeout(10):
                await test(group)
        finally:
            group.close()

    asyncio.run(with_group())


def refusal(code: ErrorCode) -> pytest.RaisesExc[RefusedError]:
    return pytest.RaisesExc(RefusedError, check=lambda error: error.code is code)


def test_members_that_start_together_meet_in_one_generation_and_get_their_shares() -> None:
    async def test(group: Group) -> None:
        members = await stable(group, request(), request(), request())
        assert group.generation == 1
        assert [member.assignment for member in members] == [b"share of " + m.id.encode() for m in members]

    run(test)


def test_a_new_member_who_knows_how_is_sent_back_with_an_id() -> None:
    async def test(group: Group) -> None:
        with pytest.raises(MemberIdRequiredError) as sent_back:
            await group.join(request(can_come_again=True))
        member = await group.join(request(sent_back.value.member_id, can_come_again=True))
        assert member.id == sent_back.value.member_id

    run(test)


def test_an_id_that_nobody_was_given_is_refused() -> None:
    async def test(group: Group) -> None:
        with refusal(ErrorCode.unknown_member_id):
            await group.join(request("made-up"))

    run(test)


def test_a_silent_member_is_out_when_its_session_ends() -> None:
    async def test(group: Group) -> None:
        (member,) = await stable(group, request(session_seconds=0.05))
        await wait_until_async(lambda: is_empty(group), why="the session's end")
        with refusal(ErrorCode.unknown_member_id):
            group.heartbeat(member.id, 1, None)

    run(test)


def test_heartbeats_keep_a_member_in() -> None:
    async def test(group: Group) -> None:
        (member,) = await stable(group, request(session_seconds=0.2))
        for _ in range(10):
            await asyncio.sleep(0.05)
            group.heartbeat(member.id, 1, None)

    run(test)


def test_a_member_that_does_not_come_back_for_a_rebalance_is_left_behind() -> None:
    async def test(group: Group) -> None:
        (slow,) = await stable(group, request(rebalance_seconds=0.1))
        new = await group.join(request(rebalance_seconds=0.1))
        assert (group.generation, list(group.members)) == (2, [new.id])
        with refusal(ErrorCode.unknown_member_id):
            group.heartbeat(slow.id, 1, None)

    run(test)


def test_members_hear_of_a_rebalance_from_their_heartbeat() -> None:
    async def test(group: Group) -> None:
        (member,) = await stable(group, request())
        joining = asyncio.create_task(group.join(request()))
        await asyncio.sleep(0)
        with refusal(ErrorCode.rebalance_in_progress):
            group.heartbeat(member.id, 1, None)
        again = await group.join(request(member.id))
        assert (await joining).generation == again.generation == 2

    run(test)


def test_who_waits_for_a_leader_that_went_is_told_to_join_again() -> None:
    async def test(group: Group) -> None:
        first, second = await asyncio.gather(group.join(request()), group.join(request()))
        assert group.leader == first.id
        waiting = asyncio.create_task(group.sync(second.id, 1, None, {}))
        await asyncio.sleep(0)
        group.leave(first.id, None)
        with refusal(ErrorCode.rebalance_in_progress):
            await waiting

    run(test)


def test_a_former_generation_is_refused() -> None:
    async def test(group: Group) -> None:
        (member,) = await stable(group, request())
        with refusal(ErrorCode.illegal_generation):
            group.heartbeat(member.id, 0, None)
        with refusal(ErrorCode.illegal_generation):
            group.check_commit(member.id, 7, None)

    run(test)


def test_a_member_without_a_common_protocol_is_refused() -> None:
    async def test(group: Group) -> None:
        await stable(group, request(protocols={"range": b"", "sticky": b""}))
        with refusal(ErrorCode.inconsistent_group_protocol):
            await group.join(request(protocols={"roundrobin": b""}))
        with refusal(ErrorCode.inconsistent_group_protocol):
            await group.join(request(protocols={}))

    run(test)


def test_the_protocol_most_members_want_is_taken_of_those_that_all_have() -> None:
    async def test(group: Group) -> None:
        await stable(
            group,
            request(protocols={"a": b"", "b": b""}),
            request(protocols={"c": b"", "b": b"", "a": b""}),
            request(protocols={"b": b"", "a": b""}),
        )
        assert group.protocol == "b"

    run(test)


def test_an_instance_that_starts_again_takes_its_own_place_and_the_old_one_is_fenced() -> None:
    async def test(group: Group) -> None:
        (old,) = await stable(group, request(instance_id="one"))
        new = await group.join(request(instance_id="one"))
        assert list(group.members) == [new.id]
        with refusal(ErrorCode.fenced_instance_id):
            group.heartbeat(old.id, 1, "one")

    run(test)


def test_a_join_sent_again_gets_the_same_generation() -> None:
    async def test(group: Group) -> None:
        members = await stable(group, request(), request())
        follower = next(member for member in members if member.id != group.leader)
        again = await group.join(request(follower.id))
        assert (again.id, group.generation, group.state) == (follower.id, 1, GroupState.STABLE)

    run(test)


def test_without_members_anybody_may_commit_and_with_members_only_they() -> None:
    async def test(group: Group) -> None:
        group.check_commit("", -1, None)
        await stable(group, request())
        with refusal(ErrorCode.unknown_member_id):
            group.check_commit("", -1, None)

    run(test)
