"""Imports that would fail, or that a generated node should not have."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import nodesmith
from nodesmith.errors import Finding
from nodesmith.generation.gates.parsed import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.gates.parsed import ParsedNode

OURS = ("nodesmith.runtime", "nodesmith.orchestration", "nodesmith.errors")


def import_findings(node: ParsedNode, *, libraries: frozenset[str]) -> Iterator[Finding]:
    """Yield every import that leads nowhere; `libraries` are the top-level packages the node depends on."""
    defined: dict[str, frozenset[str]] = {}
    for path, module in node.modules.items():
        allowed = libraries | {"pytest"} if "/tests/" in path else libraries
        for statement in statements(module):
            for message in _problems(statement, path, node, allowed, defined):
                yield Finding(rule="import", message=message, file=path, line=statement.lineno)


def _problems(
    statement: ast.stmt,
    path: str,
    node: ParsedNode,
    libraries: frozenset[str],
    defined: dict[str, frozenset[str]],
) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        for name in statement.names:
            yield from _absolute(name.name, [], libraries)
    elif isinstance(statement, ast.ImportFrom):
        names = [name.name for name in statement.names]
        if statement.level:
            yield from _relative(path, statement.level, statement.module or "", names, node, defined)
        else:
            yield from _absolute(statement.module or "", names, libraries)


def _absolute(module: str, names: list[str], libraries: frozenset[str]) -> Iterator[str]:
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in libraries:
        return
    if not any(module == ours or module.startswith(f"{ours}.") for ours in OURS):
        yield f"{module} is neither Python's own nor a dependency of the node"
        return
    defined = _defined_by_us(module)
    if defined is None:
        yield f"there is no module {module}"
    else:
        yield from (f"{module} has no {name}" for name in names if name not in defined)


def _relative(
    path: str,
    level: int,
    module: str,
    names: list[str],
    node: ParsedNode,
    defined: dict[str, frozenset[str]],
) -> Iterator[str]:
    folders = path.split("/")[:-level]
    if len(folders) < 1:
        yield "the import leaves the node"
        return
    place = "/".join([*folders, *(module.split(".") if module else [])])
    source = next((one for one in (f"{place}.py", f"{place}/__init__.py") if one in node.modules), None)
    if source is None:
        yield f"there is no module {place}"
        return
    if source not in defined:
        defined[source] = _defined(node.modules[source])
    yield from (
        f"{place} has no {name}"
        for name in names
        if name not in defined[source] and f"{place}/{name}.py" not in node.files
    )


@cache
def _defined_by_us(module: str) -> frozenset[str] | None:
    """Return what a module of nodesmith's defines, read rather than imported: importing costs a hundred times more."""
    place = Path(nodesmith.__file__).parent.joinpath(*module.split(".")[1:])
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return _defined(ast.parse(file.read_text(encoding="utf-8")))
    return None


def _defined(module: ast.Module) -> frozenset[str]:
    names: set[str] = set()
    for statement in module.body:
        match statement:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Import(names=imported) | ast.ImportFrom(names=imported):
                names.update(alias.asname or alias.name for alias in imported)
            case ast.Assign(targets=targets):
                names.update(target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return frozenset(names)
