"""Nodes held against each other: their names, what an event comes from, what a workflow's steps call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.naming import event_domain, kebab, node_class, node_folder
from nodesmith.spec.completing import addresses, complete_document
from nodesmith.spec.cycles import check_cycles
from nodesmith.spec.directory import Directory, Target
from nodesmith.spec.model import Archetype, EventSpec, NodeSpec, OperationRef
from nodesmith.spec.operations import field_named, ref_text
from nodesmith.spec.reducer import check_event_keys
from nodesmith.spec.steps import resolve_workflow
from nodesmith.spec.type_language import fits, type_text

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from nodesmith.spec.findings import Findings
    from nodesmith.spec.node import ReadNode
    from nodesmith.spec.tree import Tree


def check_system(nodes: Sequence[ReadNode], findings: Findings) -> tuple[NodeSpec, ...]:
    """Return the nodes with every reference filled in; what does not fit together is added to `findings`."""
    _check_names(nodes, findings)
    # Reducers first: what their events carry may come from a source, and a workflow may call them.
    directory = Directory.of(nodes)
    read = [replace(node, spec=_with_events(node, directory, findings)) for node in nodes]
    directory = Directory.of(read)
    nodes_read = tuple(resolve_workflow(node, directory, findings) for node in read)
    check_cycles([replace(node, spec=spec) for node, spec in zip(read, nodes_read, strict=True)], findings)
    if findings:
        return nodes_read
    system = addresses(nodes_read)
    return tuple(replace(node, document=complete_document(node, system)) for node in nodes_read)


def _check_names(nodes: Sequence[ReadNode], findings: Findings) -> None:
    """Find nodes whose names are told apart by a person, and not where they are used; each node once."""
    named = [node for node in nodes if node.spec.name]
    for what, why in ((_topic_name, "topics"), (_folder, "folder"), (_class, "class name")):
        named = _unique(named, findings, what, why)


def _topic_name(spec: NodeSpec) -> tuple[str, str]:
    """Return what topics, event types and the consumer group are named after."""
    return event_domain(spec.domain), kebab(spec.name)


def _folder(spec: NodeSpec) -> str:
    """Return the folder; the console script, the image and the service are named after it."""
    return node_folder(domain=spec.domain, name=spec.name, archetype=spec.archetype).casefold()


def _class(spec: NodeSpec) -> tuple[str, str]:
    """Return the class and its domain: `order_1` and `order1` are the same there, and no two of one domain should be."""
    return event_domain(spec.domain), node_class(name=spec.name, archetype=spec.archetype)


def _unique(
    nodes: Sequence[ReadNode], findings: Findings, what: Callable[[NodeSpec], Hashable], why: str
) -> list[ReadNode]:
    """Return the nodes that are the first of their kind, and find the others."""
    seen: dict[Hashable, ReadNode] = {}
    for node in nodes:
        first = seen.setdefault(what(node.spec), node)
        if first is not node:
            other = first.tree.at("name").place
            message = f"this node and '{first.spec.name}' ({other}) would share their {why}"
            findings.add("name-collision", message, node.tree.at("name").place, "rename one of them")
    return list(seen.values())


def _with_events(node: ReadNode, directory: Directory, findings: Findings) -> NodeSpec:
    """Return a reducer whose events have fields and sources with a domain; any other node as it is."""
    spec = node.spec
    if spec.archetype is not Archetype.REDUCER:
        return spec
    events = tuple(_resolved_event(event, node, directory, findings) for event in spec.events)
    if spec.state is not None:
        # An event without any fields has a finding of its own, unless its file says that it has none.
        tree = node.tree.at("events")
        known = [event for event in events if event.fields or "fields" in tree.at(event.name).entries]
        check_event_keys(known, spec.state, node.tree, findings)
    _check_sources(events, node, findings)
    return replace(spec, events=events)


def _check_sources(events: Sequence[EventSpec], node: ReadNode, findings: Findings) -> None:
    """Find events that come from the same results: none could tell which of them a result is."""
    seen: dict[OperationRef, str] = {}
    for event in events:
        if event.source is not None and seen.setdefault(event.source, event.name) != event.name:
            tree, first = node.tree.at("events"), seen[event.source]
            message = f"'{first}' ({tree.at(first, 'from').place}) comes from {ref_text(event.source)}, too"
            place = tree.at(event.name, "from").place
            findings.add("contradiction", message, place, "make one event of the two")


def _resolved_event(event: EventSpec, node: ReadNode, directory: Directory, findings: Findings) -> EventSpec:
    """Return the event with its source's domain and, where it has no fields of its own, its source's output."""
    if event.source is None:
        return event
    tree = node.tree.at("events", event.name)
    found = directory.find(event.source, tree.at("from"), node, findings)
    if found is None:
        return event
    if isinstance(found, Target):
        if "fields" in tree.entries:
            _check_event_fields(event, found, tree.at("fields"), findings)
            return replace(event, source=found.ref)
        if not found.operation.output:
            message = f"{found.where()} has no output, so nothing to be an event"
            findings.add("event-key", message, tree.at("from").place, "name another operation")
        return replace(event, source=found.ref, fields=found.operation.output)
    if "fields" not in tree.entries:
        message = f"the event '{event.name}' needs 'fields': its source is in no file that was read"
        findings.add("missing-key", message, tree.key, "add 'fields:', or check it together with its source")
    return replace(event, source=found.ref)


def _check_event_fields(event: EventSpec, source: Target, tree: Tree, findings: Findings) -> None:
    output = source.operation.output
    for field in event.fields:
        place = tree.at(field.name)
        given = field_named(field.name, output)
        if given is None and field.required:
            message = f"{source.where()} has no output field '{field.name}'"
            fix = findings.near(field.name, [one.name for one in output])
            findings.add("unknown-reference", message, place.key, fix)
        elif given is not None and not fits(given.type, field.type):
            stands = source.output_place(given)
            message = (
                f"'{field.name}' is {type_text(field.type)} here, and {type_text(given.type)} at {stands}"
            )
            findings.add("type-mismatch", message, place.place, f"make it {type_text(given.type)}")
