"""Consumer groups, the classic protocol: members join, the leader divides the partitions, everybody syncs.

A group is a state machine. Requests that wait (a join for the others, a sync for the leader) are futures of their
member; timers drop members that fall silent and end a rebalance that somebody does not come back for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from kio.schema.errors import ErrorCode

from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_MEMBERS = 1000
# Members that start together should meet in one generation; Kafka waits 3 s for that, a laptop has no time.
SETTLE_SECONDS = 0.025


class GroupState(StrEnum):
    """Where a group stands, in Kafka's own words."""

    EMPTY = "Empty"
    PREPARING = "PreparingRebalance"
    COMPLETING = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


class MemberIdRequiredError(RefusedError):
    """A new member is to come again with the id it is given here."""

    def __init__(self, member_id: str) -> None:
        super().__init__(ErrorCode.member_id_required)
        self.member_id = member_id


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """What a consumer says of itself when it joins."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_seconds: float
    rebalance_seconds: float
    protocol_type: str
    protocols: Mapping[str, bytes]
    can_come_again: bool  # whether it knows how to be asked to join again with an id


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """A consumer in the group; `joining` and `syncing` are the requests that it waits for."""

    id: str
    request: JoinRequest
    generation: int = -1
    assignment: bytes = b""
    joining: asyncio.Future[ErrorCode] | None = None
    syncing: asyncio.Future[ErrorCode] | None = None
    session: asyncio.TimerHandle | None = None

    def answer_join(self, code: ErrorCode) -> None:
        """End the join that the member waits for, if it does."""
        if self.joining is not None and not self.joining.done():
            self.joining.set_result(code)
        self.joining = None

    def answer_sync(self, code: ErrorCode) -> None:
        """End the sync that the member waits for, if it does."""
        if self.syncing is not None and not self.syncing.done():
            self.syncing.set_result(code)
        self.syncing = None

    def stop_clock(self) -> None:
        """Let the member be silent for as long as it waits for an answer."""
        if self.session is not None:
            self.session.cancel()
            self.session = None


@dataclass(slots=True)
class Group:
    """One group; methods raise `RefusedError` where Kafka answers with an error code."""

    id: str
    state: GroupState = GroupState.EMPTY
    generation: int = 0
    protocol_type: str = ""
    protocol: str = ""
    leader: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    _given_ids: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _deadline: asyncio.TimerHandle | None = None
    _settling: bool = False

    @property
    def is_unused(self) -> bool:
        """Tell whether nobody is in the group nor on the way to it."""
        return not (self.members or self._given_ids)

    async def join(self, request: JoinRequest) -> Member:
        """Wait until a generation begins with this member in it, and return the member.

        A member that only asks again what it was told stays in the generation that there is.
        """
        self._check_protocols(request)
        member = self._member_for(request)
        if not self._can_stay(member, request):
            member.answer_join(ErrorCode.rebalance_in_progress)
            member.stop_clock()
            member.request = request
            joining = member.joining = asyncio.get_running_loop().create_future()
            self._prepare()
            _raise_unless_none(await joining)
        self._restart_clock(member)
        return member

    async def sync(
        self, member_id: str, generation: int, instance_id: str | None, assignments: Mapping[str, bytes]
    ) -> bytes:
        """Return the member's assignment, waiting for the leader's word where it is not the leader."""
        member = self._member(member_id, generation, instance_id)
        if self.state is GroupState.PREPARING:
            raise RefusedError(ErrorCode.rebalance_in_progress)
        if self.state is GroupState.COMPLETING and member.id == self.leader:
            self._assign(assignments)
        elif self.state is GroupState.COMPLETING:
            member.answer_sync(ErrorCode.rebalance_in_progress)
            member.stop_clock()
            syncing = member.syncing = asyncio.get_running_loop().create_future()
            _raise_unless_none(await syncing)
        self._restart_clock(member)
        return member.assignment

    def heartbeat(self, member_id: str, generation: int, instance_id: str | None) -> None:
        """Note that the member is alive; refused while a rebalance waits for it to join again."""
        self._restart_clock(self._member(member_id, generation, instance_id))
        if self.state is GroupState.PREPARING:
            raise RefusedError(ErrorCode.rebalance_in_progress)

    def leave(self, member_id: str, instance_id: str | None) -> None:
        """Take a member out, by its id or, where that is empty, by its instance id."""
        member = self.members.get(member_id) if member_id else self._by_instance(instance_id)
        if member is None:
            if self._given_ids.pop(member_id, None) is None:
                raise RefusedError(ErrorCode.unknown_member_id)
            return
        self._remove(member, ErrorCode.unknown_member_id)
        self._go_on_without()

    def check_commit(self, member_id: str, generation: int, instance_id: str | None) -> None:
        """Refuse a commit by who is not in this generation; without members anybody may commit."""
        if generation < 0 and not self.members:
            return
        self._restart_clock(self._member(member_id, generation, instance_id))
        if self.state is GroupState.COMPLETING:
            raise RefusedError(ErrorCode.rebalance_in_progress)

    def close(self) -> None:
        """Stop all clocks."""
        for timer in (self._deadline, *self._given_ids.values(), *(m.session for m in self.members.values())):
            if timer is not None:
                timer.cancel()

    def _check_protocols(self, request: JoinRequest) -> None:
        others = [member.request for member in self.members.values() if member.id != request.member_id]
        common = set(request.protocols).intersection(*(other.protocols for other in others))
        same_type = all(other.protocol_type == request.protocol_type for other in others)
        if not (request.protocol_type and common and same_type):
            raise RefusedError(ErrorCode.inconsistent_group_protocol)

    def _member_for(self, request: JoinRequest) -> Member:
        instance = self._by_instance(request.instance_id)
        if request.member_id:
            if instance is not None and instance.id != request.member_id:
                raise RefusedError(ErrorCode.fenced_instance_id)
            return self.members.get(request.member_id) or self._admit_given(request)
        if instance is not None:  # the same instance was started again
            self._remove(instance, ErrorCode.fenced_instance_id)
        if len(self.members) + len(self._given_ids) >= MOST_MEMBERS:
            raise RefusedError(ErrorCode.group_max_size_reached)
        member_id = f"{request.client_id or 'member'}-{uuid4()}"
        if request.can_come_again and request.instance_id is None:
            loop = asyncio.get_running_loop()
            self._given_ids[member_id] = loop.call_later(
                request.session_seconds, self._given_ids.pop, member_id, None
            )
            raise MemberIdRequiredError(member_id)
        return self._admit(member_id, request)

    def _admit_given(self, request: JoinRequest) -> Member:
        timer = self._given_ids.pop(request.member_id, None)
        if timer is None:
            raise RefusedError(ErrorCode.unknown_member_id)
        timer.cancel()
        return self._admit(request.member_id, request)

    def _admit(self, member_id: str, request: JoinRequest) -> Member:
        self.protocol_type = request.protocol_type
        member = self.members[member_id] = Member(id=member_id, request=request)
        return member

    def _can_stay(self, member: Member, request: JoinRequest) -> bool:
        same = member.generation == self.generation and member.request.protocols == request.protocols
        if self.state is GroupState.STABLE:  # a leader that joins again asks for a rebalance
            return same and member.id != self.leader
        return same and self.state is GroupState.COMPLETING

    def _member(self, member_id: str, generation: int, instance_id: str | None) -> Member:
        instance = self._by_instance(instance_id)
        if instance is not None and instance.id != member_id:
            raise RefusedError(ErrorCode.fenced_instance_id)
        member = self.members.get(member_id)
        if member is None:
            raise RefusedError(ErrorCode.unknown_member_id)
        if generation != self.generation:
            raise RefusedError(ErrorCode.illegal_generation)
        return member

    def _by_instance(self, instance_id: str | None) -> Member | None:
        if instance_id is None:
            return None
        return next((m for m in self.members.values() if m.request.instance_id == instance_id), None)

    def _restart_clock(self, member: Member) -> None:
        member.stop_clock()
        if self.members.get(member.id) is member and member.joining is None:
            loop = asyncio.get_running_loop()
            member.session = loop.call_later(member.request.session_seconds, self._expire, member)

    def _expire(self, member: Member) -> None:
        self._remove(member, ErrorCode.unknown_member_id)
        self._go_on_without()

    def _remove(self, member: Member, code: ErrorCode) -> None:
        member.stop_clock()
        member.answer_join(code)
        member.answer_sync(code)
        self.members.pop(member.id, None)

    def _go_on_without(self) -> None:
        if self.members:
            self._prepare()
        elif self.state is not GroupState.EMPTY:
            self._begin_generation()

    def _prepare(self) -> None:
        """Begin a rebalance where none is under way, and end it where everybody has come."""
        if self.state is not GroupState.PREPARING:
            self._settling = self.state is GroupState.EMPTY
            self.state = GroupState.PREPARING
            for member in self.members.values():
                if member.syncing is not None:
                    member.answer_sync(ErrorCode.rebalance_in_progress)
                    self._restart_clock(member)
            patience = max(member.request.rebalance_seconds for member in self.members.values())
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(
                SETTLE_SECONDS if self._settling else patience, self._begin_generation
            )
        if not self._settling and all(member.joining for member in self.members.values()):
            self._begin_generation()

    def _begin_generation(self) -> None:
        """Begin a generation with those who have joined; the others are out and must join anew."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._settling = False
        for member in [member for member in self.members.values() if member.joining is None]:
            self._remove(member, ErrorCode.unknown_member_id)
        self.generation += 1
        if not self.members:
            self.state, self.protocol, self.leader = GroupState.EMPTY, "", ""
            return
        self.state = GroupState.COMPLETING
        self.protocol = self._choose_protocol()
        if self.leader not in self.members:
            self.leader = next(iter(self.members))
        for member in self.members.values():
            member.generation, member.assignment = self.generation, b""
            member.answer_join(ErrorCode.none)
            self._restart_clock(member)

    def _choose_protocol(self) -> str:
        offers = [member.request.protocols for member in self.members.values()]
        common = set(offers[0]).intersection(*offers[1:])
        votes = Counter(next(name for name in offer if name in common) for offer in offers)
        return votes.most_common(1)[0][0]

    def _assign(self, assignments: Mapping[str, bytes]) -> None:
        self.state = GroupState.STABLE
        for member in self.members.values():
            member.assignment = assignments.get(member.id, b"")
            member.answer_sync(ErrorCode.none)


def _raise_unless_none(code: ErrorCode) -> None:
    if code is not ErrorCode.none:
        raise RefusedError(code)
