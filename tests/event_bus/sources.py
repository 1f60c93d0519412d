"""Modules as stage 4 renders them, cut short, and the blocks that go into them."""

from __future__ import annotations

import ast

from nodesmith.generation.event_bus.splice import splice_event_bus
from nodesmith.generation.event_bus_integration import event_bus_blocks
from nodesmith.generation.rendering import packaged_templates

BLOCKS = event_bus_blocks(packaged_templates(), service_name="mailer")

INIT_ATTRIBUTES = (
    "event_publisher",
    "_bootstrap_servers",
    "_service_name",
    "_instance_id",
    "_node_id",
    "is_running",
    "_shutdown_event",
    "_service",
)
METHODS = ("initialize", "shutdown", "_publish_introspection_event", "_get_node_capabilities")

NODE = '''\
"""Sends mail, à la carte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation

from .handlers.handler_send_mail import HandlerSendMail
from .models.model_send_mail_input import ModelSendMailInput
from .models.model_send_mail_output import ModelSendMailOutput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel


class NodeMailerEffect:
    """Sends mail, à la carte."""

    def __init__(self) -> None:
        """Put the node together; nothing is opened before `initialize()`."""
        self.definition = NodeDefinition(
            identity=NodeIdentity(name="mailer", domain="crm", archetype="effect"),
            operations=(
                Operation(
                    name="send_mail",
                    input_model=ModelSendMailInput,
                    output_model=ModelSendMailOutput,
                    handler=HandlerSendMail().handle,
                ),
            ),
        )

    async def process(
        self, operation: str, payload: Mapping[str, object] | BaseModel
    ) -> BaseModel:
        """Run one operation on `payload`, with or without an event bus."""
        return await self.definition.run(operation, payload)
'''
CLASS = "NodeMailerEffect"


def spliced(source: str, class_name: str = CLASS) -> str:
    """Return `source` with the bus in it."""
    return splice_event_bus(source, class_name=class_name, blocks=BLOCKS)


def class_named(source: str, name: str = CLASS) -> ast.ClassDef:
    """Return a class of a module's top level."""
    found = [item for item in ast.parse(source.removeprefix("\ufeff")).body if isinstance(item, ast.ClassDef)]
    return next(item for item in found if item.name == name)


def method_names(source: str, name: str = CLASS) -> list[str]:
    """Return the methods of a class, in order."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [item.name for item in class_named(source, name).body if isinstance(item, functions)]
