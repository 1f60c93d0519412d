"""Dataclasses whose methods cost nothing before they are used.

The standard library compiles up to ten methods for each dataclass, when its module is imported. A command that makes
one node imports more than a hundred of them and creates objects of half: that took a third of its time. Here the fields
are the standard library's (`replace`, `fields` and type checkers see a dataclass), `__init__` is compiled when the
first object is created, and the other methods need no compiling.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass
else:

    def dataclass(
        *,
        frozen: bool = False,
        slots: bool = False,
        kw_only: bool = False,
        eq: bool = True,
        order: bool = False,
    ) -> Callable[[type], type]:
        """Decorate a class as `dataclasses.dataclass` does; its fields have defaults or factories, and no other options."""

        def decorate(cls: type) -> type:
            cls.__doc__ = (
                cls.__doc__ or cls.__name__
            )  # else the standard library works a signature out for it
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
            for method in _methods(made, frozen=frozen, eq=eq, order=order):
                method.__qualname__ = f"{made.__qualname__}.{method.__name__}"
                setattr(made, method.__name__, method)
            return made

        return decorate


__all__ = ["dataclass"]

_ABSENT: Any = object()


def _methods(cls: type, *, frozen: bool, eq: bool, order: bool) -> list[Callable[..., Any]]:
    values = _values_of(cls)
    methods: list[Callable[..., Any]] = [_init_of(cls, frozen=frozen), _repr_of(cls)]
    if eq and not frozen:
        cls.__hash__ = None  # type: ignore[assignment]  # as in the standard library: what can change has no hash
    elif eq:
        methods.append(_hash_of(values))
    if frozen:
        methods += (_refuse_to_set, _refuse_to_delete)
    compared = (*(["eq"] if eq else []), *(["lt", "le", "gt", "ge"] if order else []))
    return [*methods, *(_comparison(f"__{name}__", getattr(operator, name), values) for name in compared)]


def _values_of(cls: type) -> Callable[[Any], tuple[Any, ...]]:
    names = [field.name for field in dataclasses.fields(cls)]
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda record: tuple(getattr(record, name) for name in names)


def _init_of(cls: type, *, frozen: bool) -> Callable[..., None]:
    def __init__(self: Any, *given: Any, **named: Any) -> None:  # noqa: N807 - it is one
        init = _compiled_init(cls, frozen=frozen)
        cls.__init__ = init  # type: ignore[misc]
        init(self, *given, **named)

    return __init__


def _compiled_init(cls: type, *, frozen: bool) -> Callable[..., None]:
    fields = sorted(dataclasses.fields(cls), key=lambda field: field.kw_only is True)
    names: dict[str, Any] = {"_set": object.__setattr__, "_ABSENT": _ABSENT}
    parameters, lines = ["self"], []
    for field in fields:
        if field.kw_only and "*" not in parameters:
            parameters.append("*")
        value, default = field.name, ""
        if field.default is not dataclasses.MISSING:
            names[f"_default_{field.name}"], default = field.default, f"=_default_{field.name}"
        elif field.default_factory is not dataclasses.MISSING:
            names[f"_make_{field.name}"], default = field.default_factory, "=_ABSENT"
            value = f"_make_{field.name}() if {field.name} is _ABSENT else {field.name}"
        parameters.append(f"{field.name}{default}")
        lines.append(f"_set(self, {field.name!r}, {value})" if frozen else f"self.{field.name} = {value}")
    body = "\n    ".join([*lines, "pass"])
    exec(f"def __init__({', '.join(parameters)}):\n    {body}", names)  # noqa: S102 - the names of fields, nothing else
    init: Callable[..., None] = names["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _repr_of(cls: type) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807 - it is one
        parts = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(cls))
        return f"{type(self).__qualname__}({', '.join(parts)})"

    return __repr__


def _comparison(
    name: str, compare: Callable[[Any, Any], bool], values: Callable[[Any], tuple[Any, ...]]
) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return compare(values(self), values(other)) if type(other) is type(self) else NotImplemented

    method.__name__ = name
    return method


def _hash_of(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:  # noqa: N807 - it is one
        return hash(values(self))

    return __hash__


def _refuse_to_set(self: object, name: str, value: object) -> None:  # noqa: ARG001 - the protocol's parameters
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:  # noqa: ARG001 - the protocol's parameters
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_refuse_to_set.__name__, _refuse_to_delete.__name__ = "__setattr__", "__delattr__"
