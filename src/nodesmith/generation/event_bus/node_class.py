"""Where a node's class is in a module, and what about it stands in the bus's way."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.ancestry import ancestry, metaclasses
from nodesmith.generation.event_bus.names import full_name
from nodesmith.generation.event_bus.scope import bound_names
from nodesmith.generation.event_bus.setup_method import dataclass_decorator, setup_findings
from nodesmith.generation.event_bus.source import Source, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.errors import Finding

# Their decorators write `__init__` from the fields, so there is none to add to.
_GENERATED_INIT = frozenset({"dataclass", "define", "frozen", "mutable", "attrs", "s"})
# What they make of a class's body is no class like others.
_OTHER_KINDS = frozenset(
    {
        *("BaseModel", "RootModel", "BaseSettings", "Struct", "NamedTuple", "TypedDict", "Protocol"),
        *("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"),
    }
)


def find_class(source: Source, name: str) -> ast.ClassDef:
    """Return the one class of that name at the module's top level; raises GateError where there is none or two."""
    classes = [statement for statement in source.tree.body if isinstance(statement, ast.ClassDef)]
    found = [statement for statement in classes if statement.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        message, fix = f"class {name} is defined {len(found)} times", "keep one of them"
        raise refusal(source.finding("class-twice", message, fix=fix, line=found[1].lineno))
    names = [statement.name for statement in classes]
    fix = f"define class {name} at the module's top level"
    for inner in ast.walk(source.tree):
        if isinstance(inner, ast.ClassDef) and inner.name == name:
            message = f"class {name} is inside something else"
            raise refusal(source.finding("class-inside", message, fix=fix, line=inner.lineno))
    near = get_close_matches(name, names, n=1)
    others = f"its classes are {', '.join(names)}" if names else "it defines no class"
    fix = f"rename {near[0]} to {name}" if near else fix
    raise refusal(source.finding("class-missing", f"there is no class {name}: {others}", fix=fix))


def shape_findings(source: Source, cls: ast.ClassDef) -> Iterator[Finding]:
    """Say what about the class stands in the way."""
    dataclass = dataclass_decorator(source, cls)
    for decorator in cls.decorator_list:
        name = full_name(source, decorator).rpartition(".")[2]
        if decorator is not dataclass and name in _GENERATED_INIT:
            yield source.finding(
                "class-shape",
                f"the decorator {ast.unparse(decorator)} writes the __init__ of {cls.name}",
                fix=f"write {cls.name} as a plain class with an __init__ of its own, or as a dataclass of `dataclasses`",
                line=decorator.lineno,
            )
    yield from _kind_findings(source, cls)
    yield from _member_findings(source, cls)
    yield from setup_findings(source, cls)


def _kind_findings(source: Source, cls: ast.ClassDef) -> Iterator[Finding]:
    bases = ancestry(source, cls)
    for base in bases.foreign:
        if full_name(source, base).rpartition(".")[2] in _OTHER_KINDS:
            yield source.finding(
                "class-shape",
                f"{cls.name} is a {ast.unparse(base)}, which takes no attributes and methods beside its own",
                fix="write the node as a plain class that holds or takes it",
                line=cls.lineno,
            )
    for owner in (cls, *bases.visible):
        for keyword in metaclasses(source, owner):
            yield source.finding(
                "class-shape",
                f"what the metaclass of {owner.name} makes of it is not known here",
                fix="write the node as a plain class",
                line=keyword.value.lineno,
            )


def _member_findings(source: Source, cls: ast.ClassDef) -> Iterator[Finding]:
    members = dict(bound_names(cls.body))
    if "__slots__" in members:
        yield source.finding(
            "class-shape",
            f"{cls.name} has __slots__, so it can take no new attributes",
            fix="remove __slots__",
            line=members["__slots__"],
        )
    owners = (cls, *ancestry(source, cls).visible)
    for owner in owners:
        inside = dict(bound_names(owner.body))
        if "__setattr__" in inside:
            yield source.finding(
                "class-shape",
                f"what {owner.name}.__setattr__ makes of new attributes is not known here",
                fix="write the node as a class without __setattr__",
                line=inside["__setattr__"],
            )
    written: set[str] = set()
    for owner in owners:
        for name, line in _abstract_methods(source, owner):
            if name not in written:
                message = f"{owner.name}.{name} is abstract, so no {cls.name} can be made"
                fix = f"write {name} in {cls.name}, or integrate a class that has it"
                yield source.finding("class-abstract", message, fix=fix, line=line)
        written |= {name for name, _ in bound_names(owner.body)}


def _abstract_methods(source: Source, cls: ast.ClassDef) -> Iterator[tuple[str, int]]:
    for item in cls.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            full_name(source, decorator).rpartition(".")[2].startswith("abstract")
            for decorator in item.decorator_list
        ):
            yield item.name, item.lineno
