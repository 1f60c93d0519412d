"""Uses of the event bus that would fail where no Kafka client is installed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nodesmith.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.gates.parsed import ParsedNode

BUS_MODULE = "nodesmith.runtime.bus"
FLAG = "EVENT_BUS_AVAILABLE"


def guard_findings(node: ParsedNode) -> Iterator[Finding]:
    """Yield every import of the bus that is not tried, and every use that `EVENT_BUS_AVAILABLE` does not guard."""
    for path, module in node.modules.items():
        if BUS_MODULE in node.files[path].text:
            for line, message in _Unguarded(module).found:
                yield Finding(rule="bus-guard", message=message, file=path, line=line)


class _Unguarded(ast.NodeVisitor):
    """Walks a module and collects what is not guarded."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[tuple[int, str]] = []
        self._names: set[str] = set()
        self._guarded = False
        self.visit(tree)

    def visit_Try(self, node: ast.Try) -> None:
        tried = any(_catches_import_error(handler) for handler in node.handlers)
        imports = [statement for statement in node.body if _imports_bus(statement)]
        if tried and imports:
            self._names |= {alias.asname or alias.name for statement in imports for alias in statement.names}  # type: ignore[attr-defined]
            for statement in (*node.handlers, *node.orelse, *node.finalbody):
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if _imports_bus(node):
            self.found.append((node.lineno, f"{BUS_MODULE} is imported without a try"))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_body(node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_body(node.body)

    def visit_If(self, node: ast.If) -> None:
        before = self._guarded
        self._guarded = before or _mentions_flag(node.test)
        for statement in node.body:
            self.visit(statement)
        self._guarded = before
        for statement in node.orelse:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self._names and not self._guarded:
            self.found.append((node.lineno, f"{node.id} is used without asking {FLAG}"))

    def _visit_body(self, body: list[ast.stmt]) -> None:
        before = self._guarded
        for statement in body:
            self.visit(statement)
            # `if not EVENT_BUS_AVAILABLE: return` guards everything after it.
            if isinstance(statement, ast.If) and _mentions_flag(statement.test) and _leaves(statement.body):
                self._guarded = True
        self._guarded = before


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.type, ast.Name) and handler.type.id == "ImportError"


def _imports_bus(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == BUS_MODULE


def _mentions_flag(test: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id == FLAG for part in ast.walk(test))


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Return | ast.Raise)
