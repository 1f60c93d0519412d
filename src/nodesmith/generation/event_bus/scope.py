"""What a body of statements binds, without going into functions and classes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_BINDING = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Name, ast.Import, ast.ImportFrom),
    *(ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping),
)
# Nothing but a context is inside these, and most nodes are of these.
_LEAVES = (ast.Name, ast.Constant)


def nodes_in_scope(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Return the nodes of a body but for contexts, in no order, without what is inside scopes of their own."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += _children(node)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Return a node and all that is inside it but for contexts, in no order."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += _children(node)


def _children(node: ast.AST) -> list[ast.AST]:
    """Return what `ast.iter_child_nodes` does but for contexts, in a third of the time: all of a system's modules come here."""
    children: list[ast.AST] = []
    for name in () if isinstance(node, _LEAVES) else node._fields:
        value = getattr(node, name, None)
        if value is None or name == "ctx":
            continue
        if isinstance(value, ast.AST):
            children.append(value)
        elif isinstance(value, list):
            children += [item for item in value if isinstance(item, ast.AST)]
    return children


def bound_names(body: Sequence[ast.AST]) -> Iterator[tuple[str, int]]:
    """Return the names a body binds, with their lines."""
    for node in nodes_in_scope(body):
        if isinstance(node, _BINDING):
            yield from own_names(node)


def own_names(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Return the names that a node itself binds or deletes, whatever is inside it, with its line."""
    if isinstance(node, Definition):
        yield node.name, node.lineno
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id, node.lineno
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0], node.lineno
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, node.lineno
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, node.lineno


def parameters(function: ast.FunctionDef) -> Iterator[tuple[str, int]]:
    """Return the parameters of a function, with their lines."""
    for node in walk(function.args):
        if isinstance(node, ast.arg):
            yield node.arg, node.lineno


def last_line(body: Sequence[ast.stmt], statement: ast.stmt) -> int:
    """Return the line on which a statement, and whatever begins on its last line, ends."""
    end = statement.end_lineno or statement.lineno
    for other in body:
        if statement.lineno <= other.lineno <= end:
            end = max(end, other.end_lineno or 0)
    return end


def first_line(statement: ast.stmt) -> int:
    """Return the line a statement begins on, its decorators counted in."""
    decorators = statement.decorator_list if isinstance(statement, Definition) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])
