"""The node's handlers, under the name that ONEX's own tools look for beside a contract."""

from .handlers.handler_delete_order import HandlerDeleteOrder
from .handlers.handler_store_order import HandlerStoreOrder

__all__ = [
    "HandlerDeleteOrder",
    "HandlerStoreOrder",
]
