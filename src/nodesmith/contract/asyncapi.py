"""A contract as an AsyncAPI 3.0 document: of one node, or of all nodes of a system together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.asyncapi_channels import Channels, dot_path_of
from nodesmith.contract.asyncapi_wire import MESSAGE_TRAITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.onex_document import Document

ASYNCAPI_VERSION = "3.0.0"


def node_asyncapi(node: NodeContract) -> Document:
    """Return the document of a node; one that is not on the event bus has schemas and no channels."""
    channels = Channels()
    if node.spec.event_bus:
        channels.own(node, prefix="")
        channels.others(node, prefix="")
    else:
        for operation in node.operations:
            channels.schemas.model(operation.input)
            channels.schemas.model(operation.output)
    info: Document = {"title": node.spec.name, "version": _version(node), "description": node.description}
    return _document(info, channels)


def system_asyncapi(name: str, description: str, nodes: Sequence[NodeContract]) -> Document:
    """Return the document of all nodes of a system that are on the event bus.

    It is of the version that is the highest among them: a system has none of its own.
    """
    channels = Channels()
    on_the_bus = [node for node in nodes if node.spec.event_bus]
    for node in on_the_bus:
        channels.own(node, prefix=_prefix(node))
    for node in on_the_bus:
        channels.others(node, prefix=_prefix(node))
    highest = max(nodes, key=lambda node: node.spec.version)
    info: Document = {
        "title": name,
        "version": _version(highest),
        **({"description": description} if description else {}),
    }
    return _document(info, channels)


def _document(info: Document, channels: Channels) -> Document:
    has_messages = bool(channels.channels)
    if has_messages:
        channels.schemas.fixed("uuid")
        channels.schemas.fixed("datetime")
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": info,
        "defaultContentType": "application/json",
        "channels": channels.channels,
        "operations": channels.operations,
        "components": {
            **({"messageTraits": MESSAGE_TRAITS} if has_messages else {}),
            "schemas": channels.schemas.found,
        },
    }


def _prefix(node: NodeContract) -> str:
    """Return what tells a node's classes from those of another with the same name."""
    return f"{dot_path_of(node)}."


def _version(node: NodeContract) -> str:
    return ".".join(str(part) for part in node.spec.version)
