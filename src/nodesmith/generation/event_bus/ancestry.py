"""The base classes of a node's class: those its module holds can be looked at, others only be named."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.names import full_name
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.event_bus.source import Source

# They bring neither an `__init__` nor a name that the bus needs.
_HARMLESS = frozenset({"object", "typing.Generic", "typing_extensions.Generic", "abc.ABC"})


@dataclass(frozen=True, slots=True)
class Ancestry:
    """`visible` are the base classes in the same module, the nearest first; `foreign` those from elsewhere.

    `is_chain` says that no class has two visible ones, so that their order is plain.
    """

    visible: tuple[ast.ClassDef, ...]
    foreign: tuple[ast.expr, ...]
    is_chain: bool


def ancestry(source: Source, cls: ast.ClassDef) -> Ancestry:
    """Return the base classes of a class, and theirs."""
    visible: list[ast.ClassDef] = []
    foreign: list[ast.expr] = []
    is_chain = True
    waiting = [cls]
    while waiting:
        child = waiting.pop(0)
        found = [(base, _class_above(source, base, child)) for base in child.bases]
        foreign += [
            base for base, above in found if above is None and full_name(source, base) not in _HARMLESS
        ]
        above = [other for _, other in found if other is not None]
        is_chain = is_chain and len(above) <= 1
        waiting += [other for other in above if other not in visible]
        visible += [other for other in above if other not in visible]
    return Ancestry(tuple(visible), tuple(foreign), is_chain)


def metaclasses(source: Source, cls: ast.ClassDef) -> Iterator[ast.keyword]:
    """Return what makes a class of a kind of its own, other than `ABCMeta`."""
    for keyword in cls.keywords:
        if keyword.arg in {"metaclass", None} and full_name(source, keyword.value) != "abc.ABCMeta":
            yield keyword


def _class_above(source: Source, base: ast.expr, child: ast.ClassDef) -> ast.ClassDef | None:
    """Return the class of the module that a base means, if it is the only thing of that name."""
    base = base.value if isinstance(base, ast.Subscript) else base
    if not isinstance(base, ast.Name):
        return None
    found = [item for item in source.tree.body if isinstance(item, ast.ClassDef) and item.name == base.id]
    return found[0] if len(found) == 1 and found[0].lineno < child.lineno else None
