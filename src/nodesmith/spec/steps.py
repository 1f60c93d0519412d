"""Steps of a workflow held against the operations they call: fields, types, what an undo needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.directory import Directory, External, Target
from nodesmith.spec.fields import check_field_name
from nodesmith.spec.model import (
    Binding,
    FieldSpec,
    FieldType,
    InputBinding,
    LiteralBinding,
    NodeSpec,
    NullableType,
    OperationRef,
    OperationSpec,
    StepBinding,
    StepSpec,
)
from nodesmith.spec.operations import field_named
from nodesmith.spec.tree import shown
from nodesmith.spec.type_language import UNKNOWN_TYPE, fits, type_text
from nodesmith.spec.values import constraint_problem, type_of_value, value_problem
from nodesmith.spec.workflow import NO_OPERATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.findings import Findings
    from nodesmith.spec.node import ReadNode
    from nodesmith.spec.tree import Place, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What the bindings of one workflow may read: its input, and for each step the answer's fields.

    A step that could not be made out is missing from `answers`: nothing is said about what reads from it.
    """

    node: ReadNode
    operation: OperationSpec
    answers: dict[str, tuple[FieldSpec, ...]]
    targets: dict[str, Target | External]
    findings: Findings

    @property
    def steps(self) -> Tree:
        return self.node.tree.at("workflow", "steps")

    def bound(self, step: StepSpec) -> dict[str, Tree]:
        """Return what stands under a step's `with`."""
        tree = self.steps.at(step.name).entries.get("with")
        return tree.entries if tree else {}

    def source(self, binding: Binding) -> FieldSpec | None:
        """Return the field a reference reads, or None for a literal and for what is not there."""
        match binding:
            case InputBinding(field=name):
                return field_named(name, self.operation.input)
            case StepBinding(step=step, field=name):
                return field_named(name, self.answers.get(step, ()))
        return None

    def source_place(self, binding: Binding) -> Place | None:
        """Return where the field a reference reads is declared."""
        if isinstance(binding, InputBinding):
            return self.node.tree.at("operations", self.operation.name, "input", binding.field).key
        if not isinstance(binding, StepBinding):
            return None
        target, field = self.targets.get(binding.step), self.source(binding)
        if isinstance(target, Target) and field is not None:
            return target.output_place(field)
        return self.steps.at(binding.step, "output", binding.field).key


def resolve_workflow(node: ReadNode, directory: Directory, findings: Findings) -> NodeSpec:
    """Return an orchestrator whose steps know what they call; any other node as it is."""
    spec = node.spec
    if spec.workflow is None or not spec.operations:
        return spec
    steps = spec.workflow.steps
    targets = _targets(steps, node, directory, findings)
    answers = {
        step.name: found.operation.output if isinstance(found, Target) else step.output
        for step in steps
        if (found := targets.get(step.name)) is not None
    }
    scope = _Scope(
        node=node, operation=spec.operations[0], answers=answers, targets=targets, findings=findings
    )
    _check_reads(steps, scope)
    resolved = tuple(_resolved(step, directory, scope) for step in steps)
    _check_result(scope)
    return replace(spec, workflow=replace(spec.workflow, steps=resolved))


def _targets(
    steps: Sequence[StepSpec], node: ReadNode, directory: Directory, findings: Findings
) -> dict[str, Target | External]:
    found = {}
    for step in steps:
        tree = node.tree.at("workflow", "steps", step.name, "call")
        if step.call != NO_OPERATION:
            target = directory.find(step.call, tree, node, findings)
            if target is not None:
                found[step.name] = target
    return found


def _bindings(steps: Sequence[StepSpec], scope: _Scope) -> Iterator[tuple[Binding, Tree]]:
    """Yield every binding of a workflow and where it stands."""
    for step in steps:
        for field, binding in step.bindings.items():
            yield binding, scope.steps.at(step.name, "with", field)
    assert scope.node.spec.workflow is not None
    for field, binding in scope.node.spec.workflow.result.items():
        yield binding, scope.node.tree.at("workflow", "result", field)


def _check_reads(steps: Sequence[StepSpec], scope: _Scope) -> None:
    """Find references to fields that a step's answer does not have."""
    for binding, tree in _bindings(steps, scope):
        if not isinstance(binding, StepBinding) or scope.source(binding) is not None:
            continue
        target = scope.targets.get(binding.step)
        names = [field.name for field in scope.answers.get(binding.step, ())]
        near = scope.findings.near(binding.field, names)
        if isinstance(target, Target):
            message = f"the output of {target.where()} has no field {shown(binding.field)}"
            scope.findings.add("unknown-reference", message, tree.place, near)
        elif target is not None:
            message = f"the answer of the step '{binding.step}' has no known field {shown(binding.field)}"
            fix = (
                near
                if near.startswith("did")
                else f"declare it: 'output: {{{binding.field}: <type>}}' in the step"
            )
            scope.findings.add("unknown-reference", message, tree.place, fix)


def _resolved(step: StepSpec, directory: Directory, scope: _Scope) -> StepSpec:
    target = scope.targets.get(step.name)
    if target is None:
        return step
    undo, undo_input = _undo(step, directory, scope)
    if isinstance(target, External):
        for name, entry in scope.bound(step).items():
            check_field_name(name, entry, scope.findings)
        derived = _derived_input(step, scope)
        return replace(step, call=target.ref, input=derived, undo=undo, undo_input=undo_input)
    _check_with(step, target, scope)
    _check_declared_output(step, target, scope)
    return replace(
        step,
        call=target.ref,
        input=tuple(field for field in target.operation.input if field.name in step.bindings),
        output=_read_output(step, target, scope),
        key=target.operation.key if target.operation.key in step.bindings else None,
        undo=undo,
        undo_input=undo_input,
    )


def _derived_input(step: StepSpec, scope: _Scope) -> tuple[FieldSpec, ...]:
    """Return input fields of the types that the bindings bring."""
    return tuple(FieldSpec(name=name, type=_type_of(value, scope)) for name, value in step.bindings.items())


def _type_of(binding: Binding, scope: _Scope) -> FieldType:
    if isinstance(binding, LiteralBinding):
        return type_of_value(binding.value)
    source = scope.source(binding)
    return source.type if source else UNKNOWN_TYPE


def _read_output(step: StepSpec, target: Target, scope: _Scope) -> tuple[FieldSpec, ...]:
    """Return the fields of the answer that the step declares or anything reads."""
    assert scope.node.spec.workflow is not None
    names = {field.name for field in step.output}
    for binding, _ in _bindings(scope.node.spec.workflow.steps, scope):
        if isinstance(binding, StepBinding) and binding.step == step.name:
            names.add(binding.field)
    return tuple(field for field in target.operation.output if field.name in names)


def _check_with(step: StepSpec, target: Target, scope: _Scope) -> None:
    tree = scope.steps.at(step.name, "with")
    fields = target.operation.input
    bound = scope.bound(step)
    for name, entry in bound.items():
        if field_named(name, fields) is None:
            message = f"the input of {target.where()} has no field {shown(name)}"
            fix = scope.findings.near(name, [field.name for field in fields])
            scope.findings.add("unknown-reference", message, entry.key, fix)
    for field in fields:
        if field.name in step.bindings:
            _check_fit(step.bindings[field.name], field, tree.at(field.name), target.where(), scope)
        elif field.required and field.name not in bound:
            message = f"{target.where()} needs the field '{field.name}'"
            scope.findings.add(
                "missing-key", message, tree.key, f"add '{field.name}: input.{field.name}' to 'with'"
            )


def _check_fit(binding: Binding, field: FieldSpec, tree: Tree, whose: str, scope: _Scope) -> None:
    if isinstance(binding, LiteralBinding):
        problem = value_problem(binding.value, field.type) or constraint_problem(binding.value, field)
        if problem:
            message = f"the value does not fit '{field.name}' of {whose}: {problem}"
            scope.findings.add("type-mismatch", message, tree.place, f"write a {type_text(field.type)}")
        return
    source = scope.source(binding)
    if source is None or fits(source.type, field.type):
        return
    origin = "input" if isinstance(binding, InputBinding) else binding.step
    found = f"{origin}.{source.name} ({scope.source_place(binding)}) is {type_text(source.type)}"
    message = f"{found}, and '{field.name}' of {whose} is {type_text(field.type)}"
    scope.findings.add("type-mismatch", message, tree.place, _mismatch_fix(source.type, field.type))


def _mismatch_fix(source: FieldType, target: FieldType) -> str:
    if isinstance(source, NullableType) and fits(source.inner, target):
        return "give the source a type without null, or let the target be null"
    return "make the types agree, or convert in a compute node between the two"


def _check_declared_output(step: StepSpec, target: Target, scope: _Scope) -> None:
    tree = scope.steps.at(step.name, "output")
    for field in step.output:
        given = field_named(field.name, target.operation.output)
        if given is None:
            message = f"the output of {target.where()} has no field '{field.name}'"
            fix = scope.findings.near(field.name, [one.name for one in target.operation.output])
            scope.findings.add("unknown-reference", message, tree.at(field.name).key, fix)
        elif not fits(given.type, field.type):
            stands = target.output_place(given)
            message = (
                f"'{field.name}' is {type_text(field.type)} here, and {type_text(given.type)} at {stands}"
            )
            scope.findings.add(
                "type-mismatch", message, tree.at(field.name).place, "drop 'output': it is known"
            )


def _undo(
    step: StepSpec, directory: Directory, scope: _Scope
) -> tuple[OperationRef | None, tuple[FieldSpec, ...]]:
    """Return the operation that takes a step back, and the fields it is sent."""
    if step.undo is None:
        return None, ()
    tree = scope.steps.at(step.name, "undo")
    found = directory.find(step.undo, tree, scope.node, scope.findings)
    if found is None:
        return step.undo, ()
    if isinstance(found, External):
        return found.ref, _derived_input(step, scope)
    whose = found.where()
    for field in found.operation.input:
        if field.name in step.bindings:
            _check_fit(step.bindings[field.name], field, tree, whose, scope)
        elif field.required:
            message = f"{whose} needs the field '{field.name}', which the step's 'with' does not have"
            fix = "an undo is sent the step's own fields: undo with an operation that needs no other"
            scope.findings.add("undo", message, tree.place, fix)
    return found.ref, tuple(field for field in found.operation.input if field.name in step.bindings)


def _check_result(scope: _Scope) -> None:
    assert scope.node.spec.workflow is not None
    for name, binding in scope.node.spec.workflow.result.items():
        field = field_named(name, scope.operation.output)
        if field is not None:
            tree = scope.node.tree.at("workflow", "result", name)
            stands = scope.node.tree.at("operations", scope.operation.name, "output", name).key
            whose = f"the output of '{scope.operation.name}' ({stands})"
            _check_fit(binding, field, tree, whose, scope)
