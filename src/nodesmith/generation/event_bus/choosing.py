"""Which class of a module is the node, where that is plain."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.generation.event_bus.node_class import find_class
from nodesmith.generation.event_bus.source import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.generation.event_bus.source import Source

NODE_CLASS = re.compile(r"Node\w+(Effect|Compute|Reducer|Orchestrator)")


def choose_class(source: Source, wanted: str) -> ast.ClassDef:
    """Return the class that is wanted; else the only one, or the only one named as nodes are.

    Raises GateError where there is no such class, InputError with all of them where it cannot be told.
    """
    if wanted:
        return find_class(source, wanted)
    classes = [statement for statement in source.tree.body if isinstance(statement, ast.ClassDef)]
    if not classes:
        fix = "define the node's class at the module's top level"
        raise refusal(source.finding("class-missing", "the module defines no class", fix=fix))
    likely = [cls for cls in classes if NODE_CLASS.fullmatch(cls.name)]
    for found in (classes, likely):
        if len({cls.name for cls in found}) == 1:
            return find_class(source, found[0].name)
    raise _ask(source, likely or classes)


def _ask(source: Source, classes: Sequence[ast.ClassDef]) -> InputError:
    lines = "\n".join(f"  {cls.name} (line {cls.lineno})" for cls in classes)
    return InputError(
        f"{source.file} has several classes, and any of them may be the node:\n{lines}",
        fix=f"say which, as in --class {classes[0].name}",
    )
