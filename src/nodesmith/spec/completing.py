"""Makes a node's document stand on its own: what it leaves to the system it is in is written into it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from nodesmith.naming import event_domain
from nodesmith.spec.model import Archetype, NodeSpec, OperationRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Document = dict[str, Any]
Addresses = dict[tuple[str, str], NodeSpec]
"""Nodes by their domain, as topics spell it, and their name."""


def addresses(nodes: Iterable[NodeSpec]) -> Addresses:
    """Return nodes by what others call them."""
    return {(event_domain(node.domain), node.name): node for node in nodes}


def complete_document(node: NodeSpec, system: Addresses) -> Mapping[str, object]:
    """Return the document of a resolved node as it must read where the other nodes of `system` are not at hand.

    An event gets the fields of its source's output, a step the fields of the answer that the workflow reads, and a
    reference into another domain names that domain.
    """
    document: Document = copy.deepcopy(dict(node.document))
    for event in node.events:
        if event.source is not None:
            entry: Document = document["events"][event.name]
            _name_domain(entry, "from", event.source, node)
            if "fields" not in entry:
                entry["fields"] = _output_of(event.source, system)
    for step in node.workflow.steps if node.workflow else ():
        entry = document["workflow"]["steps"][step.name]
        _name_domain(entry, "call", step.call, node)
        if step.undo is not None:
            _name_domain(entry, "undo", step.undo, node)
        known = _output_of(step.call, system)
        read = {field.name: known[field.name] for field in step.output if field.name in known}
        if read:
            entry["output"] = {**read, **entry.get("output", {})}
    return document


def _name_domain(entry: Document, key: str, ref: OperationRef, node: NodeSpec) -> None:
    if "/" not in entry[key] and event_domain(ref.domain) != event_domain(node.domain):
        entry[key] = f"{event_domain(ref.domain).replace('-', '_')}/{entry[key]}"


def _output_of(ref: OperationRef, system: Addresses) -> Document:
    """Return the output fields of an operation as its own document spells them; none where it is in no file."""
    node = system.get((event_domain(ref.domain), ref.node))
    if node is None:
        return {}
    document: Document = dict(node.document)
    if node.archetype is Archetype.REDUCER:
        return _state_of(document)
    return dict(document["operations"][ref.operation].get("output", {}))


def _state_of(document: Document) -> Document:
    """Return a state's fields; that of its machine with the value it starts with, as nobody else has the machine."""
    state = document["state"]
    found: Document = copy.deepcopy(dict(state["fields"]))
    if machine := state.get("machine"):
        found[machine["field"]].setdefault("default", machine["initial"])
    return found
