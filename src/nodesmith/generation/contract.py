"""Stage 2: spec -> contract."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from nodesmith.contract import node_contract
from nodesmith.errors import Finding, GateError, SpecError
from nodesmith.naming import event_domain
from nodesmith.spec.loading import load_node_document
from nodesmith.spec.model import NodeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.spec.model import EventSpec, OperationRef, StepSpec

STAGE = "2"


def make_contract(spec: NodeSpec) -> NodeContract:
    """Return the typed contract of a node; raises GateError of stage 2 where the spec contradicts itself.

    A spec is as sound as its document, which the node keeps as its `node.yaml`: the loader reads it once more, as it
    will stand there, and finds in it what it would find in a file; the spec must be what it says.
    """
    if findings := tuple(_findings(spec)):
        raise GateError(
            f"the spec of '{spec.name}' is not sound: {len(findings)} finding(s)",
            stage=STAGE,
            findings=findings,
            fix="load the spec from a file that says what is wanted",
        )
    return node_contract.build(spec)


def _findings(spec: NodeSpec) -> Iterator[Finding]:
    try:
        said = load_node_document(spec.document, source="node.yaml")
    except SpecError as error:
        yield from error.findings
        return
    read, given = _without_others(said), _without_others(spec)
    for part in (field.name for field in fields(NodeSpec) if field.name != "document"):
        if getattr(read, part) != getattr(given, part):
            message = f"the node's {part} is not what its document says"
            yield Finding(rule="document", message=message, file="node.yaml", path=part)


def _without_others(spec: NodeSpec) -> NodeSpec:
    """Return the spec without what only a system knows: the nodes it calls, and whether no domain is `general`."""
    workflow = spec.workflow
    if workflow is not None:
        workflow = replace(workflow, steps=tuple(_bare_step(step) for step in workflow.steps))
    return replace(spec, workflow=workflow, events=tuple(_bare_event(event) for event in spec.events))


def _bare_step(step: StepSpec) -> StepSpec:
    call, undo = _bare_ref(step.call), _bare_ref(step.undo) if step.undo else None
    return replace(step, call=call, undo=undo, input=(), output=(), key=None, undo_input=())


def _bare_event(event: EventSpec) -> EventSpec:
    return replace(event, source=_bare_ref(event.source) if event.source else None)


def _bare_ref(ref: OperationRef) -> OperationRef:
    return replace(ref, domain=event_domain(ref.domain))
