"""What of the event bus a module holds already: nothing, all of it, or something that stands in the way."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.blocks import assignments
from nodesmith.generation.event_bus.imports import imports_in, is_import
from nodesmith.generation.event_bus.scope import bound_names, nodes_in_scope, own_names
from nodesmith.generation.event_bus.setup_method import find_setup
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from nodesmith.errors import Finding
    from nodesmith.generation.event_bus.blocks import EventBusBlocks
    from nodesmith.generation.event_bus.imports import Import
    from nodesmith.generation.event_bus.source import Source


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the integration; `line` is where something of its name is, or 0, `same` that it is that part."""

    name: str
    line: int
    same: bool


def find_parts(source: Source, cls: ast.ClassDef, blocks: EventBusBlocks) -> list[Part]:
    """Return every part of the integration but the imports, and whether it is there."""
    return [
        *_guard_parts(source, blocks),
        *_init_parts(source, cls, blocks),
        *_method_parts(cls, blocks),
    ]


def import_parts(source: Source, blocks: EventBusBlocks) -> list[Part]:
    """Return whether each needed name is bound, and to what is needed.

    An import of the same thing that stands under a condition is as good as none: it neither suffices nor hinders.
    """
    present = imports_in(source.tree.body)
    others = dict(_bindings_but(source, blocks.needed_imports))
    return [
        Part(
            f"the name '{item.bound}'",
            others.get(item.bound, 0),
            same=present.get(item.bound) == item and item.bound not in others,
        )
        for item in blocks.needed_imports
    ]


def conflict_findings(source: Source, parts: Sequence[Part], *, partial: bool) -> Iterator[Finding]:
    """Say which parts are something else, and with `partial` which are missing beside others that are there."""
    for part in parts:
        if part.line and not part.same:
            yield source.finding(
                "conflict",
                f"{part.name} is there already, and is not what the event bus needs",
                fix="rename or remove it, then integrate the event bus again",
                line=part.line,
            )
        elif partial and not part.same:
            yield source.finding(
                "partial",
                f"{part.name} is missing, while other parts of the event bus are there",
                fix="remove the other parts, then integrate the event bus again",
            )


def _guard_parts(source: Source, blocks: EventBusBlocks) -> Iterator[Part]:
    body, lines = source.tree.body, source.bindings
    for statement in blocks.guard_statements:
        names = {name for name, _ in bound_names([statement])}
        found = names & lines.keys()
        alike = [other for other in body if type(other) is type(statement)] if found else []
        for name in sorted(names):
            yield Part(name, lines.get(name, 0), same=_is_among(statement, alike))


def _bindings_but(source: Source, needed: Sequence[Import]) -> Iterator[tuple[str, int]]:
    """Return what binds the names of `needed` imports to something else.

    What an `except ImportError` sets in the place of such an import does not count: the import cannot fail once the
    same one has been done above.
    """
    wanted = {item.bound: item for item in needed}
    fallbacks = {id(node) for node in _fallbacks(source, wanted)}
    nodes = [node for node in nodes_in_scope(source.tree.body) if id(node) not in fallbacks]
    for node in nodes:
        if is_import(node):
            same = imports_in([node])
            yield from ((name, line) for name, line in bound_names([node]) if same[name] != wanted.get(name))
        else:
            yield from own_names(node)


def _fallbacks(source: Source, wanted: Mapping[str, Import]) -> Iterator[ast.AST]:
    for node in nodes_in_scope(source.tree.body):
        if not isinstance(node, ast.Try) or not all(map(is_import, node.body)):
            continue
        done = imports_in(node.body)
        if all(wanted.get(name) == item for name, item in done.items()):
            inside = (inner for handler in node.handlers for inner in nodes_in_scope(handler.body))
            yield from (inner for inner in inside if done.keys() >= {name for name, _ in own_names(inner)})


def _init_parts(source: Source, cls: ast.ClassDef, blocks: EventBusBlocks) -> Iterator[Part]:
    direct = assignments(find_setup(source, cls).body)
    lines = dict(_attributes(cls, without=blocks.method_definitions))
    for name, statement in blocks.init_statements.items():
        alike = [direct[name]] if name in direct else []
        yield Part(f"{cls.name}.{name}", lines.get(name, 0), same=_is_among(statement, alike))


def _method_parts(cls: ast.ClassDef, blocks: EventBusBlocks) -> Iterator[Part]:
    lines = dict(bound_names(cls.body))
    for name, definition in blocks.method_definitions.items():
        alike = [item for item in cls.body if getattr(item, "name", "") == name]
        yield Part(f"{cls.name}.{name}()", lines.get(name, 0), same=_is_among(definition, alike))


def _attributes(cls: ast.ClassDef, *, without: Container[str]) -> Iterator[tuple[str, int]]:
    """Return the attributes a class sets, on itself and on `self` in methods other than those of the bus."""
    yield from bound_names(cls.body)
    for item in cls.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name not in without:
            for node in nodes_in_scope(item.body):
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(node.ctx, ast.Store)
                    and _is_self(node.value)
                ):
                    yield node.attr, node.lineno


def _is_self(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Name) and expression.id == "self"


def _is_among(statement: ast.stmt, others: Sequence[ast.stmt]) -> bool:
    return any(_is_same(statement, other) for other in others)


def _is_same(one: object, other: object) -> bool:
    """Say whether two pieces of code mean the same, whatever their layout: a formatter must not tell them apart."""
    if type(one) is not type(other):
        return False
    if isinstance(one, ast.AST):
        return all(_is_same(getattr(one, name, None), getattr(other, name, None)) for name in one._fields)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, str) and isinstance(other, str) and "\n" in one:
        return inspect.cleandoc(one) == inspect.cleandoc(other)
    return one == other
