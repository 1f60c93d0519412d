"""What a workflow's step is sent, and what its result is made of, as lines of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.values import data_code
from nodesmith.records import dataclass
from nodesmith.spec.model import Binding, InputBinding, LiteralBinding, StepBinding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.types import TypeContract
    from nodesmith.contract.workflow import OrchestratorContract, StepContract


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingCode:
    """`reads` are statements that fetch what `values`, pairs of a field and an expression, are made of.

    `reads_input` says whether the workflow's own input is among it.
    """

    reads: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    reads_input: bool


def step_mapping(workflow: OrchestratorContract, step: StepContract) -> MappingCode:
    """Return how a step's request is made."""
    return _mapping(workflow, step.bindings, step.request)


def workflow_mapping(workflow: OrchestratorContract) -> MappingCode:
    """Return how the workflow's result is made."""
    return _mapping(workflow, workflow.result, workflow.operation.output)


def _mapping(
    workflow: OrchestratorContract, bindings: Mapping[str, Binding], model: ModelContract
) -> MappingCode:
    reads = dict.fromkeys(read for binding in bindings.values() for read in _reads(workflow, binding))
    values = tuple((name, _code(binding, model.field(name).type)) for name, binding in bindings.items())
    reads_input = any(isinstance(binding, InputBinding) for binding in bindings.values())
    return MappingCode(reads=tuple(reads), values=values, reads_input=reads_input)


def _reads(workflow: OrchestratorContract, binding: Binding) -> tuple[str, ...]:
    match binding:
        case InputBinding():
            return (f"request = run.input({workflow.operation.input.class_name})",)
        case StepBinding(step=step):
            model = workflow.step(step).answer.class_name
            return (f"{_answer_name(step)} = run.answer({step!r}, {model})",)
        case LiteralBinding():
            return ()


def _code(binding: Binding, of: TypeContract) -> str:
    match binding:
        case InputBinding(field=field):
            return f"request.{field}"
        case StepBinding(step=step, field=field):
            return f"{_answer_name(step)}.{field}"
        case LiteralBinding(value=value):
            return data_code(value, of)


def _answer_name(step: str) -> str:
    # The ending keeps a step called `run` or `request` apart from the names beside it.
    return f"{step}_answer"
