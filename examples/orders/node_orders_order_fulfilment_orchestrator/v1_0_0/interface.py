"""What the node asks of its handlers: one that does not fit its operation is a type error in `node.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .models.model_fulfil_order_input import ModelFulfilOrderInput
    from .models.model_fulfil_order_output import ModelFulfilOrderOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInterface:
    """How each operation is done, under its name; a coroutine function is awaited."""

    fulfil_order: Callable[
        [ModelFulfilOrderInput],
        ModelFulfilOrderOutput | Awaitable[ModelFulfilOrderOutput],
    ]
