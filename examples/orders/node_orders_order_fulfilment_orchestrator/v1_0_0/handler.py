"""The node's handlers, under the name that ONEX's own tools look for beside a contract."""

from .handlers.handler_fulfil_order import HandlerFulfilOrder

__all__ = [
    "HandlerFulfilOrder",
]
