"""The part of `contract.yaml` that says which handler takes what."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.onex_document import Document
    from nodesmith.contract.operations import OperationContract


def handler_routing(contract: NodeContract) -> Document:
    """Return the routing table: commands by operation, and a reducer's subscribed events."""
    handlers = contract.handlers
    entries = [_command(contract, operation) for operation in contract.operations]
    if contract.reducer:
        entries += [
            _entry(contract, event.operation)
            | {
                "event_type": event.subscription.event_type,
                "message_category": "EVENT",
                "topic": event.subscription.topic,
            }
            for event in contract.reducer.events
            if event.subscription
        ]
    lone = handlers[0] if len(contract.operations) == 1 else None
    return {
        "routing_strategy": "operation_match",
        "handlers": entries,
        # A command may leave its operation out only where the node has one.
        **({"default_handler": f"{handler_path(contract, lone)}:{lone.handler_class}"} if lone else {}),
    }


def model_path(contract: NodeContract, model: ModelContract) -> str:
    """Return the dotted name of a model's class, importable where the node's folder stands."""
    return f"{contract.package}.models.{model.module}.{model.class_name}"


def handler_path(contract: NodeContract, operation: OperationContract) -> str:
    """Return the dotted name of the module an operation's handler is in."""
    return f"{contract.package}.handlers.{operation.handler_module}"


def _command(contract: NodeContract, operation: OperationContract) -> Document:
    entry = _entry(contract, operation) | {"event_type": operation.event_type, "message_category": "COMMAND"}
    return entry | ({"topic": contract.topics.command} if contract.spec.event_bus else {})


def _entry(contract: NodeContract, operation: OperationContract) -> Document:
    handler = (
        {"name": operation.handler_class, "module": handler_path(contract, operation)}
        if operation.handler_class
        else {"name": "Reducer", "module": "nodesmith.runtime"}
    )
    model = operation.input
    return {
        "operation": operation.name,
        "handler": handler,
        "event_model": {"name": model.class_name, "module": f"{contract.package}.models.{model.module}"},
    }
