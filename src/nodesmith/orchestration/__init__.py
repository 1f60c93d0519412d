"""Workflows across nodes: what an orchestrator is built from."""

from nodesmith.orchestration.run import WorkflowRun
from nodesmith.orchestration.steps import StepCaller, run_workflow
from nodesmith.orchestration.workflow import Step, Undo, Workflow

__all__ = ["Step", "StepCaller", "Undo", "Workflow", "WorkflowRun", "run_workflow"]
