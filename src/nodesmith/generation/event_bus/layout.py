"""How a start script beside a module can import it: as part of a package, or as a module of its own."""

from __future__ import annotations

import ast
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.imports import is_import
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.event_bus.source import Source

# What lies further up than this is no part of a node's package.
_MAX_LEVELS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`levels` is how many folders, from the module's up, are its package; 0 where it is a module of its own.

    `imports_siblings` says that it imports what lies beside it as modules of their own.
    """

    levels: int = 2
    module_name: str = "node"
    imports_siblings: bool = False


GENERATED = Layout()


def layout_of(source: Source, place: Path) -> Layout:
    """Return the layout of the module at `place`, an absolute path; only looks at the disk."""
    folder = place.parent
    levels = max(_folders_with_init(folder), *_levels_asked_for(source, folder), 0)
    beside = [root for root in _absolute_roots(source) if _is_module(folder, root)]
    # In a package, what bears the name of a library means the library, as it does when the package is imported.
    siblings = [root for root in beside if not (levels and _is_library(root, folder))]
    return Layout(levels=levels, module_name=place.stem, imports_siblings=bool(siblings))


def _folders_with_init(folder: Path) -> int:
    levels = 0
    for above in (folder, *folder.parents)[:_MAX_LEVELS]:
        if not (above / "__init__.py").is_file():
            break
        levels += 1
    return levels


def _levels_asked_for(source: Source, folder: Path) -> Iterator[int]:
    """Return how high its relative imports reach, and those that begin with the name of a folder it is in."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.level
        elif is_import(node):
            for root, inner in _dotted(node):
                for level, above in enumerate((folder, *folder.parents)[:_MAX_LEVELS], start=1):
                    if above.name == root and inner and _is_module(above, inner):
                        yield level


def _absolute_roots(source: Source) -> set[str]:
    return {root for node in ast.walk(source.tree) if is_import(node) for root, _ in _dotted(node)}


def _is_library(name: str, folder: Path) -> bool:
    if name in sys.stdlib_module_names:
        return True
    spec = find_spec(name)
    origin = Path(spec.origin) if spec and spec.origin else None
    return origin is not None and folder not in origin.parents


def _dotted(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Return the first and the second name of each module that is imported absolutely."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            parts = alias.name.split(".")
        elif node.level:
            continue
        else:
            parts = [*(node.module or "").split("."), alias.name]
        yield parts[0], parts[1] if len(parts) > 1 else ""


def _is_module(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()
