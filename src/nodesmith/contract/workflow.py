"""What only an orchestrator promises: the steps of its workflow, and what its answer is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.models import ModelContract, ModelRole
from nodesmith.naming import command_topic, completed_topic, event_type, failed_topic
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nodesmith.contract.operations import OperationContract
    from nodesmith.contract.registry import ClassRegistry
    from nodesmith.spec.model import Binding, NodeSpec, OperationRef, StepSpec, WorkflowSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContract:
    """An operation of another node, and the topics it is reached by."""

    domain: str
    node: str
    operation: str
    event_type: str
    command_topic: str
    completed_topic: str
    failed_topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContract:
    """One call of the workflow: `request` is what it sends, `answer` what it reads of the result.

    `key` is the field of the request that keeps the called node's commands in order, and `undo_request` what of the
    request the undo operation takes; it is set where `undo` is.
    """

    name: str
    call: CallContract
    request: ModelContract
    answer: ModelContract
    bindings: Mapping[str, Binding]
    after: tuple[str, ...]
    timeout_seconds: float
    retries: int
    undo: CallContract | None
    undo_request: ModelContract | None
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorContract:
    """An orchestrator's workflow; its steps stand in an order that respects every `after`."""

    operation: OperationContract
    steps: tuple[StepContract, ...]
    result: Mapping[str, Binding]

    def step(self, name: str) -> StepContract:
        """Return the step of that name; raise KeyError where there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    @property
    def calls(self) -> Iterator[CallContract]:
        """Yield every operation the workflow may call, to do or to undo; one may come twice."""
        for step in self.steps:
            yield step.call
            if step.undo:
                yield step.undo


def workflow_subjects(workflow: WorkflowSpec) -> Iterator[str]:
    """Yield what the models of the steps are named after."""
    for step in workflow.steps:
        yield f"{step.name}_step_input"
        yield f"{step.name}_step_output"
        if step.undo:
            yield f"{step.name}_undo_input"


def orchestrator_contract(
    node: NodeSpec, workflow: WorkflowSpec, operation: OperationContract, *, registry: ClassRegistry
) -> OrchestratorContract:
    """Return the contract of a workflow, whose input and output are those of `operation`."""
    return OrchestratorContract(
        operation=operation,
        steps=tuple(_step(step, node=node, registry=registry) for step in workflow.steps),
        result=dict(workflow.result),
    )


def _step(step: StepSpec, *, node: NodeSpec, registry: ClassRegistry) -> StepContract:
    called, path = f"{step.call.node}.{step.call.operation}", f"workflow.steps.{step.name}"
    return StepContract(
        name=step.name,
        call=_call(step.call, node),
        request=registry.model(
            f"{step.name}_step_input",
            step.input,
            role=ModelRole.STEP_INPUT,
            description=f"What the step `{step.name}` sends to `{called}`.",
            path=f"{path}.with",
        ),
        answer=registry.model(
            f"{step.name}_step_output",
            step.output,
            role=ModelRole.STEP_OUTPUT,
            description=f"What the step `{step.name}` reads of the answer of `{called}`.",
            path=f"{path}.output",
        ),
        bindings=dict(step.bindings),
        after=step.after,
        timeout_seconds=step.timeout_seconds,
        retries=step.retries,
        undo=_call(step.undo, node) if step.undo else None,
        undo_request=_undo_request(step, registry),
        key=step.key,
    )


def _undo_request(step: StepSpec, registry: ClassRegistry) -> ModelContract | None:
    if step.undo is None:
        return None
    return registry.model(
        f"{step.name}_undo_input",
        step.undo_input,
        role=ModelRole.STEP_INPUT,
        description=f"What of its request takes the step `{step.name}` back.",
        path=f"workflow.steps.{step.name}.undo",
    )


def _call(ref: OperationRef, node: NodeSpec) -> CallContract:
    domain = ref.domain or node.domain
    return CallContract(
        domain=domain,
        node=ref.node,
        operation=ref.operation,
        event_type=event_type(domain=domain, name=ref.node, operation=ref.operation),
        command_topic=command_topic(domain=domain, name=ref.node),
        completed_topic=completed_topic(domain=domain, name=ref.node),
        failed_topic=failed_topic(domain=domain, name=ref.node),
    )
