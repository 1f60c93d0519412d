"""A `nodesmith call` line that works as it stands, for a node that runs."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from nodesmith.cli.operating.bus import DEFAULT_SERVERS
from nodesmith.errors import NodesmithError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nodesmith.runtime.census import SeenNode


def call_example(folder: Path, node: SeenNode, *, kafka_servers: str) -> str:
    """Return a call of the node's first operation, with example values where the node's spec is in its folder."""
    operation = node.operations[0] if node.operations else "OPERATION"
    words = ["nodesmith", "call", f"{node.name}.{operation}"]
    words += [_field(name, value) for name, value in _example(folder, operation).items()]
    if kafka_servers not in {DEFAULT_SERVERS, DEFAULT_SERVERS.replace("localhost", "127.0.0.1")}:
        words += ["--kafka-servers", kafka_servers]
    return " ".join(words)


def _field(name: str, value: object) -> str:
    if isinstance(value, str):
        return f"{name}={shlex.quote(value)}"
    return f"{name}:={shlex.quote(json.dumps(value, ensure_ascii=False))}"


def _example(folder: Path, operation: str) -> Mapping[str, object]:
    """Return example values of the required fields; nothing where the spec is missing or cannot be read."""
    from nodesmith.contract.node_contract import build
    from nodesmith.generation.examples import NoExampleError, example
    from nodesmith.spec.loading import load_system

    try:
        contract = build(load_system(folder / "node.yaml").nodes[0])
        (model,) = [each.input for each in contract.operations if each.name == operation]
        required = {field.name for field in model.fields if field.required}
        return {name: value for name, value in example(model).items() if name in required}
    except (NodesmithError, NoExampleError, OSError, ValueError):
        return {}
