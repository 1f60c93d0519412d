"""Models that a team's own templates made: read, and not built, since to build them would be to run them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nodesmith.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.gates.parsed import ParsedNode


def are_ours(files: NodeFiles, contract: NodeContract) -> bool:
    """Say whether nodesmith's own templates made all of a node's models and enums, so that they may be run."""
    folders = tuple(f"{contract.version_folder}/{name}/" for name in ("models", "enums"))
    return not any(file.templates for path, file in files.items() if path.startswith(folders))


def declared_findings(node: ParsedNode, contract: NodeContract) -> Iterator[Finding]:
    """Yield the models of a team's that do not declare what the contract says."""
    if are_ours(node.files, contract):
        return
    for model in contract.models:
        path = f"{contract.version_folder}/models/{model.module}.py"
        for message in _missing(node.modules.get(path), model):
            yield Finding(rule="model", message=message, file=path)


def _missing(module: ast.Module | None, model: ModelContract) -> Iterator[str]:
    body = module.body if module else []
    classes = [one for one in body if isinstance(one, ast.ClassDef) and one.name == model.class_name]
    if not classes:
        yield f"there is no class {model.class_name}"
        return
    declared = {
        statement.target.id
        for statement in classes[-1].body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    for field in model.fields:
        if field.name not in declared:
            yield f"{model.class_name} does not declare the field {field.name}"
