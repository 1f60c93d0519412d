"""What a name in a module means: the module and the name it was imported from."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodesmith.generation.event_bus.source import Source


def full_name(source: Source, expression: ast.expr) -> str:
    """Return `a.b.c` for `c(...)`, `c[...]` or `b.c`, by the module's imports; a name it does not import stays as it is."""
    while isinstance(expression, ast.Call | ast.Subscript):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    if isinstance(expression, ast.Attribute):
        return f"{full_name(source, expression.value)}.{expression.attr}"
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        return _quoted(source, expression.value)
    if not isinstance(expression, ast.Name):
        return ""
    found = source.imports.get(expression.id)
    if found is None:
        return expression.id
    return f"{found.module}.{found.name}" if found.name else found.module


def _quoted(source: Source, annotation: str) -> str:
    try:
        return full_name(source, ast.parse(annotation, mode="eval").body)
    except SyntaxError:
        return ""
