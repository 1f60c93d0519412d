"""The engine by itself: order, concurrency, retries, undo and the story it tells."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestration.ports import (
    WORKFLOW_ID,
    MemoryBus,
    Number,
    failing,
    new_run,
    silent,
    step,
    workflow,
)
from pydantic import BaseModel

from nodesmith.errors import WorkflowFailedError
from nodesmith.orchestration.engine import run_to_end
from nodesmith.orchestration.run import StepStatus, WorkflowRun, command_id
from nodesmith.orchestration.workflow import Undo, Workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.orchestration.attempts import Command


def run(flow: Workflow, bus: MemoryBus, *, state: WorkflowRun | None = None) -> Number:
    return asyncio.run(run_to_end(flow, state or new_run(flow), bus=bus, output_model=Number))


def failure_of(flow: Workflow, bus: MemoryBus) -> WorkflowFailedError:
    with pytest.raises(WorkflowFailedError) as caught:
        run(flow, bus)
    return caught.value


def test_a_step_reads_the_answers_of_the_steps_it_waits_for() -> None:
    def doubled(state: WorkflowRun) -> dict[str, object]:
        return {"n": state.answer("first", Number).n * 2}

    bus = MemoryBus()
    flow = Workflow(
        name="flow",
        steps=(step("second", after=("first",), request=doubled), step("first")),
        result=lambda state: {"n": state.answer("second", Number).n},
    )

    assert run(flow, bus, state=new_run(flow, n=21)).n == 42
    assert bus.operations == ["first", "second"]


def test_independent_steps_run_at_the_same_time() -> None:
    async def both() -> MemoryBus:
        meeting = asyncio.Barrier(2)

        async def meet(command: Command) -> Mapping[str, object]:
            await asyncio.wait_for(meeting.wait(), 5)
            return {"n": 1}

        bus = MemoryBus(handlers={"left": meet, "right": meet})
        flow = workflow(step("left"), step("right"), step("last", after=("left", "right")))
        await run_to_end(flow, new_run(flow), bus=bus, output_model=Number)
        return bus

    assert asyncio.run(both()).operations[-1] == "last"


@given(st.lists(st.sets(st.integers(0, 6)), min_size=1, max_size=7))
def test_every_step_of_any_graph_runs_once_and_after_those_it_waits_for(waits: list[set[int]]) -> None:
    # A step may only wait for earlier ones, so that every drawn graph can run; given to the workflow the other way round.
    steps = [
        step(f"s{number}", after=tuple(f"s{before}" for before in sorted(waits[number]) if before < number))
        for number in range(len(waits))
    ]
    flow = workflow(*reversed(steps))
    state = new_run(flow)
    bus = MemoryBus()

    run(flow, bus, state=state)

    assert sorted(state.done) == sorted(each.name for each in steps)
    assert len(bus.sent) == len(steps)
    for each in steps:
        assert all(state.done.index(before) < state.done.index(each.name) for before in each.after)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((step("a"), step("a")), "more than one step called a"),
        ((step("a", after=("b",)),), "waits for b, which does not exist"),
        ((step("a", after=("b",)), step("b", after=("a",))), "wait for each other: "),
        ((step("a", after=("a",)),), "wait for each other: a -> a"),
    ],
)
def test_steps_that_could_never_all_run_are_refused(steps: tuple, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=words):
        workflow(*steps)


def test_a_retryable_failure_is_tried_again_under_a_new_command_id() -> None:
    bus = MemoryBus(handlers={"shaky": failing(retryable=True, times=1)})

    run(workflow(step("shaky", retries=1)), bus)

    assert [command.command_id for command in bus.sent] == [
        command_id(WORKFLOW_ID, "shaky", 1),
        command_id(WORKFLOW_ID, "shaky", 2),
    ]


def test_a_command_nobody_answered_is_sent_again_under_the_same_id() -> None:
    bus = MemoryBus(handlers={"slow": silent(times=1)})

    run(workflow(step("slow", retries=1)), bus)

    assert [command.command_id for command in bus.sent] == [command_id(WORKFLOW_ID, "slow", 1)] * 2


def test_a_final_failure_is_not_tried_again() -> None:
    bus = MemoryBus(handlers={"broken": failing(retryable=False)})

    error = failure_of(workflow(step("broken", retries=5)), bus)

    assert error.step == "broken"
    assert bus.operations == ["broken"]


def test_a_failed_workflow_takes_back_what_was_done_in_reverse() -> None:
    bus = MemoryBus(handlers={"ship": failing()})
    flow = workflow(
        step("reserve", undo=True),
        step("pay", undo=True, after=("reserve",)),
        step("ship", undo=True, after=("pay",)),
        step("mail", after=("ship",)),
    )

    error = failure_of(flow, bus)

    assert bus.operations == ["reserve", "pay", "ship", "undo_pay", "undo_reserve"]
    assert error.undone == ("pay", "reserve")
    assert error.message == "workflow 'flow' failed at step 'ship': it broke; undone: pay, reserve"


def test_an_undo_that_fails_is_reported_and_the_others_still_happen() -> None:
    bus = MemoryBus(handlers={"ship": failing(), "undo_pay": failing()})
    flow = workflow(
        step("reserve", undo=True),
        step("look", after=("reserve",)),
        step("pay", undo=True, after=("look",)),
        step("ship", after=("pay",)),
    )

    error = failure_of(flow, bus)

    assert error.undone == ("reserve",)
    assert error.not_undone == (("pay", "it broke"),)
    assert error.kept == ("look",)
    assert error.message.endswith("undone: reserve; NOT undone: pay (it broke); kept, having no undo: look")


def test_a_step_under_way_when_another_fails_is_finished_and_taken_back() -> None:
    async def scenario() -> MemoryBus:
        failed = asyncio.Event()

        async def fail(command: Command) -> Mapping[str, object]:
            failed.set()
            return await failing()(command)

        async def finish_late(command: Command) -> Mapping[str, object]:
            await failed.wait()
            await asyncio.sleep(0)
            return {"n": 1}

        bus = MemoryBus(handlers={"bad": fail, "late": finish_late})
        flow = workflow(step("late", undo=True), step("bad"), step("never", after=("late",)))
        with pytest.raises(WorkflowFailedError):
            await run_to_end(flow, new_run(flow), bus=bus, output_model=Number)
        return bus

    assert asyncio.run(scenario()).operations == ["late", "bad", "undo_late"]


def test_a_step_nobody_answered_is_said_to_be_unknown() -> None:
    bus = MemoryBus(handlers={"slow": silent()})

    error = failure_of(workflow(step("slow", undo=True)), bus)

    assert error.unknown == ("slow",)
    assert bus.operations == ["slow"]


def test_an_answer_that_does_not_fit_fails_the_step_but_its_work_is_taken_back() -> None:
    async def nonsense(command: Command) -> Mapping[str, object]:
        return {"n": "many"}

    bus = MemoryBus(handlers={"odd": nonsense})

    error = failure_of(workflow(step("odd", undo=True)), bus)

    assert "its answer does not fit Number" in error.message
    assert error.undone == ("odd",)


def test_a_request_that_does_not_fit_is_never_sent() -> None:
    bus = MemoryBus()

    error = failure_of(workflow(step("wrong", request=lambda state: {"n": "many"})), bus)

    assert "its request does not fit Number" in error.message
    assert bus.sent == []


def test_reading_an_answer_that_is_not_there_names_what_to_add() -> None:
    flow = workflow(step("eager", request=lambda state: state.answer("first", Number)), step("first"))

    assert "name it in the `after` of the step" in failure_of(flow, MemoryBus()).message


def test_a_result_that_does_not_fit_takes_every_step_back() -> None:
    bus = MemoryBus()
    flow = Workflow(name="flow", steps=(step("done", undo=True),), result=lambda state: {"n": "many"})

    error = failure_of(flow, bus)

    assert error.step == "result"
    assert error.undone == ("done",)


def test_an_undo_is_sent_only_the_fields_its_operation_takes() -> None:
    class Order(BaseModel):
        n: int
        note: str = "long"

    undo = Undo(domain="test", node="worker", operation="delete", request_model=Number, key="n")
    bus = MemoryBus(handlers={"bad": failing()})

    failure_of(workflow(step("store", request_model=Order, undo=undo), step("bad", after=("store",))), bus)

    assert bus.sent[-1].payload == Number(n=1)
    assert bus.sent[-1].key == "1"


def test_a_good_run_tells_its_story() -> None:
    bus = MemoryBus()

    run(workflow(step("a"), step("b", after=("a",))), bus)

    assert bus.story == [
        "workflow-started",
        "stage-started a",
        "stage-completed a",
        "stage-started b",
        "stage-completed b",
        "workflow-completed",
    ]


def test_a_failed_run_tells_what_failed_and_what_was_taken_back() -> None:
    bus = MemoryBus(handlers={"b": failing()})

    failure_of(workflow(step("a", undo=True), step("b", after=("a",))), bus)

    assert bus.story[-2:] == ["stage-failed b", "workflow-failed"]
    assert bus.events[-1].payload() == {
        "workflow": "flow",
        "workflow_id": str(WORKFLOW_ID),
        "failed_step": "b",
        "error_type": "BrokenError",
        "message": "it broke",
        "undone": ["a"],
        "not_undone": {},
        "kept": [],
        "unknown": [],
    }


def test_a_cancelled_workflow_stops_its_steps_and_undoes_nothing() -> None:
    async def scenario() -> tuple[MemoryBus, WorkflowRun]:
        started = asyncio.Event()

        async def hang(command: Command) -> Mapping[str, object]:
            started.set()
            await asyncio.Event().wait()
            return {}

        bus = MemoryBus(handlers={"hang": hang})
        flow = workflow(step("hang", undo=True))
        state = new_run(flow)
        task = asyncio.create_task(run_to_end(flow, state, bus=bus, output_model=Number))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return bus, state

    bus, state = asyncio.run(scenario())
    assert bus.operations == ["hang"]
    assert state.steps["hang"].status is StepStatus.RUNNING
