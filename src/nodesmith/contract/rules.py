"""What a node of each archetype must and must not have, and names that would meet each other in its code.

The loader says the same of a file, with line and column; here it holds for a spec from anywhere.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from nodesmith.contract.operations import handler_class
from nodesmith.contract.reducer import GET_STATE
from nodesmith.errors import Finding
from nodesmith.naming import name_problem
from nodesmith.spec.model import Archetype, InputBinding, StepBinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nodesmith.spec.model import Binding, FieldSpec, NodeSpec, WorkflowSpec

ON_THE_BUS = (Archetype.EFFECT, Archetype.ORCHESTRATOR)


def rule_findings(spec: NodeSpec) -> Iterator[Finding]:
    """Yield everything about `spec` that no contract can be made of."""
    yield from _parts(spec)
    yield from _names(spec)
    yield from _operations(spec)
    yield from _state(spec)
    yield from _workflow(spec)


def _parts(spec: NodeSpec) -> Iterator[Finding]:
    kind = spec.archetype
    expected = {
        "operations": kind != Archetype.REDUCER,
        "state": kind == Archetype.REDUCER,
        "events": kind == Archetype.REDUCER,
        "workflow": kind == Archetype.ORCHESTRATOR,
    }
    for part, wanted in expected.items():
        if wanted and not getattr(spec, part):
            yield _finding("missing-part", f"a node of kind {kind} needs {part}", part, f"add {part}")
        if not wanted and getattr(spec, part):
            yield _finding("wrong-part", f"a node of kind {kind} has no {part}", part, f"remove {part}")
    if spec.intents and kind != Archetype.REDUCER:
        yield _finding("wrong-part", f"a node of kind {kind} has no intents", "intents", "remove intents")
    if spec.adapter and kind != Archetype.EFFECT:
        yield _finding("wrong-part", "only an effect talks to the outside", "adapter", "remove adapter")
    if kind in ON_THE_BUS and not spec.event_bus:
        yield _finding(
            "event-bus", f"a node of kind {kind} is always on the event bus", "event_bus", "remove it"
        )
    if kind == Archetype.ORCHESTRATOR and len(spec.operations) > 1:
        yield _finding(
            "one-operation", "an orchestrator has one operation: its workflow", "operations", "split it"
        )


def _names(spec: NodeSpec) -> Iterator[Finding]:
    named = {"name": spec.name, **({"domain": spec.domain} if spec.domain else {})}
    named |= {f"operations.{operation.name}": operation.name for operation in spec.operations}
    named |= {f"events.{event.name}": event.name for event in spec.events}
    named |= {f"intents.{intent.name}": intent.name for intent in spec.intents}
    named |= (
        {f"workflow.steps.{step.name}": step.name for step in spec.workflow.steps} if spec.workflow else {}
    )
    for path, name in named.items():
        if problem := name_problem(name):
            yield _finding("name", f"'{name}' {problem}", path, "choose another name")
    handled = (*(operation.name for operation in spec.operations), *(event.name for event in spec.events))
    yield from _handler_collisions(handled)
    for path, fields in _field_groups(spec):
        yield from _fields(path, fields)


def _handler_collisions(names: Iterable[str]) -> Iterator[Finding]:
    by_class: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_class[handler_class(name)].append(name)
    for class_name, meeting in by_class.items():
        if len(meeting) > 1:
            message = f"{' and '.join(meeting)} would all be handled by {class_name}"
            yield _finding("class-name-collision", message, meeting[1], "choose another name")


def _field_groups(spec: NodeSpec) -> Iterator[tuple[str, tuple[FieldSpec, ...]]]:
    for operation in spec.operations:
        yield f"operations.{operation.name}.input", operation.input
        yield f"operations.{operation.name}.output", operation.output
    for event in spec.events:
        yield f"events.{event.name}.fields", event.fields
    for intent in spec.intents:
        yield f"intents.{intent.name}.fields", intent.fields
    if spec.state:
        yield "state.fields", spec.state.fields


def _fields(path: str, fields: tuple[FieldSpec, ...]) -> Iterator[Finding]:
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            yield _finding(
                "duplicate-field", f"'{field.name}' is there twice", f"{path}.{field.name}", "remove one"
            )
        seen.add(field.name)
        if problem := name_problem(field.name):
            yield _finding("name", f"'{field.name}' {problem}", f"{path}.{field.name}", "choose another name")


def _operations(spec: NodeSpec) -> Iterator[Finding]:
    for operation in spec.operations:
        if operation.key is not None and operation.key not in {field.name for field in operation.input}:
            path = f"operations.{operation.name}.key"
            yield _finding(
                "unknown-field", f"the input has no field '{operation.key}'", path, "name an input field"
            )


def _state(spec: NodeSpec) -> Iterator[Finding]:
    state = spec.state
    if state is None:
        return
    if state.key not in {field.name for field in state.fields}:
        yield _finding(
            "unknown-field", f"the state has no field '{state.key}'", "state.key", "name a state field"
        )
    for event in spec.events:
        if state.key not in {field.name for field in event.fields}:
            message = f"the event lacks the key '{state.key}'"
            yield _finding("missing-key", message, f"events.{event.name}.fields", "add the field")
        if event.name == GET_STATE:
            message = f"'{GET_STATE}' is the query every reducer answers"
            yield _finding("reserved-name", message, f"events.{event.name}", "choose another name")
    if state.machine is not None:
        events = {event.name for event in spec.events}
        for transition in state.machine.transitions:
            if transition.event not in events:
                message = f"there is no event '{transition.event}'"
                yield _finding(
                    "unknown-event", message, "state.machine.transitions", "name one of the events"
                )


def _workflow(spec: NodeSpec) -> Iterator[Finding]:
    workflow = spec.workflow
    if workflow is None or not spec.operations:
        return
    inputs = {field.name for field in spec.operations[0].input}
    answers: dict[str, set[str]] = {}
    for step in workflow.steps:
        path = f"workflow.steps.{step.name}"
        yield from _bindings(step.bindings, f"{path}.with", inputs, answers)
        for name in step.after:
            if name not in answers:
                yield _finding(
                    "unknown-step", f"no step '{name}' before it", f"{path}.after", "name an earlier step"
                )
        answers[step.name] = {field.name for field in step.output}
    yield from _bindings(workflow.result, "workflow.result", inputs, answers)
    yield from _result(workflow, spec.operations[0].output)


def _bindings(
    bindings: Mapping[str, Binding], path: str, inputs: set[str], answers: Mapping[str, set[str]]
) -> Iterator[Finding]:
    for name, binding in bindings.items():
        match binding:
            case InputBinding(field=field) if field not in inputs:
                yield _finding(
                    "unknown-field", f"the input has no '{field}'", f"{path}.{name}", "name an input field"
                )
            case StepBinding(step=step, field=field) if field not in answers.get(step, set()):
                message = f"no step before it answers '{step}.{field}'"
                yield _finding(
                    "unknown-field", message, f"{path}.{name}", "name a field of an earlier step's output"
                )


def _result(workflow: WorkflowSpec, output: tuple[FieldSpec, ...]) -> Iterator[Finding]:
    declared = {field.name: field.required for field in output}
    for name in [name for name, required in declared.items() if required and name not in workflow.result]:
        yield _finding(
            "missing-result", f"the result lacks '{name}'", "workflow.result", "say where it comes from"
        )
    for name in [name for name in workflow.result if name not in declared]:
        yield _finding("unknown-field", f"the output has no '{name}'", f"workflow.result.{name}", "remove it")


def _finding(rule: str, message: str, path: str, fix: str) -> Finding:
    return Finding(rule=rule, message=message, path=path, fix=fix)
