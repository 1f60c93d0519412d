"""A workflow in a process that is on no bus."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from orchestration.ports import Number, step, workflow

from nodesmith.errors import BusUnavailableError
from nodesmith.orchestration import StepCaller, run_workflow
from nodesmith.runtime.context import Command, command_at_hand


def test_a_workflow_off_the_bus_says_how_to_start_the_node() -> None:
    flow = workflow(step("a"))

    with (
        command_at_hand(Command(operation="flow", event_type="test.flows.flow")),
        pytest.raises(BusUnavailableError, match="'flows' is not on an event bus") as caught,
    ):
        asyncio.run(run_workflow(flow, Number(n=1), steps=StepCaller(source="flows"), output_model=Number))

    assert "start_node.py" in caught.value.fix


def test_leaving_a_bus_that_was_never_joined_is_fine() -> None:
    asyncio.run(StepCaller(source="flows").leave())


def test_orchestration_is_imported_without_the_kafka_client() -> None:
    code = "import sys; sys.modules['confluent_kafka'] = None; import nodesmith.orchestration"

    subprocess.run([sys.executable, "-c", code], check=True)
