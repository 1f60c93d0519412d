"""Imports that would fail, or that a generated node should not have."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import nodesmith
from nodesmith.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.files import NodeFiles

OURS = ("nodesmith.runtime", "nodesmith.orchestration", "nodesmith.errors")


def import_findings(files: NodeFiles, *, libraries: frozenset[str]) -> Iterator[Finding]:
    """Yield every import that leads nowhere; `libraries` are the top-level packages the node depends on."""
    for path, file in files.items():
        if not path.endswith(".py"):
            continue
        allowed = libraries | {"pytest"} if "/tests/" in path else libraries
        for statement in ast.walk(ast.parse(file.text)):
            for message in _problems(statement, path, files, allowed):
                line = getattr(statement, "lineno", 0)
                yield Finding(rule="import", message=message, file=path, line=line)


def _problems(statement: ast.AST, path: str, files: NodeFiles, libraries: frozenset[str]) -> Iterator[str]:
    match statement:
        case ast.Import(names=names):
            for name in names:
                yield from _absolute(name.name, [], libraries)
        case ast.ImportFrom(level=0, module=str(module), names=names):
            yield from _absolute(module, [name.name for name in names], libraries)
        case ast.ImportFrom(level=level, module=module, names=names):
            yield from _relative(path, level, module or "", [name.name for name in names], files)


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


def _relative(path: str, level: int, module: str, names: list[str], files: NodeFiles) -> Iterator[str]:
    folders = path.split("/")[:-level]
    if len(folders) < 1:
        yield "the import leaves the node"
        return
    place = "/".join([*folders, *(module.split(".") if module else [])])
    source = files.get(f"{place}.py") or files.get(f"{place}/__init__.py")
    if source is None:
        yield f"there is no module {place}"
        return
    defined = _defined(source.text)
    yield from (
        f"{place} has no {name}"
        for name in names
        if name not in defined and f"{place}/{name}.py" not in files
    )


@cache
def _defined_by_us(module: str) -> frozenset[str] | None:
    """Return what a module of nodesmith's defines, read rather than imported: importing costs a hundred times more."""
    place = Path(nodesmith.__file__).parent.joinpath(*module.split(".")[1:])
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return _defined(file.read_text(encoding="utf-8"))
    return None


def _defined(source: str) -> frozenset[str]:
    names: set[str] = set()
    for statement in ast.parse(source).body:
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
