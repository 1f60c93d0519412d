"""What belongs to a system as a whole, beside its nodes' folders: how to run it, what travels in it, what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.asyncapi import system_asyncapi
from nodesmith.contract.asyncapi_check import reference_findings
from nodesmith.errors import Finding, GateError
from nodesmith.generation.compose import compose_document, compose_text
from nodesmith.generation.diagram import diagram
from nodesmith.generation.files import GeneratedFile, NodeFiles, Owner
from nodesmith.generation.gates.syntax import read_yaml
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.onex_document import Document
    from nodesmith.generation.rendering import Templates
    from nodesmith.spec.model import SystemSpec

STAGE = "4"
CHECK_STAGE = "5"
UNIT = "."


def system_units(
    specs: SystemSpec, contracts: Sequence[NodeContract], templates: Templates
) -> dict[str, NodeFiles]:
    """Return the files of the system under the name of its unit, and nothing where a node stands alone."""
    if not is_system(specs):
        return {}
    return {UNIT: system_files(specs, contracts, templates)}


def is_system(specs: SystemSpec) -> bool:
    """Say whether there is more to generate than one node: several, or a file that says it is a system."""
    return bool(specs.name) or len(specs.nodes) > 1


def system_files(specs: SystemSpec, contracts: Sequence[NodeContract], templates: Templates) -> NodeFiles:
    """Return the files that stand beside the nodes' folders; raises GateError where they do not hold."""
    title = specs.name or "A system of nodes"
    asyncapi = system_asyncapi(title, specs.description, contracts)
    values: dict[str, object] = {
        "title": title,
        "description": specs.description,
        "nodes": contracts,
        "picture": diagram(contracts),
        "is_on_the_bus": any(node.spec.event_bus for node in contracts),
    }
    files = {
        "README.md": templates.file("system/README.md.j2", values, stage=STAGE),
        "asyncapi.yaml": GeneratedFile(text=to_yaml(asyncapi)),
        "compose.yaml": GeneratedFile(text=compose_text(specs.name, contracts), owner=Owner.MERGED),
    }
    made_from = {"asyncapi.yaml": asyncapi, "compose.yaml": compose_document(specs.name, contracts)}
    _check(files, made_from)
    return files


def _check(files: NodeFiles, made_from: Mapping[str, Document]) -> None:
    findings = tuple(_findings(files, made_from))
    if findings:
        raise GateError(
            f"{len(findings)} finding{'s' if len(findings) > 1 else ''} in the system's files; nothing was written",
            stage=CHECK_STAGE,
            findings=findings,
            fix="this is a fault of nodesmith's own; please report it with the spec",
        )


def _findings(files: NodeFiles, made_from: Mapping[str, Document]) -> Iterator[Finding]:
    for path, document in made_from.items():
        try:
            is_same = read_yaml(files[path].text) == document
        except ValueError as error:
            yield Finding(rule="syntax", message=str(error), file=path)
            continue
        if not is_same:
            yield Finding(rule="round-trip", message="does not read back as what it was made from", file=path)
    yield from reference_findings(made_from["asyncapi.yaml"], file="asyncapi.yaml")
