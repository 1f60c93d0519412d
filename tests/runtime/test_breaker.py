"""When commands wait for a dependency, who finds out whether it works again, and what ends the waiting."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import wait_until_async

from nodesmith.errors import InputError, TemporaryError
from nodesmith.runtime.breaker import Admission, BreakerPolicy, Breakers
from nodesmith.runtime.dispatch import Dispatcher, Job
from nodesmith.runtime.turn import HandedBackError, Turn

AWAY = TemporaryError("away", dependency="ledger")


def breakers(*, failures: int = 3, pause: float = 0.02) -> Breakers:
    """Breakers that always take the longest pause there is."""
    return Breakers(policy=BreakerPolicy(failures=failures, pause_seconds=pause), chance=lambda: 1.0)


async def fail(node: Breakers, times: int, error: TemporaryError = AWAY, operation: str = "write") -> None:
    for _ in range(times):
        (await node.admit(operation, Turn())).failed(error)


def waiting(node: Breakers, operation: str = "write", turn: Turn | None = None) -> asyncio.Task[Admission]:
    return asyncio.create_task(node.admit(operation, turn or Turn()))


async def first_of(*tasks: asyncio.Task[Admission]) -> Admission:
    done, _ = await asyncio.wait(tasks, timeout=1, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    return done.pop().result()


async def test_it_opens_after_so_many_failures_in_a_row_and_says_why() -> None:
    node = breakers()
    await fail(node, 2)
    assert (node.states(), node.problems) == ({"ledger": False}, [])
    await fail(node, 1)
    assert node.states() == {"ledger": True}
    assert (
        "'ledger' failed 3 times in a row (away); commands that need it wait, tried again in"
        in node.problems[0]
    )


async def test_a_success_in_between_starts_the_count_anew() -> None:
    node = breakers()
    await fail(node, 2)
    (await node.admit("write", Turn())).succeeded()
    await fail(node, 2)
    assert node.problems == []


async def test_operations_that_never_failed_on_it_go_on() -> None:
    node = breakers()
    await fail(node, 3)
    admission = await asyncio.wait_for(node.admit("note", Turn()), 0.01)
    assert admission.probed == ()


async def test_one_command_tries_and_when_it_works_all_go_on() -> None:
    node = breakers()
    await fail(node, 3)
    one, two, three = waiting(node), waiting(node), waiting(node)
    probe = await first_of(one, two, three)
    assert [breaker.name for breaker in probe.probed] == ["ledger"]
    assert "a command tries it now" in node.problems[0]
    probe.succeeded()
    others = await asyncio.gather(two, three)
    assert [admission.probed for admission in others] == [(), ()]
    assert node.problems == []


async def test_a_probe_that_fails_costs_no_attempt_and_doubles_the_pause() -> None:
    node = breakers(pause=0.02)
    await fail(node, 3)
    begun = asyncio.get_running_loop().time()
    for _ in range(3):
        admission = await asyncio.wait_for(node.admit("write", Turn()), 1)
        assert admission.failed(AWAY)
    assert asyncio.get_running_loop().time() - begun >= 0.02 + 0.04 + 0.08 - 0.005
    assert node.states() == {"ledger": True}


async def test_a_probe_that_finds_nothing_out_leaves_the_next_one_to_try() -> None:
    node = breakers()
    await fail(node, 3)
    one, two = waiting(node), waiting(node)
    (await first_of(one, two)).inconclusive()
    second = await asyncio.wait_for(two, 1)
    assert second.probed
    assert node.states() == {"ledger": True}


async def test_the_dependency_is_not_asked_before_the_time_it_gave() -> None:
    node = breakers(failures=1, pause=0.001)
    await fail(node, 1, TemporaryError("busy", dependency="ledger", retry_after=0.1))
    begun = asyncio.get_running_loop().time()
    await asyncio.wait_for(node.admit("write", Turn()), 1)
    assert asyncio.get_running_loop().time() - begun >= 0.095


async def test_a_failure_that_names_nothing_is_ascribed_to_the_resources() -> None:
    node = breakers(failures=1)
    await fail(node, 1, TemporaryError("away"))
    assert node.states() == {"resources": True}


async def test_a_command_that_is_wanted_back_leaves_its_place_to_the_next() -> None:
    node = breakers()
    await fail(node, 3)
    turn = Turn()
    first, second = waiting(node, turn=turn), waiting(node)
    await asyncio.sleep(0)
    turn.hand_back()
    with pytest.raises(HandedBackError):
        await asyncio.wait_for(first, 1)
    assert (await asyncio.wait_for(second, 1)).probed


async def test_a_probe_granted_in_the_very_moment_its_command_is_wanted_back_is_not_lost() -> None:
    node = breakers()
    await fail(node, 3)
    turn = Turn()
    first = waiting(node, turn=turn)
    await asyncio.sleep(0)
    second = waiting(node)
    await asyncio.sleep(0)
    breaker = node.named("ledger")
    breaker._probe_at = 0.0
    breaker._let_one_try()
    turn.hand_back()
    with pytest.raises(HandedBackError):
        await asyncio.wait_for(first, 1)
    assert (await asyncio.wait_for(second, 1)).probed


async def test_two_that_need_the_same_two_dependencies_do_not_wait_for_each_other_for_ever() -> None:
    node = breakers(failures=1)
    other = TemporaryError("away", dependency="archive")
    (await node.admit("write", Turn())).failed(AWAY)
    node.named("archive").failed(other, operation="write", probe=False)
    tasks = [waiting(node) for _ in range(5)]
    admission = await first_of(*tasks)
    assert [breaker.name for breaker in admission.probed] == ["archive", "ledger"]
    admission.succeeded()
    await asyncio.wait_for(asyncio.gather(*tasks), 1)
    assert node.problems == []


async def test_commands_that_wait_leave_their_slots_to_others_and_come_back_within_the_limit() -> None:
    node, dispatcher = breakers(pause=0.05), Dispatcher(limit=2)
    await fail(node, 3)
    done: list[str] = []
    at_once = [0, 0]

    def job(offset: int, operation: str) -> Job:
        turn = Turn()

        async def run() -> None:
            admission = await node.admit(operation, turn)
            at_once[0] += 1
            at_once[1] = max(at_once)
            await asyncio.sleep(0.005)
            at_once[0] -= 1
            admission.succeeded()
            done.append(operation)

        return Job(partition=("t", 0), offset=offset, lane=str(offset), run=run, turn=turn)

    dispatcher.add([*(job(offset, "write") for offset in range(10)), job(10, "note")])

    async def idle() -> bool:
        return dispatcher.load == 0

    await wait_until_async(idle, why="every job done")
    assert done == ["note", *["write"] * 10]
    assert at_once[1] == 2
    assert dispatcher.commits.take() == {("t", 0): 11}


@given(probes=st.integers(0, 10**6), chance=st.floats(0, 1))
def test_the_pause_before_a_probe_grows_to_a_bound_and_is_never_nothing(probes: int, chance: float) -> None:
    policy = BreakerPolicy()
    bound = min(policy.cap_seconds, policy.pause_seconds * 2.0 ** min(probes, 60))
    assert bound / 2 <= policy.pause(probes, lambda: chance) <= bound


def test_settings_come_from_the_environment_and_nonsense_is_refused() -> None:
    chosen = {"BREAKER_FAILURES": "2", "BREAKER_PAUSE_SECONDS": "0.5", "BREAKER_CAP_SECONDS": "4"}
    expected = BreakerPolicy(failures=2, pause_seconds=0.5, cap_seconds=4)
    assert BreakerPolicy.from_environment(chosen) == expected
    for name in chosen:
        with pytest.raises(InputError, match=name):
            BreakerPolicy.from_environment({name: "0"})
