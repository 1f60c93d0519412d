"""Which methods of a class look like operations, before anything is run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus.ancestry import ancestry

if TYPE_CHECKING:
    from nodesmith.generation.event_bus.source import Source

_Method = ast.FunctionDef | ast.AsyncFunctionDef


def candidates(source: Source, cls: ast.ClassDef) -> tuple[str, ...]:
    """Return the public methods that take one annotated argument and say what they return.

    Whether those are models is known when the program runs: `nodesmith.runtime.definition_of` looks then.
    """
    methods: dict[str, bool] = {}
    for owner in reversed((cls, *ancestry(source, cls).visible)):
        for item in owner.body:
            if isinstance(item, _Method) and not item.name.startswith("_"):
                methods[item.name] = _looks_like_one(item)
    return tuple(name for name, looks in methods.items() if looks)


def _looks_like_one(method: _Method) -> bool:
    names = {ast.unparse(decorator) for decorator in method.decorator_list}
    if "property" in names:
        return False
    arguments = method.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return False
    own = positional if "staticmethod" in names else positional[1:]
    returns = method.returns
    is_nothing = returns is None or (isinstance(returns, ast.Constant) and returns.value is None)
    return len(own) == 1 and own[0].annotation is not None and not is_nothing
