"""The pipeline: specs -> nodes on the disk, stage by stage; whatever does not hold stops all of it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from nodesmith.errors import GateError, InputError
from nodesmith.generation.blame import blaming
from nodesmith.generation.code_generation import generate_code
from nodesmith.generation.contract import make_contract
from nodesmith.generation.event_bus_integration import integrate_event_bus, takes_event_bus
from nodesmith.generation.post_check import post_check
from nodesmith.generation.pre_check import pre_check
from nodesmith.generation.rendering import packaged_templates
from nodesmith.generation.report import PipelineReport, Record, StageEvent, Status
from nodesmith.generation.system_files import system_units
from nodesmith.generation.update.changes import NO_CHOICES
from nodesmith.generation.update.conflicts import UnresolvedError
from nodesmith.generation.write import preview, write
from nodesmith.naming import node_folder
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from pathlib import Path

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.gates.model_gate import ModelBuilder
    from nodesmith.generation.rendering import Templates
    from nodesmith.generation.report import Listener
    from nodesmith.generation.update.changes import Choices, Plan
    from nodesmith.spec.model import NodeSpec, SystemSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What stages 1 to 5 make: each node's contract, and the files of every unit."""

    contracts: tuple[NodeContract, ...]
    files: dict[str, NodeFiles]


def run(
    specs: SystemSpec,
    target: Path,
    *,
    verify: bool,
    report: Listener,
    parse_ms: float = 0.0,
    templates: Templates | None = None,
    choices: Choices = NO_CHOICES,
    builder: ModelBuilder | None = None,
) -> PipelineReport:
    """Generate every node of `specs` into `target` and return what was done.

    `report` is told of each stage. Nothing is written before all nodes have passed all gates, and then all of it or
    nothing. `parse_ms` is what stage 1, which made `specs`, took. `builder` builds the models that stage 5 looks at, by default in
    this process, and `choices` say what to do where a person's files are there already; only to look, nothing is written at all.
    Raises GateError, ConflictError, and InputError for a lock that cannot be read; after a GateError of stage 7 the
    nodes are on the disk.
    """
    if not specs.nodes:
        raise InputError("there is no node to generate", fix="give a spec file that holds one")
    record = Record(target=target)

    def tell(event: StageEvent) -> None:
        record.add(event)
        report(event)

    for spec in specs.nodes:
        ms = round(parse_ms / len(specs.nodes), 3)
        tell(StageEvent(node=_folder(spec), number="1", status=Status.DONE, ms=ms))
    templates = templates or packaged_templates()
    made = make(specs, target, templates, tell=tell, builder=builder, writes=not choices.preview)
    _update(made, target, choices, templates=templates.digest, tell=tell)
    _verify(made.contracts, target, tell=tell, wanted=verify and not choices.preview)
    return record.report()


def make(
    specs: SystemSpec,
    target: Path,
    templates: Templates,
    *,
    tell: Listener,
    builder: ModelBuilder | None = None,
    writes: bool = True,
) -> Made:
    """Take all nodes through the stages that touch no disk; raises GateError."""
    contracts: list[NodeContract] = []
    files: dict[str, NodeFiles] = {}
    taken: set[str] = set()
    for spec in specs.nodes:
        contract, made = _make_node(spec, target, templates, tell=tell, others=taken, writes=writes)
        contracts.append(contract)
        files[contract.folder] = made
        taken.add(contract.folder.casefold())
    with _stage(tell, tuple(files), "5") as ending:
        try:
            files = post_check(files, contracts, builder=builder)
        except GateError as error:
            ending.at_fault = frozenset(finding.file.partition("/")[0] for finding in error.findings)
            raise
    return Made(contracts=tuple(contracts), files={**files, **system_units(specs, contracts, templates)})


def _make_node(
    spec: NodeSpec,
    target: Path,
    templates: Templates,
    *,
    tell: Listener,
    others: Container[str],
    writes: bool,
) -> tuple[NodeContract, NodeFiles]:
    node = (_folder(spec),)
    with _stage(tell, node, "2"):
        contract = make_contract(spec)
    with _stage(tell, node, "3"):
        pre_check(contract, templates, target, others=others, writes=writes)
    with _stage(tell, node, "4"):
        files = generate_code(contract, templates)
    node_file = f"{contract.version_folder}/node.py"
    with _stage(tell, node, "4.5") as ending, blaming(files, node_file):
        files = integrate_event_bus(files, contract, templates)
        if not takes_event_bus(spec):
            ending.status = Status.SKIPPED
            ending.detail = f"Skipping event bus integration for {spec.archetype} node (optional)"
    return contract, dict(sorted(files.items()))


def _folder(spec: NodeSpec) -> str:
    return node_folder(domain=spec.domain, name=spec.name, archetype=spec.archetype)


def _update(made: Made, target: Path, choices: Choices, *, templates: str, tell: Listener) -> None:
    """Plan what becomes of every file and, unless only the plan is wanted, carry it out."""
    nodes = tuple(contract.folder for contract in made.contracts)
    with _stage(tell, nodes, "6") as ending:
        if choices.preview:
            ending.status = Status.SKIPPED
            ending.plan = preview(made.files, target, choices, templates=templates)
            return
        try:
            ending.plan = write(made.files, target, choices, templates=templates)
        except UnresolvedError as error:
            ending.plan = error.plan
            raise
        present = {unit.unit: unit.present for unit in ending.plan.units}
        ending.files = {
            node: tuple(path for path in made.files[node] if path in present[node]) for node in nodes
        }


def _verify(contracts: Sequence[NodeContract], target: Path, *, tell: Listener, wanted: bool) -> None:
    with _stage(tell, tuple(contract.folder for contract in contracts), "7") as ending:
        if not wanted:
            ending.status = Status.SKIPPED
            return
        from nodesmith.generation.verify import verify as verify_nodes

        try:
            verify_nodes(contracts, target)
        except GateError as error:
            ending.at_fault = frozenset(finding.file for finding in error.findings)
            raise


@dataclass(slots=True)
class _Ending:
    """How a stage ends; where it fails, `at_fault` names the nodes it fails for, and nobody means all."""

    status: Status = Status.DONE
    at_fault: frozenset[str] = frozenset()
    detail: str = ""
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    plan: Plan | None = None


@contextmanager
def _stage(tell: Listener, nodes: tuple[str, ...], number: str) -> Iterator[_Ending]:
    """Time a stage and tell of its start and end; nodes that go through it together share its time."""
    for node in nodes:
        tell(StageEvent(node=node, number=number, status=Status.STARTED))
    ending, failed = _Ending(), True
    started = time.perf_counter()
    try:
        yield ending
        failed = False
    finally:
        ms = round((time.perf_counter() - started) * 1000 / len(nodes), 3)
        failing = (ending.at_fault.intersection(nodes) or nodes) if failed else ()
        for node in nodes:
            tell(
                StageEvent(
                    node=node,
                    number=number,
                    status=Status.FAILED if node in failing else ending.status,
                    ms=ms,
                    detail=ending.detail,
                    files=ending.files.get(node, ()),
                    plan=ending.plan,
                )
            )
