"""The node's handlers, under the name that ONEX's own tools look for beside a contract."""

from .handlers.handler_order_stored import HandlerOrderStored

__all__ = [
    "HandlerOrderStored",
]
