"""What the node asks of its handlers: one that does not fit its operation is a type error in `node.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .models.model_quote_input import ModelQuoteInput
    from .models.model_quote_output import ModelQuoteOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInterface:
    """How each operation is done, under its name; a coroutine function is awaited."""

    quote: Callable[[ModelQuoteInput], ModelQuoteOutput | Awaitable[ModelQuoteOutput]]
