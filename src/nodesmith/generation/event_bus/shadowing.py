"""Names that mean something else where the event bus's blocks would use them."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.scope import bound_names, parameters
from nodesmith.generation.event_bus.setup_method import find_setup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.errors import Finding
    from nodesmith.generation.event_bus.blocks import EventBusBlocks
    from nodesmith.generation.event_bus.source import Source

_RENAME = "rename it"


def shadowing_findings(source: Source, cls: ast.ClassDef, blocks: EventBusBlocks) -> Iterator[Finding]:
    """Say which names of the blocks the module, the class or its setup method use for something of their own."""
    needed = {item.bound for item in blocks.needed_imports}
    yield from _local_findings(source, cls, needed)
    for name, line in source.bindings.items():
        if hasattr(builtins, name) and name in blocks.builtins:
            message = f"the module has a '{name}' of its own, and the event bus needs Python's"
            yield source.finding("name-taken", message, fix=_RENAME, line=line)
    for name, line in () if _annotations_are_text(source) else bound_names(cls.body):
        if name in blocks.signature_names:
            yield source.finding(
                "name-taken",
                f"{cls.name} has a '{name}' of its own, and signatures in its body need the one outside",
                fix="begin the module with `from __future__ import annotations`, or rename it",
                line=line,
            )
    for node in source.scope:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            message = f"what `from {'.' * node.level}{node.module or ''} import *` brings is not known here"
            fix = "name what it imports"
            yield source.finding("name-taken", message, fix=fix, line=node.lineno)


def _local_findings(source: Source, cls: ast.ClassDef, needed: set[str]) -> Iterator[Finding]:
    method = find_setup(source, cls).definition
    if method is None:
        return
    bound = list(bound_names(method.body))
    taken = [item for item in (*parameters(method), *bound) if item[0] in needed]
    taken += [item for item in bound if item[0] == "self"]
    for name, line in dict(taken).items():
        yield source.finding(
            "name-taken",
            f"{cls.name}.{method.name} has a local name '{name}', which the event bus needs",
            fix="rename the local one",
            line=line,
        )


def _annotations_are_text(source: Source) -> bool:
    return any(
        isinstance(item, ast.ImportFrom)
        and item.module == "__future__"
        and any(alias.name == "annotations" for alias in item.names)
        for item in source.tree.body
    )
