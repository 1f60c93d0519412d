"""A node document: what every archetype has, and which archetype may have what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.model import Archetype, NodeSpec
from nodesmith.spec.operations import read_operations
from nodesmith.spec.reading import (
    bool_of,
    check_keys,
    check_name,
    choice_of,
    description_of,
    mapping_of,
    text_of,
    wrong_type,
)
from nodesmith.spec.reducer import read_events, read_intents, read_state
from nodesmith.spec.tree import Tree, describe, plain, shown
from nodesmith.spec.workflow import read_workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.spec.findings import Findings

ADAPTERS = ("postgresql", "sqlite", "redis", "http")
ARCHETYPES = tuple(archetype.value for archetype in Archetype)
MAX_FOLDER_LENGTH = 140

_COMMON = ("node", "name", "domain", "version", "description", "event_bus")
_OWN_KEYS = {
    Archetype.EFFECT: ("operations", "adapter"),
    Archetype.COMPUTE: ("operations",),
    Archetype.REDUCER: ("state", "events", "intents"),
    Archetype.ORCHESTRATOR: ("operations", "workflow"),
}
_REQUIRED = {
    Archetype.EFFECT: ("operations",),
    Archetype.COMPUTE: ("operations",),
    Archetype.REDUCER: ("state", "events"),
    Archetype.ORCHESTRATOR: ("operations", "workflow"),
}
_WHOSE = {
    "adapter": "only an effect has an adapter: it is the one that does I/O",
    "workflow": "only an orchestrator has a workflow",
    "state": "only a reducer keeps state",
    "events": "only a reducer folds events",
    "intents": "only a reducer has intents",
    "operations": "a reducer's operations are its events: write 'events:'",
}
NODE_KEYS = (*_COMMON, "operations", "adapter", "state", "events", "intents", "workflow")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNode:
    """A node with the tree it was read from, so that later checks can say where things stand.

    `is_alone` tells that it was read by itself, not as a part of a system.
    """

    spec: NodeSpec
    tree: Tree
    is_alone: bool = False


def read_node(tree: Tree, findings: Findings) -> ReadNode | None:
    """Return the node a tree describes, as far as it can be read; None where it is no mapping at all."""
    entries = mapping_of(tree, findings, "a node: a mapping with 'node', 'name', ...")
    if not isinstance(tree.value, dict):
        return None
    archetype = _archetype(tree, findings)
    _check_node_keys(tree, archetype, findings)
    if archetype is not None:
        # What belongs to another archetype has its finding; what is wrong inside it is of no interest.
        entries = {key: entries[key] for key in entries if key in (*_COMMON, *_OWN_KEYS[archetype])}
    name, domain = _names(entries, findings)
    if len(f"node_{domain}_{name}_orchestrator") > MAX_FOLDER_LENGTH:
        findings.add(
            "too-long", "domain and name are too long together", entries["name"].place, "shorten one of them"
        )
    event_bus = _event_bus(entries, archetype, findings)
    operations = read_operations(entries["operations"], findings) if "operations" in entries else ()
    events = read_events(entries["events"], findings) if "events" in entries else ()
    spec = NodeSpec(
        archetype=archetype or Archetype.EFFECT,
        name=name,
        domain=domain,
        version=_version(entries, findings),
        description=description_of(entries, findings),
        operations=operations,
        adapter=choice_of(entries["adapter"], findings, ADAPTERS, "adapter")
        if "adapter" in entries
        else None,
        event_bus=event_bus,
        state=read_state(entries["state"], events, findings) if "state" in entries else None,
        events=events,
        intents=read_intents(entries["intents"], findings) if "intents" in entries else (),
        workflow=read_workflow(entries["workflow"], operations, findings) if "workflow" in entries else None,
        document=_document(tree),
    )
    _check_archetype(spec, archetype, tree, findings)
    return ReadNode(spec=spec, tree=tree)


def _document(tree: Tree) -> Mapping[str, object]:
    document = plain(tree)
    assert isinstance(document, dict)
    return document


def _archetype(tree: Tree, findings: Findings) -> Archetype | None:
    entry = tree.entries.get("node")
    if entry is None:
        message = "a node needs the key 'node': what kind it is"
        findings.add("missing-key", message, tree.key, f"add 'node:' with one of {', '.join(ARCHETYPES)}")
        return None
    found = choice_of(entry, findings, ARCHETYPES, "kind of node")
    return Archetype(found) if found else None


def _check_node_keys(tree: Tree, archetype: Archetype | None, findings: Findings) -> None:
    if archetype is None:
        check_keys(tree, findings, allowed=NODE_KEYS, required=("name",), what="a node")
        return
    allowed = (*_COMMON, *_OWN_KEYS[archetype])
    foreign = {key for key in tree.entries if key in NODE_KEYS and key not in allowed}
    for key in foreign:
        message = f"a node of kind '{archetype}' has no '{key}'"
        findings.add("archetype", message, tree.entries[key].key, _WHOSE[key])
    required = ("name", *_REQUIRED[archetype])
    check_keys(
        tree, findings, allowed=(*allowed, *foreign), required=required, what=f"a node of kind '{archetype}'"
    )


def _names(entries: Mapping[str, Tree], findings: Findings) -> tuple[str, str]:
    found = []
    for key in ("name", "domain"):
        tree = entries.get(key)
        text = text_of(tree, findings, "a snake_case name") if tree is not None else ""
        if tree is not None and isinstance(tree.value, str) and (text or key == "name"):
            check_name(text, tree, findings, what=key if key == "domain" else "node", at_key=False)
        found.append(text)
    return found[0], found[1]


def _version(entries: Mapping[str, Tree], findings: Findings) -> tuple[int, int, int]:
    tree = entries.get("version")
    if tree is None:
        return (1, 0, 0)
    match tree.value:
        case str() as text:
            if parts := _VERSION.fullmatch(text):
                return int(parts[1]), int(parts[2]), int(parts[3])
            fix = "write three numbers with dots: 1.0.0"
            findings.add("version", f"{shown(text)} is no version", tree.place, fix)
        case float() | int() as number if not isinstance(number, bool):
            message = f"found {describe(tree)}, wanted a version of three numbers"
            full = f"{number}.0" if isinstance(number, float) else f"{number}.0.0"
            fix = f"write {full}" if _VERSION.fullmatch(full) else "write 1.0.0"
            findings.add("version", message, tree.place, fix)
        case _:
            wrong_type(tree, findings, "a version", "write 1.0.0")
    return (1, 0, 0)


def _event_bus(entries: Mapping[str, Tree], archetype: Archetype | None, findings: Findings) -> bool:
    tree = entries.get("event_bus")
    always = archetype is not None and archetype.is_always_on_the_bus
    if tree is None:
        return always
    wanted = bool_of(tree, findings)
    if wanted is False and always:
        message = f"a node of kind '{archetype}' is always on the event bus"
        findings.add("archetype", message, tree.place, "drop 'event_bus: false', or make it a compute node")
    return bool(wanted)


def _check_archetype(spec: NodeSpec, archetype: Archetype | None, tree: Tree, findings: Findings) -> None:
    operations = tree.entries.get("operations")
    if operations is not None and operations.value == {} and archetype is not Archetype.REDUCER:
        findings.add("empty", "a node needs at least one operation", operations.place, "add an operation")
    if archetype is Archetype.ORCHESTRATOR and len(spec.operations) > 1:
        message = f"an orchestrator has one operation, its workflow; found {len(spec.operations)}"
        second = tree.at("operations", spec.operations[1].name)
        findings.add("archetype", message, second.key, "make an orchestrator of its own for each")
    if archetype is Archetype.REDUCER and not spec.event_bus:
        for event in spec.events:
            if event.source is not None:
                place = tree.at("events", event.name, "from").key
                message = f"'from' needs the event bus, and the node {shown(spec.name)} is not on it"
                findings.add("not-on-the-bus", message, place, "add 'event_bus: true' to the node")
