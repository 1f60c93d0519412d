"""The method in which a node's attributes are set: its `__init__`, or the `__post_init__` of a dataclass."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.ancestry import ancestry
from nodesmith.generation.event_bus.names import full_name
from nodesmith.generation.event_bus.scope import bound_names, nodes_in_scope
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.errors import Finding
    from nodesmith.generation.event_bus.source import Source

INIT, POST_INIT = "__init__", "__post_init__"


@dataclass(frozen=True, slots=True)
class SetupMethod:
    """`definition` is the method as it is, or None where there is none yet; `calls_super` says that a new one must."""

    name: str
    definition: ast.FunctionDef | None
    calls_super: bool = False

    @property
    def body(self) -> Sequence[ast.stmt]:
        """The statements of the method, none where there is none."""
        return self.definition.body if self.definition else ()


def find_method(cls: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """Return the method of that name that counts, or None where the class has none of its own."""
    found = [item for item in cls.body if isinstance(item, ast.FunctionDef) and item.name == name]
    return found[-1] if found else None


def find_setup(source: Source, cls: ast.ClassDef) -> SetupMethod:
    """Return where the class sets its attributes."""
    init = find_method(cls, INIT)
    if init:
        return SetupMethod(INIT, init)
    if dataclass_decorator(source, cls):
        return SetupMethod(POST_INIT, find_method(cls, POST_INIT))
    inherited = (find_method(base, INIT) for base in ancestry(source, cls).visible)
    return SetupMethod(INIT, None, calls_super=any(inherited))


def dataclass_decorator(source: Source, cls: ast.ClassDef) -> ast.expr | None:
    """Return the decorator that makes a class a dataclass, or None."""
    found = (item for item in cls.decorator_list if full_name(source, item) == "dataclasses.dataclass")
    return next(found, None)


def setup_findings(source: Source, cls: ast.ClassDef) -> Iterator[Finding]:
    """Say what stands in the way of setting the bus's attributes where the class sets its own."""
    setup = find_setup(source, cls)
    decorator = dataclass_decorator(source, cls)
    if decorator:
        yield from _dataclass_findings(source, cls, decorator, setup)
    if setup.definition:
        yield from _method_findings(source, cls, setup.definition)
    else:
        yield from _new_method_findings(source, cls, setup, is_dataclass=decorator is not None)


def _method_findings(source: Source, cls: ast.ClassDef, method: ast.FunctionDef) -> Iterator[Finding]:
    name = f"{cls.name}.{method.name}"
    parameters = [*method.args.posonlyargs, *method.args.args]
    if not parameters or parameters[0].arg != "self":
        message, fix = f"the first parameter of {name} is not called self", "call it self"
        yield source.finding("init-shape", message, fix=fix, line=method.lineno)
    if method.name == INIT:
        yield from _argument_findings(source, name, method)
    last = method.body[-1]
    reachable = source.begins_its_line(last) or last is method.body[0]
    fix = "let every way through it reach its end, where the event bus is set up"
    for node in nodes_in_scope(method.body):
        if isinstance(node, ast.Return) and not (node is last and reachable):
            yield source.finding("init-shape", f"{name} returns before its end", fix=fix, line=node.lineno)
    if isinstance(last, ast.Raise):
        yield source.finding("init-shape", f"{name} always raises", fix=fix, line=last.lineno)


def _argument_findings(source: Source, name: str, init: ast.FunctionDef) -> Iterator[Finding]:
    """Say what the start script would have to give to the node it makes."""
    for argument in required_arguments(init)[1:]:
        yield source.finding(
            "init-arguments",
            f"{name} asks for '{argument.arg}', and start_node.py makes the node without arguments",
            fix=f"give '{argument.arg}' a default, such as one that is read from the environment",
            line=argument.lineno,
        )


def required_arguments(function: ast.FunctionDef) -> list[ast.arg]:
    """Return the parameters without a default, `self` among them."""
    positional = [*function.args.posonlyargs, *function.args.args]
    keywords = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return [
        *positional[: len(positional) - len(function.args.defaults)],
        *(argument for argument, default in keywords if default is None),
    ]


def _new_method_findings(
    source: Source, cls: ast.ClassDef, setup: SetupMethod, *, is_dataclass: bool
) -> Iterator[Finding]:
    """Say why a method of ours would not do what the one that it takes the place of has done."""
    members = dict(bound_names(cls.body))
    if setup.name in members:
        message = f"the {setup.name} of {cls.name} is no plain method in the class's body"
        yield source.finding(
            "init-shape", message, fix="define it directly in the class", line=members[setup.name]
        )
        return
    bases = ancestry(source, cls)
    if reason := _unknown_init(source, cls) if not is_dataclass else _unknown_post_init(source, cls):
        fix = f"give {cls.name} {_article(setup.name)} that calls super().{setup.name}()"
        yield source.finding("init-shape", f"{cls.name} {reason}", fix=fix, line=cls.lineno)
    for owner in (cls, *bases.visible):
        if not is_dataclass and find_method(owner, "__new__"):
            message = f"{owner.name}.__new__ takes what __init__ would get"
            fix = f"give {cls.name} an __init__ of its own, with the same parameters"
            yield source.finding("init-shape", message, fix=fix, line=owner.lineno)


def _article(name: str) -> str:
    return f"an {name}" if name == INIT else f"a {name}"


def _unknown_init(source: Source, cls: ast.ClassDef) -> str:
    bases = ancestry(source, cls)
    if bases.foreign:
        return (
            f"inherits its __init__ from {ast.unparse(bases.foreign[0])}, whose parameters are not known here"
        )
    inherited = [base for base in bases.visible if "__init__" in dict(bound_names(base.body))]
    if any(dataclass_decorator(source, base) for base in bases.visible):
        return "inherits the __init__ of a dataclass"
    if inherited and not bases.is_chain:
        return "has several base classes, one of them with an __init__"
    init = find_method(inherited[0], INIT) if inherited else None
    if inherited and (init is None or not _takes_nothing(init)):
        return f"inherits the __init__ of {inherited[0].name}, which takes more than self"
    return ""


def _takes_nothing(function: ast.FunctionDef) -> bool:
    arguments = function.args
    others = (arguments.vararg, arguments.kwarg, *arguments.kwonlyargs)
    return len([*arguments.posonlyargs, *arguments.args]) == 1 and not any(others)


def _unknown_post_init(source: Source, cls: ast.ClassDef) -> str:
    inherited = any(POST_INIT in dict(bound_names(base.body)) for base in ancestry(source, cls).visible)
    return "inherits a __post_init__" if inherited else ""


def _dataclass_findings(
    source: Source, cls: ast.ClassDef, decorator: ast.expr, setup: SetupMethod
) -> Iterator[Finding]:
    def finding(message: str, fix: str) -> Finding:
        return source.finding("class-shape", message, fix=fix, line=decorator.lineno)

    options = decorator.keywords if isinstance(decorator, ast.Call) else []
    values = {option.arg: option.value for option in options}
    unread = [name or "**" for name, value in values.items() if not isinstance(value, ast.Constant)]
    if unread or (isinstance(decorator, ast.Call) and decorator.args):
        yield finding(f"the options of the dataclass {cls.name} cannot be read", "write True or False")
        return
    on = {name for name, value in values.items() if isinstance(value, ast.Constant) and value.value}
    if "frozen" in on:
        yield finding(
            f"the dataclass {cls.name} is frozen, and the event bus has a state", "leave frozen=True out"
        )
    if "slots" in on:
        yield finding(
            f"the dataclass {cls.name} has slots, so it can take no new attributes", "leave slots=True out"
        )
    if setup.name == POST_INIT:
        for base in ancestry(source, cls).foreign:
            yield finding(
                f"the fields that {cls.name} inherits from {ast.unparse(base)} are not known here",
                f"give {cls.name} an __init__ of its own",
            )
        if "init" in values and "init" not in on:
            yield finding(
                f"the dataclass {cls.name} has no __init__, so nothing calls its __post_init__",
                "leave init=False out",
            )
        yield from _field_findings(source, cls, setup)


def _field_findings(source: Source, cls: ast.ClassDef, setup: SetupMethod) -> Iterator[Finding]:
    fields: dict[str, ast.AnnAssign] = {}
    for owner in reversed((cls, *ancestry(source, cls).visible)):
        fields |= {
            item.target.id: item
            for item in owner.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
    for name, field in fields.items():
        kind = full_name(source, field.annotation)
        if kind.endswith(".InitVar") and not setup.definition:
            message = (
                f"the field '{name}' of {cls.name} is an InitVar, and there is no __post_init__ to take it"
            )
            fix = "write the __post_init__ first"
            yield source.finding("init-shape", message, fix=fix, line=field.lineno)
        if not kind.endswith((".ClassVar", ".KW_ONLY")) and not _has_default(source, field.value):
            yield source.finding(
                "init-arguments",
                f"{cls.name} asks for '{name}', and start_node.py makes the node without arguments",
                fix=f"give the field '{name}' a default",
                line=field.lineno,
            )


def _has_default(source: Source, value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call) or full_name(source, value) != "dataclasses.field":
        return value is not None
    options = {option.arg: option.value for option in value.keywords}
    init = options.get("init")
    is_no_argument = isinstance(init, ast.Constant) and init.value is False
    return is_no_argument or bool({"default", "default_factory"} & options.keys())
