"""Operations of effect, compute and orchestrator nodes; and what may be called on any node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.spec.fields import read_fields
from nodesmith.spec.model import (
    Archetype,
    EnumType,
    FieldSpec,
    NodeSpec,
    OperationRef,
    OperationSpec,
    ScalarName,
    ScalarType,
)
from nodesmith.spec.reading import (
    check_keys,
    check_name,
    description_of,
    mapping_of,
    seconds_of,
    siblings_of,
    text_of,
)
from nodesmith.spec.tree import Tree, shown
from nodesmith.spec.type_language import UNKNOWN_TYPE, type_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.findings import Findings

STATE_QUERY = "get_state"
OPERATION_KEYS = ("description", "key", "timeout", "input", "output")

_REF = re.compile(r"(?:([a-z][a-z0-9_]*)/)?([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)")
# Texts of these differ where the values do, and the other way round: 1.0 and 1.00 are one decimal.
_KEY_SCALARS = (
    ScalarName.STR,
    ScalarName.INT,
    ScalarName.UUID,
    ScalarName.BOOL,
    ScalarName.DATE,
    ScalarName.DATETIME,
)


def read_operations(tree: Tree, findings: Findings) -> tuple[OperationSpec, ...]:
    """Return the operations of a node."""
    entries = siblings_of(tree, findings, what="operation")
    return tuple(_operation(name, entry, findings) for name, entry in entries.items())


def _operation(name: str, tree: Tree, findings: Findings) -> OperationSpec:
    check_name(name, tree, findings, what="operation")
    entries = mapping_of(tree, findings, "an operation: a mapping with 'input' and 'output'")
    check_keys(tree, findings, allowed=OPERATION_KEYS, what="an operation")
    length = len(name) + len("_output")
    fields = {
        part: read_fields(entries[part], findings, names=length) if part in entries else ()
        for part in ("input", "output")
    }
    key = text_of(entries["key"], findings, "the name of an input field") if "key" in entries else ""
    if "key" in entries and isinstance(entries["key"].value, str):
        check_key_field(key, fields["input"], entries["key"], findings, where="the input")
    return OperationSpec(
        name=name,
        description=description_of(entries, findings),
        key=key or None,
        input=fields["input"],
        output=fields["output"],
        timeout_seconds=seconds_of(entries["timeout"], findings) if "timeout" in entries else None,
    )


def check_key_field(
    name: str, fields: Sequence[FieldSpec], tree: Tree, findings: Findings, *, where: str
) -> FieldSpec | None:
    """Find what keeps the field `name` from being a record's key; return the field where there is one."""
    field = field_named(name, fields)
    if field is None:
        message = f"{shown(name)} is no field of {where}"
        findings.add("unknown-reference", message, tree.place, findings.near(name, [f.name for f in fields]))
        return None
    if field.type is not UNKNOWN_TYPE and not _may_be_key(field):
        message = f"the key field '{name}' is {type_text(field.type)}"
        fix = f"use one of {', '.join(_KEY_SCALARS)}, or an enum"
        findings.add("key-field", message, tree.place, fix)
    elif not field.required:
        message = f"the key field '{name}' may be left out"
        findings.add("key-field", message, tree.place, "drop its default: a key is always there")
    return field


def _may_be_key(field: FieldSpec) -> bool:
    return isinstance(field.type, EnumType) or (
        isinstance(field.type, ScalarType) and field.type.name in _KEY_SCALARS
    )


def field_named(name: str, fields: Sequence[FieldSpec]) -> FieldSpec | None:
    """Return the field of that name, or None."""
    return next((field for field in fields if field.name == name), None)


def read_ref(tree: Tree, findings: Findings) -> OperationRef | None:
    """Return the operation that `node.operation` or `domain/node.operation` names."""
    text = text_of(tree, findings, "an operation: node.operation")
    parts = _REF.fullmatch(text)
    if parts is None:
        if isinstance(tree.value, str):
            fix = "write node.operation, or domain/node.operation"
            findings.add("bad-reference", f"{shown(text)} names no operation", tree.place, fix)
        return None
    return OperationRef(domain=parts[1] or "", node=parts[2], operation=parts[3])


def ref_text(ref: OperationRef) -> str:
    """Return `domain/node.operation`, or `node.operation` where there is no domain."""
    return f"{ref.domain}/{ref.node}.{ref.operation}" if ref.domain else f"{ref.node}.{ref.operation}"


def operations_of(node: NodeSpec) -> tuple[OperationSpec, ...]:
    """Return everything that may be called on a node: a reducer's events and its state query among it."""
    if node.archetype is not Archetype.REDUCER or node.state is None:
        return node.operations
    events = tuple(
        OperationSpec(
            name=event.name,
            description=event.description,
            key=node.state.key,
            input=event.fields,
            output=node.state.fields,
        )
        for event in node.events
    )
    key = field_named(node.state.key, node.state.fields)
    query = OperationSpec(
        name=STATE_QUERY,
        description="Return the state kept for one key.",
        key=node.state.key,
        input=(key,) if key else (),
        output=node.state.fields,
    )
    return (*events, query)
