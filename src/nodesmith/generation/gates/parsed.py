"""What the gates look at: one node's files, each parsed once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nodesmith.generation.files import NodeFiles

# What holds statements: bodies, and the handlers and cases that have bodies of their own.
_HOLDING = ("body", "orelse", "handlers", "finalbody", "cases")


@dataclass(frozen=True, slots=True)
class ParsedNode:
    """A node's files, the syntax tree of each Python module and the data of each YAML document, by path."""

    files: NodeFiles
    modules: Mapping[str, ast.Module]
    documents: Mapping[str, object]


def statements(module: ast.Module) -> Iterator[ast.stmt]:
    """Yield every statement of a module, in no order; expressions, which are most of a tree, are not looked into."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        for name in _HOLDING:
            held = getattr(node, name, None)
            # The `body` of an expression (a lambda's, a conditional's) is one expression.
            if isinstance(held, list):
                waiting += held
