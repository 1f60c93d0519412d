"""What a node told of itself when it was asked for details, for a person and as JSON data.

Whatever is in there was written by whoever is on the bus: it is shown in one line each, without what moves a cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodesmith.cli.operating.columns import in_columns
from nodesmith.cli.operating.node_text import node_data, nodes_table, or_dash
from nodesmith.runtime.untrusted import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from nodesmith.runtime.census import SeenNode


def details_data(instances: Sequence[SeenNode]) -> dict[str, object]:
    """Return one node with everything its instances said."""
    node = _best(instances)
    return {
        "node": node.name,
        "domain": node.domain,
        "type": node.node_type,
        "version": node.version,
        "description": node.said.description,
        "contract_digests": _digests(instances),
        "details": node.said.details,
        "instances": [node_data(each) for each in instances],
    }


def details_text(instances: Sequence[SeenNode], now: datetime) -> str:
    """Return one node as a person reads it."""
    return "\n".join(_lines(instances, now))


def _lines(instances: Sequence[SeenNode], now: datetime) -> Iterator[str]:
    node = _best(instances)
    yield f"{node.full_name}  {node.node_type}  {node.version}"
    if node.said.description:
        yield f"  {node.said.description}"
    yield from ("", nodes_table(instances, now))
    digests = _digests(instances)
    if len(digests) > 1:
        yield ""
        yield "The instances are not of one contract:"
        yield from (f"  {digest or '-'}: {', '.join(names)}" for digest, names in digests.items())
    details = node.said.details
    if details is None:
        yield from ("", "It tells no details: it answered none, or is not of nodesmith's making.")
        return
    yield from ("", *_operations(details), "", *_topics(details))
    yield from ("", _contract(details, node.said.contract_digest))


def _best(instances: Sequence[SeenNode]) -> SeenNode:
    """Return the instance that speaks for all: the one that started last of those that told details."""
    return max(
        instances, key=lambda each: (each.said.details is not None, each.said.version, each.said.said_at)
    )


def _digests(instances: Sequence[SeenNode]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in instances:
        found.setdefault(each.said.contract_digest, []).append(each.instance_id or each.node_id)
    return found


def _operations(details: Mapping[str, Any]) -> Iterator[str]:
    operations = [each for each in _list(details.get("operations")) if isinstance(each, dict)]
    rows = [
        (
            _text(each.get("name")),
            _text(each.get("event_type")),
            _text(each.get("key")),
            f"{_seconds} s" if isinstance(_seconds := each.get("timeout_seconds"), int | float) else "-",
            f"{fields(each.get('input_schema'))} -> {fields(each.get('output_schema'))}",
            _text(each.get("description")),
        )
        for each in operations
    ]
    if rows:
        yield in_columns(("operation", "event type", "key", "timeout", "takes -> gives", ""), rows)
    if details.get("truncated"):
        yield "There was more than an answer may hold: schemas were left out."


def _topics(details: Mapping[str, Any]) -> Iterator[str]:
    topics = details.get("topics")
    if not isinstance(topics, dict):
        return
    rows = [
        *(("reads", _text(each)) for each in _list(topics.get("subscribes"))),
        *(("writes", _text(each)) for each in _list(topics.get("publishes"))),
        ("dead letters", _text(topics.get("dead_letters"))),
    ]
    yield in_columns(("", "topic"), rows)


def _contract(details: Mapping[str, Any], digest: str) -> str:
    contract = details.get("contract")
    has = f"{len(contract.splitlines())} lines, in full with --json" if isinstance(contract, str) else "none"
    return f"contract: {has}; digest {digest or '-'}"


def fields(schema: object) -> str:
    """Return the fields of a JSON Schema as `name: type`, with a question mark where one may be left out."""
    if not isinstance(schema, dict):
        return "?"
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return "nothing"
    required = _list(schema.get("required"))
    return ", ".join(
        f"{one_line(str(name))}{'' if name in required else '?'}: {_type(field)}"
        for name, field in properties.items()
    )


def _type(field: object) -> str:
    if not isinstance(field, dict):
        return "any"
    if isinstance(any_of := field.get("anyOf"), list):
        return "|".join(map(_type, any_of[:5]))
    if isinstance(reference := field.get("$ref"), str):
        return one_line(reference.rpartition("/")[2])
    kind = field.get("format") or field.get("type")
    if kind == "array":
        return f"[{_type(field.get('items'))}]"
    return one_line(kind) if isinstance(kind, str) else "any"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return one_line(or_dash(value))
