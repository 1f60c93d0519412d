"""Stage 5: look at every file before it touches the disk; any finding stops."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.contract.onex import contract_document, manifest_document
from nodesmith.contract.validation import check_contract_text
from nodesmith.errors import Finding, GateError
from nodesmith.generation.gates.bus_guards import guard_findings
from nodesmith.generation.gates.imports import import_findings
from nodesmith.generation.gates.models import model_findings
from nodesmith.generation.gates.names import name_findings
from nodesmith.generation.gates.style import ruff_at_work
from nodesmith.generation.gates.syntax import read_yaml, syntax_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import NodeFiles

STAGE = "5"

# adapter -> the packages its extra brings.
LIBRARIES = {"postgresql": {"psycopg", "psycopg_pool"}, "redis": {"redis"}, "http": {"httpx"}}


def post_check(files: NodeFiles, contract: NodeContract) -> NodeFiles:
    """Return the files, formatted; raises GateError with everything that is wrong with them."""
    _stop_at(name_findings(files))
    # What does not parse cannot be looked at any further.
    _stop_at(syntax_findings(files))
    try:
        tidied, findings = _look_at(files, contract)
    except OSError as error:
        raise GateError(
            f"the files could not be checked: {error}",
            stage=STAGE,
            fix="make room in the folder for temporary files, and see that ruff is installed (extra `cli`)",
        ) from error
    _stop_at(findings)
    return tidied


def _look_at(files: NodeFiles, contract: NodeContract) -> tuple[NodeFiles, list[Finding]]:
    libraries = frozenset({"pydantic", *LIBRARIES.get(contract.adapter or "", ())})
    with ruff_at_work(files, folder=contract.folder) as finish:
        findings = [
            *import_findings(files, libraries=libraries),
            *guard_findings(files),
            *model_findings(files, contract),
            *_document_findings(files, contract),
        ]
        tidied, style = finish()
    return tidied, [*style, *findings]


def _document_findings(files: NodeFiles, contract: NodeContract) -> Iterator[Finding]:
    """Yield what is wrong with the contract, and every YAML file that does not read back as what it was made from."""
    contract_path = f"{contract.version_folder}/contract.yaml"
    documents = {
        "node.yaml": contract.spec.document,
        contract_path: contract_document(contract),
        f"{contract.version_folder}/version.manifest.yaml": manifest_document(contract),
    }
    for finding in check_contract_text(files[contract_path].text):
        yield replace(finding, file=contract_path)
    for path, document in documents.items():
        if read_yaml(files[path].text) != document:
            yield Finding(rule="round-trip", message="does not read back as what it was made from", file=path)


def _stop_at(findings: Iterable[Finding]) -> None:
    found = tuple(findings)
    if found:
        raise GateError(
            f"{len(found)} finding{'s' if len(found) > 1 else ''} in the generated files; nothing was written",
            stage=STAGE,
            findings=found,
            fix="this is a fault of nodesmith's own; please report it with the spec",
        )
