"""What a class says about itself: its `self.definition`, if it has one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.names import full_name
from nodesmith.generation.event_bus.scope import bound_names, nodes_in_scope
from nodesmith.generation.event_bus.setup_method import find_setup
from nodesmith.generation.event_bus.source import refusal
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.event_bus.source import Source

NAME = "definition"
_DEFINITIONS = frozenset(
    {
        *("nodesmith.runtime.NodeDefinition", "nodesmith.runtime.definition.NodeDefinition"),
        *("nodesmith.runtime.definition_of", "nodesmith.runtime.adoption.definition_of"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A definition that a class has; `name`, `domain` and `archetype` are empty where they cannot be read."""

    name: str
    domain: str
    archetype: str


def stated_definition(source: Source, cls: ast.ClassDef) -> Stated | None:
    """Return the definition that the class makes for itself, or None.

    Raises GateError where `definition` is something that cannot be seen to be one.
    """
    direct = [item for item in cls.body if _sets(item, NAME)]
    direct += [item for item in find_setup(source, cls).body if _sets(item, f"self.{NAME}")]
    lines = list(_lines(cls))
    if not lines:
        return None
    if len(direct) == len(lines) == 1 and _is_definition(source, direct[0]):
        return _stated(direct[0])
    method = find_setup(source, cls).name
    raise refusal(
        source.finding(
            "definition",
            f"{cls.name}.definition cannot be seen to be a NodeDefinition that is set once and always",
            fix=f"set it directly in {method}, as `self.definition: NodeDefinition = ...`, or give it another name",
            line=lines[-1],
        )
    )


def stated_service_name(source: Source, cls: ast.ClassDef) -> str:
    """Return the text that the class gives to `self._service_name`, or an empty string."""
    for statement in find_setup(source, cls).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "self._service_name":
            return _text(statement.value)
    return ""


def _lines(cls: ast.ClassDef) -> Iterator[int]:
    yield from (line for name, line in bound_names(cls.body) if name == NAME)
    for item in cls.body:
        inside = item.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) else []
        for node in nodes_in_scope(inside):
            stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            if stored and ast.unparse(node) == f"self.{NAME}":
                yield node.lineno


def _sets(statement: ast.stmt, name: str) -> bool:
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(ast.unparse(target) == name for target in targets)


def _is_definition(source: Source, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.AnnAssign) and full_name(source, statement.annotation) in _DEFINITIONS:
        return True
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return isinstance(value, ast.Call) and full_name(source, value) in _DEFINITIONS


def _stated(statement: ast.stmt) -> Stated:
    found = {"name": "", "domain": "", "archetype": ""}
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {
            "NodeIdentity",
            "definition_of",
        }:
            given = {keyword.arg: _text(keyword.value) for keyword in node.keywords}
            found |= {key: given[key] for key in found if given.get(key)}
    return Stated(**found)


def _text(value: ast.expr) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
