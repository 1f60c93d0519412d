"""What the node asks of its handlers: one that does not fit its operation is a type error in `node.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .models.model_delete_order_input import ModelDeleteOrderInput
    from .models.model_delete_order_output import ModelDeleteOrderOutput
    from .models.model_store_order_input import ModelStoreOrderInput
    from .models.model_store_order_output import ModelStoreOrderOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInterface:
    """How each operation is done, under its name; a coroutine function is awaited."""

    store_order: Callable[
        [ModelStoreOrderInput], ModelStoreOrderOutput | Awaitable[ModelStoreOrderOutput]
    ]
    delete_order: Callable[
        [ModelDeleteOrderInput],
        ModelDeleteOrderOutput | Awaitable[ModelDeleteOrderOutput],
    ]
