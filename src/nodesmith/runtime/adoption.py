"""A hand-written node as the runtime sees it: its operations are the methods that take a model and return one."""

from __future__ import annotations

import inspect
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import BaseModel

from nodesmith import naming
from nodesmith.errors import InputError
from nodesmith.runtime.definition import BusClient, NodeDefinition
from nodesmith.runtime.identity import ArchetypeName, NodeIdentity
from nodesmith.runtime.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOOKS = (
    "write a public method like `async def greet(self, request: ModelIn) -> ModelOut`, of pydantic models"
)
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

# What the event bus's blocks give the node's class.
OWN_METHODS = ("initialize", "shutdown", "_publish_introspection_event", "_get_node_capabilities")
OWN_ATTRIBUTES = (
    "definition",
    "event_publisher",
    "_bootstrap_servers",
    "_service_name",
    "_instance_id",
    "_node_id",
    "is_running",
    "_shutdown_event",
    "_service",
)


def definition_of(
    node: object,
    *,
    name: str,
    archetype: ArchetypeName,
    domain: str = "",
    version: tuple[int, int, int] = (1, 0, 0),
    resources: AbstractAsyncContextManager[Any] | None = None,
    bus_clients: tuple[BusClient, ...] = (),
) -> NodeDefinition:
    """Return the definition of a node that was written by hand.

    Its operations are its public methods, inherited ones too, that take exactly one pydantic model and return one, sync
    or async, by their type hints; any other method is none. `resources` is opened and closed with the node: where it is
    not given, the node itself is, if it is an async context manager.

    Raises InputError where the hints of a method that may be an operation cannot be resolved, where two operations have
    one name, where there is no operation, and where a base class has something of its own by a name the node needs.
    """
    cls = type(node)
    _check_inherited(node)
    if resources is None and isinstance(node, AbstractAsyncContextManager):
        resources = node
    return NodeDefinition(
        identity=NodeIdentity(
            name=name,
            domain=domain,
            archetype=archetype,
            version=version,
            description=_description(cls),
        ),
        operations=_operations(node),
        resources=resources,
        bus_clients=bus_clients,
    )


def _check_inherited(node: object) -> None:
    """Refuse what nobody could see in the node's own module: names that its base classes use as well."""
    cls = type(node)
    bases = _bases_of_integrated(cls)
    inherited = {name: base.__name__ for base in reversed(bases) for name in vars(base)}
    set_already = dict.fromkeys(getattr(node, "__dict__", ()), "a base class's __init__")
    for name in (*OWN_METHODS, *OWN_ATTRIBUTES):
        if origin := {**set_already, **inherited}.get(name):
            raise InputError(
                f"{cls.__name__} has '{name}' from {origin}, and the event bus needs that name",
                fix="rename it there, or let only one of the classes be the node",
            )


def _bases_of_integrated(cls: type) -> tuple[type, ...]:
    """Return the bases of the class that holds the event bus's blocks: `cls`, or one that `cls` was derived from."""
    holders = [at for at, base in enumerate(cls.__mro__) if all(name in vars(base) for name in OWN_METHODS)]
    return cls.__mro__[min(holders, default=0) + 1 :]


def _operations(node: object) -> tuple[Operation, ...]:
    cls = type(node)
    found: dict[str, Operation] = {}
    for method in _public_methods(cls):
        operation = _operation(node, method)
        if operation is None:
            continue
        if operation.name in found:
            raise InputError(
                f"two methods of {cls.__name__} are the operation '{operation.name}', {method} is one of them",
                fix="rename one of them, or begin its name with an underscore",
            )
        found[operation.name] = operation
    if not found:
        raise InputError(f"{cls.__name__} has no operation, so there is nothing to send it", fix=_LOOKS)
    return tuple(found.values())


def _public_methods(cls: type) -> list[str]:
    """Return the names of public methods, a base class's before those that are new in `cls`."""
    names = (name for base in reversed(cls.__mro__) if base is not object for name in vars(base))
    return [name for name in dict.fromkeys(names) if not name.startswith("_") and _is_method(cls, name)]


def _is_method(cls: type, name: str) -> bool:
    # Looked up without calling anything: a property must not be read before the node is ready.
    member = inspect.getattr_static(cls, name)
    if isinstance(member, staticmethod | classmethod):
        member = member.__func__
    return callable(member) and not isinstance(member, type)


def _operation(node: object, method: str) -> Operation | None:
    handler: Callable[..., Any] = getattr(node, method)
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        return None
    parameters = list(signature.parameters.values())
    if len(parameters) != 1 or parameters[0].kind not in _POSITIONAL:
        return None
    hints = (parameters[0].annotation, signature.return_annotation)
    models = tuple(_models(hints, handler=handler, owner=type(node), method=method))
    if len(models) != len(hints):
        return None
    name = naming.snake(method)
    if problem := naming.spelling_problem(name):
        raise InputError(
            f"{type(node).__name__}.{method} cannot be an operation: '{name}' {problem}",
            fix="rename it, or begin its name with an underscore",
        )
    return Operation(
        name=name,
        input_model=models[0],
        output_model=models[1],
        handler=handler,
        description=_first_line(inspect.getdoc(handler)),
    )


def _models(
    hints: tuple[object, ...], *, handler: object, owner: type, method: str
) -> Iterator[type[BaseModel]]:
    """Return the hints that are models; what one means that cannot be resolved matters only if all others are."""
    unresolved: Exception | None = None
    for hint in hints:
        try:
            found = _resolved(hint, handler=handler, owner=owner, method=method)
        except Exception as error:  # noqa: BLE001 - a hint is any expression, so this may be any error
            unresolved = error
            continue
        if not (isinstance(found, type) and issubclass(found, BaseModel) and found is not BaseModel):
            return
        yield found
    if unresolved is not None:
        missing = unresolved.name if isinstance(unresolved, NameError) else "what it names"
        raise InputError(
            f"the type hints of {owner.__name__}.{method} cannot be resolved: {unresolved}",
            fix=f"import {missing} at the module's top level, not under `if TYPE_CHECKING:`; where the method is no "
            "operation, begin its name with an underscore",
        )


def _resolved(hint: object, *, handler: object, owner: type, method: str) -> object:
    """Return the type a hint means; raise NameError where it names what is not there when the program runs."""
    base = next(base for base in owner.__mro__ if method in vars(base))
    function = inspect.unwrap(handler) if callable(handler) else handler
    names = SimpleNamespace(__annotations__={"hint": hint})
    return get_type_hints(names, getattr(function, "__globals__", {}), dict(vars(base)))["hint"]


def _description(cls: type) -> str:
    line = _first_line(cls.__doc__)
    # A dataclass without a docstring gets its signature for one.
    return "" if line.startswith(f"{cls.__name__}(") else line


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].strip()
