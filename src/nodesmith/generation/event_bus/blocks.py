"""The blocks of code that put a node on the event bus."""

from __future__ import annotations

import ast
import builtins
from functools import cached_property
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.imports import Import, imports_in, is_import
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

INDENT = "    "


@dataclass(frozen=True, kw_only=True)
class EventBusBlocks:
    """What stage 4.5 puts into a module, each written as if it stood alone, indented by four spaces.

    `imports` are import statements, then the guard that sets `EVENT_BUS_AVAILABLE`; `init` are assignments to
    attributes of `self`; `methods` are whole methods, each block of them with one blank line between two. `adoption`
    is for a class that does not say what it does: an import, then the assignment to `self.definition`.
    """

    imports: str
    init: str
    methods: tuple[str, ...]
    adoption: str = ""

    @cached_property
    def needed_imports(self) -> list[Import]:
        """What the module must import, besides the guard."""
        statements = [*takewhile(is_import, self._import_body), *takewhile(is_import, self._adoption_body)]
        return list(imports_in(statements).values())

    @cached_property
    def setup(self) -> str:
        """What sets the attributes: the definition where the class has none, then the bus's own."""
        statements = takewhile(is_import, self._adoption_body)
        end = max((statement.end_lineno or 0 for statement in statements), default=0)
        return "".join(self.adoption.splitlines(keepends=True)[end:]).strip("\n") + "\n" + self.init

    @cached_property
    def guard(self) -> str:
        """The guarded import, with the comment above it."""
        statements = takewhile(is_import, self._import_body)
        end = max((statement.end_lineno or 0 for statement in statements), default=0)
        return "".join(self.imports.splitlines(keepends=True)[end:]).strip("\n") + "\n"

    @cached_property
    def guard_statements(self) -> Sequence[ast.stmt]:
        """The statements of the guard."""
        return list(dropwhile(is_import, self._import_body))

    @cached_property
    def init_statements(self) -> dict[str, ast.stmt]:
        """The assignments of the `setup` block, by the attribute each one sets."""
        return assignments(ast.parse(self.setup).body)

    @cached_property
    def method_definitions(self) -> dict[str, ast.stmt]:
        """The methods, by name."""
        return {
            statement.name: statement
            for statement in ast.parse("\n".join(self.methods)).body
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    @cached_property
    def builtins(self) -> frozenset[str]:
        """The builtin names that the blocks use."""
        bodies = [*self._import_body, *self.method_definitions.values(), *self.init_statements.values()]
        names = (node.id for body in bodies for node in ast.walk(body) if isinstance(node, ast.Name))
        return frozenset(names) & frozenset(dir(builtins))

    @cached_property
    def signature_names(self) -> frozenset[str]:
        """The names in the methods' signatures, which Python looks up in the class's body."""
        return frozenset(
            node.id
            for method in self.method_definitions.values()
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
            for part in (method.args, method.returns)
            if part is not None
            for node in ast.walk(part)
            if isinstance(node, ast.Name)
        )

    @cached_property
    def _adoption_body(self) -> Sequence[ast.stmt]:
        return ast.parse(self.adoption).body

    @cached_property
    def _import_body(self) -> Sequence[ast.stmt]:
        return ast.parse(self.imports).body


def assignments(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """Return the statements of a body that assign to an attribute, by the attribute."""
    return {
        target.attr: statement
        for statement in body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Attribute)
    }


def indented(block: str, *, base: str, unit: str) -> str:
    """Return a block's lines behind `base`, with `unit` for each four spaces of its own."""
    lines = []
    for line in block.strip("\n").split("\n"):
        depth = (len(line) - len(line.lstrip(" "))) // len(INDENT)
        lines.append(f"{base}{unit * depth}{line[depth * len(INDENT) :]}\n" if line.strip() else "\n")
    return "".join(lines)
