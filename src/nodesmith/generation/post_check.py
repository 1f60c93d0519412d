"""Stage 5: look at every file before it touches the disk; any finding stops."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.contract.asyncapi import node_asyncapi
from nodesmith.contract.onex import contract_document, manifest_document
from nodesmith.contract.validation import check_contract
from nodesmith.errors import Finding, GateError
from nodesmith.generation.blame import fix_for, with_templates
from nodesmith.generation.gates.bus_guards import guard_findings
from nodesmith.generation.gates.declared import declared_findings
from nodesmith.generation.gates.imports import import_findings
from nodesmith.generation.gates.model_gate import BuildsHere, models_at_work
from nodesmith.generation.gates.names import name_findings
from nodesmith.generation.gates.style import ruff_at_work
from nodesmith.generation.gates.syntax import parse_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.gates.model_gate import ModelBuilder
    from nodesmith.generation.gates.parsed import ParsedNode

STAGE = "5"

# adapter -> the packages its extra brings.
LIBRARIES = {"postgresql": {"psycopg", "psycopg_pool"}, "redis": {"redis"}, "http": {"httpx"}}


def post_check(
    nodes: Mapping[str, NodeFiles], contracts: Sequence[NodeContract], *, builder: ModelBuilder | None = None
) -> dict[str, NodeFiles]:
    """Return the files of all nodes, by their folders, formatted; raises GateError with everything wrong with them.

    A finding's file begins with its node's folder. `builder` builds their models, by default in this process.
    """
    names = [
        _inside(contract, finding)
        for contract in contracts
        for finding in name_findings(nodes[contract.folder])
    ]
    _stop_at(names, nodes)
    try:
        tidied, findings = _look_at(nodes, contracts, builder or BuildsHere())
    except OSError as error:
        raise GateError(
            f"the files could not be checked: {error}",
            stage=STAGE,
            fix="make room in the folder for temporary files, and see that ruff is installed (extra `cli`)",
        ) from error
    _stop_at(findings, nodes)
    return tidied


def _look_at(
    nodes: Mapping[str, NodeFiles], contracts: Sequence[NodeContract], builder: ModelBuilder
) -> tuple[dict[str, NodeFiles], list[Finding]]:
    """Let ruff, the models' gate and the others look at the nodes at the same time."""
    with (
        models_at_work(nodes, contracts, builder) as finish_models,
        ruff_at_work(nodes) as finish_style,
    ):
        broken: list[Finding] = []
        findings: list[Finding] = []
        for contract in contracts:
            parsed, unparsed = parse_node(nodes[contract.folder])
            broken += (_inside(contract, finding) for finding in unparsed)
            # What does not parse cannot be looked at any further.
            if not broken:
                findings += (_inside(contract, finding) for finding in _node_findings(parsed, contract))
        if broken:
            return {}, broken
        findings += finish_models()
        tidied, style = finish_style()
    return tidied, [*style, *findings]


def _node_findings(node: ParsedNode, contract: NodeContract) -> Iterator[Finding]:
    libraries = frozenset({"pydantic", *LIBRARIES.get(contract.adapter or "", ())})
    yield from import_findings(node, libraries=libraries)
    yield from guard_findings(node)
    yield from declared_findings(node, contract)
    yield from _document_findings(node, contract)


def _document_findings(node: ParsedNode, contract: NodeContract) -> Iterator[Finding]:
    """Yield what is wrong with the contract, and every YAML file that does not read back as what it was made from."""
    contract_path = f"{contract.version_folder}/contract.yaml"
    made_from = {
        "node.yaml": contract.spec.document,
        "asyncapi.yaml": node_asyncapi(contract),
        contract_path: contract_document(contract),
        f"{contract.version_folder}/version.manifest.yaml": manifest_document(contract),
    }
    for finding in check_contract(node.documents[contract_path]):
        yield replace(finding, file=contract_path)
    for path, document in made_from.items():
        if node.documents[path] != document:
            yield Finding(rule="round-trip", message="does not read back as what it was made from", file=path)


def _inside(contract: NodeContract, finding: Finding) -> Finding:
    return replace(finding, file=f"{contract.folder}/{finding.file}")


def _stop_at(findings: Iterable[Finding], nodes: Mapping[str, NodeFiles]) -> None:
    found = with_templates(findings, nodes)
    if found:
        raise GateError(
            f"{len(found)} finding{'s' if len(found) > 1 else ''} in the generated files; nothing was written",
            stage=STAGE,
            findings=found,
            fix=fix_for(found, nodes),
        )
