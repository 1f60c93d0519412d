"""What a node can tell of itself to who asks for details: its operations with their schemas, its topics, its contract."""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydantic import BaseModel

    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.operations import Operation

logger = logging.getLogger("nodesmith.runtime.service")

MOST_BYTES = 512 * 1024
CONTRACT_FILE = "contract.yaml"
DIGEST_LENGTH = 16


def describe(definition: NodeDefinition, *, contract: str | None) -> dict[str, Any]:
    """Return the details of a node with their digest; `truncated` where they were too long to be told whole.

    The digest is that of everything, also of what is left out: two nodes that do the same have the same one.
    """
    details: dict[str, Any] = {
        "operations": [_operation(definition, each) for each in definition.operations],
        "topics": {
            "subscribes": list(definition.read_topics),
            "publishes": [
                each for each in definition.written_topics if each != definition.identity.dead_letter_topic
            ],
            "dead_letters": definition.identity.dead_letter_topic,
        },
        "contract": contract,
    }
    whole = _canonical(details)
    digest = hashlib.sha256(whole).hexdigest()[:DIGEST_LENGTH]
    return {**_fitting(details, size=len(whole)), "contract_digest": digest}


def contract_beside(node: object) -> str | None:
    """Return the text of the contract that stands beside the module of a node's class, None where there is none."""
    try:
        return Path(inspect.getfile(type(node))).with_name(CONTRACT_FILE).read_text(encoding="utf-8")
    except (OSError, TypeError, UnicodeDecodeError):
        return None


def _operation(definition: NodeDefinition, operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "event_type": definition.identity.event_type(operation.name),
        "description": operation.description,
        "key": operation.key,
        "input_schema": _schema(operation.input_model, "validation"),
        "output_schema": _schema(operation.output_model, "serialization"),
        "timeout_seconds": operation.timeout_seconds,
    }


def _schema(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> dict[str, Any] | None:
    """Return a model's JSON Schema; None where a type in it has none, which stops nobody's work."""
    try:
        return model.model_json_schema(mode=mode)
    except Exception as error:  # noqa: BLE001 - a person's types may raise anything
        logger.debug("%s has no JSON Schema: %s", model.__name__, error)
        return None


def _fitting(details: dict[str, Any], *, size: int) -> dict[str, Any]:
    """Leave out schemas, then the contract, then operations, until the details are short enough."""
    if size <= MOST_BYTES:
        return details
    without = {"input_schema": None, "output_schema": None}
    details = {**details, "operations": [each | without for each in details["operations"]], "truncated": True}
    if len(_canonical(details)) > MOST_BYTES:
        details["contract"] = None
    while len(_canonical(details)) > MOST_BYTES:
        details["operations"] = details["operations"][: len(details["operations"]) // 2]
    return details


def _canonical(details: dict[str, Any]) -> bytes:
    text = json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode(errors="backslashreplace")
