"""The typed contract of one node: everything templates need, checked, with every name in its final form.

Where a spec says what a person wants, the contract says what the code will be called and made of. Paths are
relative to the node's folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from nodesmith import naming
from nodesmith.contract.models import enums_of, models_of
from nodesmith.contract.operations import operation_contract
from nodesmith.contract.reducer import reducer_contract, reducer_subjects
from nodesmith.contract.registry import ClassRegistry
from nodesmith.contract.topics import topics_contract
from nodesmith.contract.workflow import orchestrator_contract, workflow_subjects
from nodesmith.errors import GateError
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nodesmith.contract.enums import EnumContract
    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.operations import OperationContract
    from nodesmith.contract.reducer import ReducerContract
    from nodesmith.contract.topics import TopicsContract
    from nodesmith.contract.workflow import OrchestratorContract
    from nodesmith.errors import Finding
    from nodesmith.spec.model import NodeSpec

STAGE = "2"

Named = TypeVar("Named", "ModelContract", "EnumContract")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeContract:
    """One node's contract.

    `operations` are all it answers to, a reducer's events and `get_state` among them; `handlers` are those a person
    writes. `models` and `enums` hold every class once, nested ones too. `reducer` and `orchestrator` are set for
    those archetypes only.
    """

    spec: NodeSpec
    description: str
    folder: str
    version_folder: str
    package: str
    class_name: str
    operations: tuple[OperationContract, ...]
    models: tuple[ModelContract, ...]
    enums: tuple[EnumContract, ...]
    topics: TopicsContract
    capabilities: tuple[str, ...]
    reducer: ReducerContract | None = None
    orchestrator: OrchestratorContract | None = None

    @property
    def adapter(self) -> str | None:
        """Return the outside system an effect's handler starts out with, where one was asked for."""
        return self.spec.adapter

    @property
    def handlers(self) -> tuple[OperationContract, ...]:
        """Return the operations that have a handler of their own."""
        return tuple(operation for operation in self.operations if operation.handler_class)


def build(spec: NodeSpec) -> NodeContract:
    """Return the contract of a node; raise GateError of stage 2 with every name that meets another in its code.

    `spec` is sound, as one that was loaded is: what the loader knows is not looked at again.
    """
    registry = ClassRegistry(_subjects(spec))
    declared = tuple(
        operation_contract(operation, node=spec, registry=registry) for operation in spec.operations
    )
    reducer = reducer_contract(spec, spec.state, registry=registry) if spec.state else None
    workflow = spec.workflow
    orchestrator = orchestrator_contract(spec, workflow, declared[0], registry=registry) if workflow else None
    _stop_at(registry.findings, spec)
    operations = (*declared, *_reducer_operations(reducer))
    models = tuple(_once(_models(operations, reducer, orchestrator)))
    folder = naming.node_folder(domain=spec.domain, name=spec.name, archetype=spec.archetype)
    version_folder = "v" + "_".join(str(part) for part in spec.version)
    return NodeContract(
        spec=spec,
        description=spec.description.strip() or f"The {spec.archetype} node {spec.name}.",
        folder=folder,
        version_folder=version_folder,
        package=f"{folder}.{version_folder}",
        class_name=naming.node_class(name=spec.name, archetype=spec.archetype),
        operations=operations,
        models=models,
        enums=tuple(_once(enum for model in models for enum in enums_of(model))),
        topics=topics_contract(spec, reducer=reducer, orchestrator=orchestrator),
        capabilities=tuple(capability(spec, operation.name) for operation in operations),
        reducer=reducer,
        orchestrator=orchestrator,
    )


def capability(spec: NodeSpec, operation: str) -> str:
    """Return `crm.upsert-customer`: what a node says it can do, whoever does it."""
    return f"{naming.event_domain(spec.domain)}.{naming.kebab(operation)}"


def _subjects(spec: NodeSpec) -> Iterator[str]:
    for operation in spec.operations:
        yield f"{operation.name}_input"
        yield f"{operation.name}_output"
    if spec.state:
        yield from reducer_subjects(spec)
    if spec.workflow:
        yield from workflow_subjects(spec.workflow)


def _reducer_operations(reducer: ReducerContract | None) -> Iterator[OperationContract]:
    if reducer:
        yield from (event.operation for event in reducer.events)
        yield reducer.get_state


def _models(
    operations: Iterable[OperationContract],
    reducer: ReducerContract | None,
    orchestrator: OrchestratorContract | None,
) -> Iterator[ModelContract]:
    if reducer:
        yield from models_of(reducer.state)
    for operation in operations:
        yield from models_of(operation.input)
        yield from models_of(operation.output)
    for intent in reducer.intents if reducer else ():
        yield from models_of(intent.model)
    for step in orchestrator.steps if orchestrator else ():
        yield from models_of(step.request)
        yield from models_of(step.answer)
        if step.undo_request:
            yield from models_of(step.undo_request)


def _once(contracts: Iterable[Named]) -> Iterator[Named]:
    seen: set[str] = set()
    for contract in contracts:
        if contract.class_name not in seen:
            seen.add(contract.class_name)
            yield contract


def _stop_at(findings: Iterable[Finding], spec: NodeSpec) -> None:
    found = tuple(findings)
    if found:
        raise GateError(
            f"the spec of '{spec.name}' cannot become a contract: {len(found)} finding(s)",
            stage=STAGE,
            findings=found,
            fix="change the spec where the findings say",
        )
