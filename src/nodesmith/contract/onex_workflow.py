"""The part of an orchestrator's `contract.yaml` that says how its workflow runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.onex_document import Document
    from nodesmith.contract.workflow import OrchestratorContract, StepContract

# The longest pause between two tries of a step; see `nodesmith.orchestration.attempts`.
LONGEST_PAUSE_SECONDS = 5.0


def workflow_coordination(contract: NodeContract) -> Document:
    """Return ONEX's `workflow_coordination`: what this runtime does, and what it does not do yet."""
    orchestrator = contract.orchestrator
    assert orchestrator is not None, "stage 2 makes no orchestrator without its workflow"
    parallel = widest(orchestrator) > 1
    return {
        "execution_mode": "parallel" if parallel else "sequential",
        "max_parallel_branches": widest(orchestrator),
        "checkpoint_enabled": False,
        "state_persistence_enabled": False,
        "rollback_enabled": any(step.undo for step in orchestrator.steps),
        "recovery_enabled": False,
        "timeout_ms": math.ceil(longest_run_seconds(orchestrator) * 1000),
    }


def widest(orchestrator: OrchestratorContract) -> int:
    """Return the largest number of steps on one level, a level being what waits for the levels before it."""
    level: dict[str, int] = {}
    for step in orchestrator.steps:
        level[step.name] = 1 + max((level[name] for name in step.after), default=0)
    return max((list(level.values()).count(number) for number in set(level.values())), default=1)


def longest_run_seconds(orchestrator: OrchestratorContract) -> float:
    """Return the time after which every step of a run, and every undo of a failed one, has been given up."""
    end: dict[str, float] = {}
    for step in orchestrator.steps:
        end[step.name] = _seconds(step) + max((end[name] for name in step.after), default=0.0)
    # An undo is given as long, and as many tries, as its step.
    undoing = sum(_seconds(step) for step in orchestrator.steps if step.undo)
    return max(end.values(), default=0.0) + undoing


def _seconds(step: StepContract) -> float:
    return (step.retries + 1) * step.timeout_seconds + step.retries * LONGEST_PAUSE_SECONDS
