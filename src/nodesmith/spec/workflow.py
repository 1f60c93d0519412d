"""An orchestrator's workflow as one file can tell it: steps, their order, and what their fields come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.spec.fields import read_fields
from nodesmith.spec.model import (
    Binding,
    InputBinding,
    LiteralBinding,
    OperationRef,
    OperationSpec,
    StepBinding,
    StepSpec,
    WorkflowSpec,
)
from nodesmith.spec.operations import field_named, read_ref
from nodesmith.spec.reading import (
    check_keys,
    check_name,
    list_of,
    mapping_of,
    seconds_of,
    siblings_of,
    text_of,
    whole_number_of,
    wrong_type,
)
from nodesmith.spec.tree import Tree, plain, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nodesmith.spec.findings import Findings

INPUT = "input"
MAX_RETRIES = 100
DEFAULT_TIMEOUT_SECONDS = 30.0
WORKFLOW_KEYS = ("steps", "result")
STEP_KEYS = ("call", "with", "after", "timeout", "retries", "undo", "output")

# Stands where `call` could not be read; it names no node, so nothing is looked up for it.
NO_OPERATION = OperationRef(node="", operation="")

_REFERENCE = re.compile(r"([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)")


def read_workflow(tree: Tree, operations: Sequence[OperationSpec], findings: Findings) -> WorkflowSpec | None:
    """Return the workflow of the node's one operation, its steps in an order that respects every `after`."""
    entries = mapping_of(tree, findings, "a workflow: a mapping with 'steps' and 'result'")
    check_keys(tree, findings, allowed=WORKFLOW_KEYS, required=("steps",), what="a workflow")
    if "steps" not in entries:
        return None
    steps_tree = entries["steps"]
    named = siblings_of(steps_tree, findings, what="step")
    if steps_tree.value == {}:
        findings.add("empty", "a workflow needs at least one step", steps_tree.place, "add a step")
    steps = {name: _step(name, step, tuple(named), findings) for name, step in named.items()}
    ordered = _in_order(steps, steps_tree, findings)
    operation = operations[0] if operations else None
    result = _result(entries.get("result"), tree, operation, tuple(named), findings)
    if operation is not None:
        _check_input_bindings(steps, steps_tree, operation, findings)
    if ordered is not None:
        _check_reads(steps, steps_tree, findings)
    return WorkflowSpec(steps=tuple(ordered or steps.values()), result=result)


def _step(name: str, tree: Tree, names: Sequence[str], findings: Findings) -> StepSpec:
    if name == INPUT:
        message = "no step may be called 'input': that is the workflow's own input"
        findings.add("reserved-name", message, tree.key, "choose another name")
    else:
        check_name(name, tree, findings, what="step")
    entries = mapping_of(tree, findings, "a step: a mapping with 'call' and 'with'")
    check_keys(tree, findings, allowed=STEP_KEYS, required=("call",), what="a step")
    bindings = read_bindings(entries["with"], names, findings) if "with" in entries else {}
    call = read_ref(entries["call"], findings) if "call" in entries else None
    retries = (
        whole_number_of(entries["retries"], findings, at_most=MAX_RETRIES) if "retries" in entries else 0
    )
    timeout = seconds_of(entries["timeout"], findings) if "timeout" in entries else None
    return StepSpec(
        name=name,
        call=call or NO_OPERATION,
        after=_after(name, entries.get("after"), bindings, names, findings),
        bindings=bindings,
        timeout_seconds=timeout or DEFAULT_TIMEOUT_SECONDS,
        retries=retries or 0,
        undo=read_ref(entries["undo"], findings) if "undo" in entries else None,
        output=read_fields(entries["output"], findings, names=len(name)) if "output" in entries else (),
    )


def read_bindings(tree: Tree, steps: Sequence[str], findings: Findings) -> dict[str, Binding]:
    """Return what each field comes from: `input.<field>`, `<step>.<field>`, or a literal."""
    entries = mapping_of(tree, findings, "a mapping of field names to what they come from")
    found = {}
    for name, entry in entries.items():
        binding = _binding(entry, steps, findings)
        if binding is not None:
            found[name] = binding
    return found


def _binding(tree: Tree, steps: Sequence[str], findings: Findings) -> Binding | None:
    if not tree.is_readable:
        return None
    match tree.value:
        case str() as text:
            return _reference(text, tree, steps, findings)
        case dict() as entries:
            if tuple(entries) == ("value",):
                return LiteralBinding(plain(entries["value"]))
            wrong_type(tree, findings, "a reference or a literal", "write a literal as {value: ...}")
            return None
    return LiteralBinding(plain(tree))


def _reference(text: str, tree: Tree, steps: Sequence[str], findings: Findings) -> Binding | None:
    parts = _REFERENCE.fullmatch(text)
    if parts is None:
        if text.count(".") > 1 and text.split(".", maxsplit=1)[0] in (INPUT, *steps):
            fix = "bind the whole field; a reference has two parts"
        else:
            fix = "write input.<field> or <step>.<field>; a text itself is written {value: ...}"
        findings.add("bad-reference", f"{shown(text)} is no reference", tree.place, fix)
        return None
    origin, field = parts[1], parts[2]
    if origin == INPUT:
        return InputBinding(field)
    if origin in steps:
        return StepBinding(origin, field)
    message = f"there is no step {shown(origin)}"
    findings.add("unknown-reference", message, tree.place, findings.near(origin, (INPUT, *steps)))
    return None


def _after(
    name: str, tree: Tree | None, bindings: Mapping[str, Binding], names: Sequence[str], findings: Findings
) -> tuple[str, ...]:
    """Return the steps this one waits for: those it names, or those it reads from where it names none."""
    if tree is None:
        return tuple(dict.fromkeys(_steps_read(bindings.values())))
    found: list[str] = []
    for item in list_of(tree, findings, "a list of step names"):
        other = text_of(item, findings, "the name of a step")
        if not other:
            continue
        if other == name:
            findings.add("cycle", f"the step '{name}' waits for itself", item.place, "drop it")
        elif other not in names:
            fix = findings.near(other, [step for step in names if step != name])
            findings.add("unknown-reference", f"there is no step {shown(other)}", item.place, fix)
        elif other in found:
            findings.add("duplicate-value", f"'{other}' stands here twice", item.place, "keep one of the two")
        else:
            found.append(other)
    return tuple(found)


def _steps_read(bindings: Iterable[Binding]) -> Iterable[str]:
    return (binding.step for binding in bindings if isinstance(binding, StepBinding))


def _in_order(steps: Mapping[str, StepSpec], tree: Tree, findings: Findings) -> list[StepSpec] | None:
    """Return the steps so that each stands after what it waits for, otherwise as the file has them; None if none can."""
    ordered: dict[str, StepSpec] = {}
    waiting = dict(steps)
    while waiting:
        free = next((step for step in waiting.values() if all(name in ordered for name in step.after)), None)
        if free is None:
            _report_cycle(waiting, tree, findings)
            return None
        ordered[free.name] = waiting.pop(free.name)
    return list(ordered.values())


def _report_cycle(waiting: Mapping[str, StepSpec], tree: Tree, findings: Findings) -> None:
    name = next(iter(waiting))
    path = [name]
    while (following := next(other for other in waiting[name].after if other in waiting)) not in path:
        path.append(following)
        name = following
    circle = path[path.index(following) :]
    message = f"the steps wait for each other: {' -> '.join((*circle, circle[0]))}"
    step = tree.at(circle[0])
    place = step.entries["after"].key if "after" in step.entries else step.key
    findings.add(
        "cycle", message, place, "take one of them out of 'after', or bind its field to something else"
    )


def _check_reads(steps: Mapping[str, StepSpec], tree: Tree, findings: Findings) -> None:
    """Find bindings that read a step which need not be done by then."""
    for step in steps.values():
        before = _all_before(step, steps)
        for field, binding in step.bindings.items():
            if not isinstance(binding, StepBinding) or binding.step in before:
                continue
            message = f"the step '{step.name}' reads from '{binding.step}', but does not come after it"
            place = tree.at(step.name, "with", field).place
            findings.add(
                "order", message, place, f"add '{binding.step}' to its 'after', or leave 'after' out"
            )


def _all_before(step: StepSpec, steps: Mapping[str, StepSpec]) -> set[str]:
    found: set[str] = set()
    waiting = list(step.after)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += steps[name].after
    return found


def _check_input_bindings(
    steps: Mapping[str, StepSpec], tree: Tree, operation: OperationSpec, findings: Findings
) -> None:
    for step in steps.values():
        for field, binding in step.bindings.items():
            _check_input_binding(binding, tree.at(step.name, "with", field), operation, findings)


def _check_input_binding(binding: Binding, tree: Tree, operation: OperationSpec, findings: Findings) -> None:
    if isinstance(binding, InputBinding) and field_named(binding.field, operation.input) is None:
        message = f"the input of '{operation.name}' has no field {shown(binding.field)}"
        fix = findings.near(binding.field, [field.name for field in operation.input])
        findings.add("unknown-reference", message, tree.place, fix)


def _result(
    tree: Tree | None,
    workflow: Tree,
    operation: OperationSpec | None,
    steps: Sequence[str],
    findings: Findings,
) -> dict[str, Binding]:
    outputs = [field.name for field in operation.output] if operation else []
    if tree is None:
        if outputs:
            message = f"the workflow does not say what '{outputs[0]}' of the output comes from"
            findings.add("missing-key", message, workflow.key, f"add 'result:' with {', '.join(outputs)}")
        return {}
    bindings = read_bindings(tree, steps, findings)
    if operation is None:
        return bindings
    for name, entry in tree.entries.items():
        if name not in outputs:
            message = f"the output of '{operation.name}' has no field {shown(name)}"
            findings.add("unknown-reference", message, entry.key, findings.near(name, outputs))
    for name, binding in bindings.items():
        _check_input_binding(binding, tree.at(name), operation, findings)
    for name in outputs:
        if name not in tree.entries and isinstance(tree.value, dict):
            message = f"the result lacks the output field '{name}'"
            findings.add("missing-key", message, tree.key, f"add '{name}: <step>.<field>'")
    return bindings
