"""Attempts at one command: when another one is made, how long it is waited for, and how it ends."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import wait_until_async

from nodesmith.errors import InputError, TemporaryError
from nodesmith.runtime.breaker import BreakerPolicy, Breakers
from nodesmith.runtime.retrying import (
    LONGEST_RETRY_AFTER_SECONDS,
    FailedError,
    Retrying,
    RetryPolicy,
    may_pass,
)
from nodesmith.runtime.turn import HandedBackError, Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

seconds = st.floats(min_value=0, max_value=1e6)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)
policies = st.builds(RetryPolicy, attempts=st.integers(1, 10**6), base_seconds=seconds, cap_seconds=seconds)


@given(policy=policies, attempt=st.integers(1, 10**9), chance=chances)
def test_a_pause_is_never_longer_than_the_cap_nor_than_the_bound_that_doubles(
    policy: RetryPolicy, attempt: int, chance: float
) -> None:
    pause = policy.pause(attempt, lambda: chance)
    assert 0 <= pause <= policy.bound(attempt) <= policy.cap_seconds
    assert policy.bound(attempt) <= policy.bound(attempt + 1) <= 2 * policy.bound(attempt)
    assert policy.bound(1) == min(policy.base_seconds, policy.cap_seconds)


@given(policy=policies, attempt=st.integers(1, 100), seed=st.integers())
def test_pauses_are_the_same_for_the_same_source_of_chance(
    policy: RetryPolicy, attempt: int, seed: int
) -> None:
    one, other = (policy.pause(attempt, Random(seed).random) for _ in range(2))
    assert one == other


@given(attempt=st.integers(1, 40), seed=st.integers())
def test_the_jitter_is_full_pauses_fall_everywhere_between_nothing_and_the_bound(
    attempt: int, seed: int
) -> None:
    policy, chance = RetryPolicy(), Random(seed).random
    tenths = [int(10 * policy.pause(attempt, chance) / policy.bound(attempt)) for _ in range(1_000)]
    assert set(tenths) == set(range(10))
    assert max(tenths.count(tenth) for tenth in range(10)) < 200


@given(attempt=st.integers(1, 40), chance=chances, asked=st.floats(min_value=-1, max_value=1e9))
def test_a_dependency_that_says_when_is_not_asked_earlier_and_not_for_ever(
    attempt: int, chance: float, asked: float
) -> None:
    policy = RetryPolicy()
    pause = policy.pause(attempt, lambda: chance, retry_after=asked)
    asked = max(0.0, min(asked, LONGEST_RETRY_AFTER_SECONDS))
    assert asked <= pause <= asked + policy.bound(attempt)


def test_only_what_is_declared_may_pass() -> None:
    declared = TimeoutError("slow today")
    declared.retryable = True  # type: ignore[attr-defined]
    assert may_pass(TemporaryError("busy"))
    assert may_pass(declared)
    assert not any(may_pass(error) for error in (TimeoutError(), ConnectionError(), ValueError(), OSError()))


def test_settings_come_from_the_environment_and_nonsense_is_refused() -> None:
    chosen = {"RETRY_ATTEMPTS": "3", "RETRY_BASE_SECONDS": "0.5", "RETRY_CAP_SECONDS": "2"}
    assert RetryPolicy.from_environment(chosen) == RetryPolicy(attempts=3, base_seconds=0.5, cap_seconds=2)
    assert RetryPolicy.from_environment({}) == RetryPolicy(attempts=5, base_seconds=0.1, cap_seconds=10)
    for name, value in (("RETRY_ATTEMPTS", "0"), ("RETRY_BASE_SECONDS", "-1"), ("RETRY_CAP_SECONDS", "soon")):
        with pytest.raises(InputError, match=name):
            RetryPolicy.from_environment({name: value})


def failing(*errors: Exception | None) -> Callable[[int], Awaitable[int]]:
    """Return what fails with one error after the other, and then returns the number of the attempt."""
    left = list(errors)

    async def attempt(number: int) -> int:
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return number

    return attempt


def retrying(*, attempts: int = 3, breaker_failures: int = 100) -> tuple[Retrying, list[str]]:
    retried: list[str] = []
    policy = RetryPolicy(attempts=attempts, base_seconds=0.001, cap_seconds=0.001)
    breakers = Breakers(policy=BreakerPolicy(failures=breaker_failures, pause_seconds=0.01))
    made = Retrying(
        policy=policy, breakers=breakers, retried=lambda operation, error: retried.append(operation)
    )
    return made, retried


async def test_what_passes_is_tried_until_it_works() -> None:
    tries, retried = retrying()
    attempt = failing(TemporaryError("one"), TemporaryError("two"))
    assert await tries.carry_out(attempt, operation="write", turn=Turn()) == 3
    assert retried == ["write", "write"]


async def test_attempts_that_are_used_up_are_counted_and_dated() -> None:
    tries, _ = retrying(attempts=3)
    errors = [TemporaryError(str(number)) for number in range(1, 4)]
    with pytest.raises(FailedError) as caught:
        await tries.carry_out(failing(*errors), operation="write", turn=Turn())
    failure = caught.value.failure
    assert (failure.error, failure.attempts, failure.used_up) == (errors[2], 3, True)
    assert failure.first_at < failure.last_at


@pytest.mark.parametrize("before", [0, 1])
async def test_what_does_not_pass_ends_it_at_once(before: int) -> None:
    tries, _ = retrying()
    errors = [*[TemporaryError("busy")] * before, ValueError("never")]
    with pytest.raises(FailedError) as caught:
        await tries.carry_out(failing(*errors), operation="write", turn=Turn())
    failure = caught.value.failure
    assert (type(failure.error), failure.attempts, failure.used_up) == (ValueError, before + 1, False)


async def test_a_record_that_is_wanted_back_in_a_pause_is_given_back_at_once() -> None:
    (tries, retried), turn = retrying(), Turn()
    attempt = failing(TemporaryError("busy", retry_after=60))
    working = asyncio.create_task(tries.carry_out(attempt, operation="write", turn=turn))

    async def resting() -> bool:
        return retried == ["write"]

    await wait_until_async(resting, why="the pause")
    turn.hand_back()
    with pytest.raises(HandedBackError):
        await asyncio.wait_for(working, 1)


async def test_no_attempt_is_begun_once_a_record_is_wanted_back() -> None:
    tries, turn = retrying()[0], Turn()
    begun: list[int] = []

    async def attempt(number: int) -> None:
        begun.append(number)
        turn.hand_back()
        raise TemporaryError("busy")

    with pytest.raises(HandedBackError):
        await tries.carry_out(attempt, operation="write", turn=turn)
    assert begun == [1]


async def test_attempts_that_only_probe_are_not_burnt() -> None:
    tries, _ = retrying(attempts=3, breaker_failures=2)
    numbers: list[int] = []

    async def attempt(number: int) -> int:
        numbers.append(number)
        if len(numbers) < 8:
            raise TemporaryError("away")
        return number

    assert await tries.carry_out(attempt, operation="write", turn=Turn()) == 3
    assert numbers == [1, 2, 3, 3, 3, 3, 3, 3]
