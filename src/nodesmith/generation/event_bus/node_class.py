"""Where a node's class is in a module, and whether the event bus can be put into it."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.scope import bound_names, nodes_in_scope
from nodesmith.generation.event_bus.source import Source, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.errors import Finding

# Their decorators write `__init__` from the fields, so there is none to add to.
_GENERATED_INIT = frozenset({"dataclass", "define", "frozen", "mutable", "attrs"})


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
    near = get_close_matches(name, names, n=1)
    others = f"its classes are {', '.join(names)}" if names else "it defines no class"
    fix = f"rename {near[0]} to {name}" if near else f"define class {name} at the module's top level"
    raise refusal(source.finding("class-missing", f"there is no class {name}: {others}", fix=fix))


def find_init(cls: ast.ClassDef) -> ast.FunctionDef | None:
    """Return the `__init__` that counts, or None where the class has none of its own."""
    found = [item for item in cls.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
    return found[-1] if found else None


def shape_findings(source: Source, cls: ast.ClassDef) -> Iterator[Finding]:
    """Say what about the class stands in the way."""
    for decorator in cls.decorator_list:
        if _last_name(decorator) in _GENERATED_INIT:
            yield source.finding(
                "class-shape",
                f"the decorator of {cls.name} writes its __init__",
                fix=f"write {cls.name} as a plain class with an __init__ of its own",
                line=decorator.lineno,
            )
    members = dict(bound_names(cls.body))
    if "__slots__" in members:
        yield source.finding(
            "class-shape",
            f"{cls.name} has __slots__, so it can take no new attributes",
            fix="remove __slots__",
            line=members["__slots__"],
        )
    init = find_init(cls)
    if init:
        yield from _init_findings(source, cls, init)
    elif "__init__" in members:
        message = f"the __init__ of {cls.name} is no plain method in the class's body"
        fix = "define it directly in the class"
        yield source.finding("init-shape", message, fix=fix, line=members["__init__"])
    elif any(_last_name(base) not in {"object", "Generic"} for base in cls.bases):
        yield source.finding(
            "init-shape",
            f"{cls.name} inherits its __init__, whose parameters are not known here",
            fix=f"give {cls.name} an __init__ that calls super().__init__()",
            line=cls.lineno,
        )


def _init_findings(source: Source, cls: ast.ClassDef, init: ast.FunctionDef) -> Iterator[Finding]:
    name = f"{cls.name}.__init__"
    parameters = [*init.args.posonlyargs, *init.args.args]
    if not parameters or parameters[0].arg != "self":
        message, fix = f"the first parameter of {name} is not called self", "call it self"
        yield source.finding("init-shape", message, fix=fix, line=init.lineno)
    last = init.body[-1]
    reachable = source.begins_its_line(last) or last is init.body[0]
    fix = "let every way through it reach its end, where the event bus is set up"
    for node in nodes_in_scope(init.body):
        if isinstance(node, ast.Return) and not (node is last and reachable):
            yield source.finding("init-shape", f"{name} returns before its end", fix=fix, line=node.lineno)
    if isinstance(last, ast.Raise):
        yield source.finding("init-shape", f"{name} always raises", fix=fix, line=last.lineno)


def _last_name(expression: ast.expr) -> str:
    """Return `c` of `a.b.c(...)[...]`."""
    while isinstance(expression, ast.Call | ast.Subscript):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""
