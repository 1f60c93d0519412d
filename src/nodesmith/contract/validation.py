"""The gate for `contract.yaml`: strict about everything nodesmith writes, without omnibase-core.

omnibase-core's own check runs beside the project (`tests/onex`), since it needs a Python and 70 MB of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from nodesmith.contract.shapes import (
    Check,
    exactly,
    finding,
    flag,
    list_of,
    mapping,
    mapping_of,
    number,
    text,
)
from nodesmith.spec.model import Archetype

if TYPE_CHECKING:
    from nodesmith.errors import Finding

_NAME = text(r"[a-z][a-z0-9_]*", what="a snake_case name")
_TEXT = text()
_DOTTED = text(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", what="a dotted Python name")
_TOPIC = text(
    r"onex\.(cmd|evt|dlq|intent)(\.[a-z][a-z0-9]*(-[a-z0-9]+)*){2}\.v[1-9][0-9]*",
    what="a topic `onex.<cmd|evt|dlq|intent>.<producer>.<event>.v<n>` in kebab-case",
)
_EVENT_TYPE = text(
    r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){2,3}", what="an event type `<domain>.<node>.<operation>`"
)
_COUNT = number(least=0, whole=True)
_VERSION = mapping({"major": _COUNT, "minor": _COUNT, "patch": _COUNT})
_SWITCH = mapping({"enabled": flag})

_WEIGHT_TOLERANCE = 0.01


def check_contract_text(content: str) -> tuple[Finding, ...]:
    """Return everything that is wrong with the text of a `contract.yaml`; nothing where it holds."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(content, loader)  # noqa: S506 - the safe loader, written in C where that is built
    except yaml.YAMLError as error:
        return (finding("yaml", f"no YAML: {' '.join(str(error).split())}", ""),)
    return check_contract(document)


def check_contract(document: object) -> tuple[Finding, ...]:
    """Return everything that is wrong with a contract as plain data."""
    kind = document.get("node_type") if isinstance(document, Mapping) else None
    archetypes = {f"{archetype.upper()}_GENERIC": archetype for archetype in Archetype}
    if not isinstance(document, Mapping) or not isinstance(kind, str) or kind not in archetypes:
        return (finding("node-type", f"{kind!r} is none of {', '.join(archetypes)}", "node_type"),)
    found = tuple(_shape(archetypes[kind])(document, ""))
    return found or tuple(_consistency(document))


def _shape(archetype: Archetype) -> Check:
    required = {
        "name": _NAME,
        "contract_version": _VERSION,
        "node_version": _VERSION,
        "node_type": exactly(f"{archetype.upper()}_GENERIC"),
        "description": _TEXT,
        "input_model": _DOTTED,
        "output_model": _DOTTED,
        "handler_routing": _routing(),
        "annotations": _annotations(),
    }
    performance = {"performance": mapping({"single_operation_max_ms": number(least=1, whole=True)})}
    bus = {"event_bus": _event_bus()}
    match archetype:
        case Archetype.EFFECT:
            return mapping(required | bus | _effect(), performance)
        case Archetype.COMPUTE:
            return mapping(required | performance | _compute(), bus)
        case Archetype.REDUCER:
            flags = (
                "order_preserving",
                "incremental_processing",
                "result_caching_enabled",
                "partial_results_enabled",
            )
            return mapping(
                required | dict.fromkeys(flags, flag), {"state_machine": _machine()} | performance | bus
            )
        case Archetype.ORCHESTRATOR:
            return mapping(required | performance | bus | {"workflow_coordination": _coordination()})


def _routing() -> Check:
    reference = mapping({"name": text(r"[A-Z][A-Za-z0-9]*", what="a class name"), "module": _DOTTED})
    entry = mapping(
        {
            "operation": _NAME,
            "handler": reference,
            "event_model": reference,
            "event_type": _EVENT_TYPE,
            "message_category": text("COMMAND|EVENT", what="COMMAND or EVENT"),
        },
        {"topic": _TOPIC},
    )
    return mapping(
        {
            "version": _VERSION,
            "routing_strategy": exactly("operation_match"),
            "handlers": list_of(entry, least=1),
        },
        {"default_handler": text(r"[A-Za-z0-9_.]+:[A-Z][A-Za-z0-9]*", what="`module:Class`")},
    )


def _event_bus() -> Check:
    return mapping(
        {
            "version": _VERSION,
            "event_bus_type": exactly("distributed"),
            "enable_event_caching": flag,
            "subscribe_topics": list_of(_TOPIC, least=1),
            "publish_topics": list_of(_TOPIC, least=1),
        }
    )


def _annotations() -> Check:
    operation = mapping(
        {"description": _TEXT, "event_type": _EVENT_TYPE, "input_model": _DOTTED, "output_model": _DOTTED},
        {"key": _NAME, "timeout_seconds": number(least=0)},
    )
    return mapping(
        {
            "domain": text(r"([a-z][a-z0-9_]*)?", what="a snake_case name or empty"),
            "node_class": _DOTTED,
            "capabilities": list_of(_TEXT, least=1),
            "operations": mapping_of(operation),
        }
    )


def _effect() -> dict[str, Check]:
    operation = mapping(
        {"operation_type": _NAME, "atomic": flag, "validation_enabled": flag},
        {"timeout_seconds": number(least=1, whole=True)},
    )
    flags = (
        "idempotent_operations",
        "side_effect_logging_enabled",
        "audit_trail_enabled",
        "consistency_validation_enabled",
    )
    return {
        "io_operations": list_of(operation, least=1),
        "transaction_management": _SWITCH,
        "retry_policies": mapping(
            {"max_attempts": number(least=1, whole=True), "circuit_breaker_enabled": flag}
        ),
        "backup_config": _SWITCH,
        **dict.fromkeys(flags, flag),
    }


def _compute() -> dict[str, Check]:
    factor = mapping(
        {
            "weight": number(least=0),
            "calculation_method": _DOTTED,
            "normalization_enabled": flag,
            "caching_enabled": flag,
        }
    )
    algorithm = mapping(
        {"algorithm_type": _TEXT, "factors": mapping_of(factor), "normalization_method": exactly("none")}
    )
    flags = ("deterministic_execution", "memory_optimization_enabled", "intermediate_result_caching")
    return {"algorithm": algorithm, "parallel_processing": _SWITCH, **dict.fromkeys(flags, flag)}


def _machine() -> Check:
    state = mapping(
        {
            "version": _VERSION,
            "state_name": _TEXT,
            "state_type": _TEXT,
            "description": _TEXT,
            "is_terminal": flag,
            "is_recoverable": flag,
        }
    )
    transition = mapping(
        {
            "version": _VERSION,
            "transition_name": _TEXT,
            "from_state": _TEXT,
            "to_state": _TEXT,
            "trigger": _NAME,
        }
    )
    flags = (
        "persistence_enabled",
        "recovery_enabled",
        "rollback_enabled",
        "concurrent_transitions_allowed",
        "strict_validation_enabled",
    )
    return mapping(
        {
            "version": _VERSION,
            "state_machine_name": _TEXT,
            "state_machine_version": _VERSION,
            "description": _TEXT,
            "states": list_of(state, least=1),
            "initial_state": _TEXT,
            "terminal_states": list_of(_TEXT),
            "transitions": list_of(transition, least=1),
            **dict.fromkeys(flags, flag),
        }
    )


def _coordination() -> Check:
    flags = ("checkpoint_enabled", "state_persistence_enabled", "rollback_enabled", "recovery_enabled")
    return mapping(
        {
            "execution_mode": text("sequential|parallel", what="sequential or parallel"),
            "max_parallel_branches": number(least=1, whole=True),
            "timeout_ms": number(least=1, whole=True),
            **dict.fromkeys(flags, flag),
        }
    )


def _consistency(document: Mapping[str, object]) -> Iterator[Finding]:
    """Yield what contradicts itself in a document whose shape holds."""
    operations = _at(document, "annotations", "operations")
    subscribed = _at(document, "event_bus", "subscribe_topics") or []
    for index, entry in enumerate(_at(document, "handler_routing", "handlers")):
        path = f"handler_routing.handlers[{index}]"
        if entry["operation"] not in operations:
            yield finding("unknown-operation", f"no operation '{entry['operation']}'", f"{path}.operation")
        if "topic" in entry and entry["topic"] not in subscribed:
            yield finding("unknown-topic", f"'{entry['topic']}' is not subscribed to", f"{path}.topic")
    factors = _at(document, "algorithm", "factors")
    if (
        factors is not None
        and abs(sum(factor["weight"] for factor in factors.values()) - 1) > _WEIGHT_TOLERANCE
    ):
        yield finding("weights", "the weights do not sum to 1", "algorithm.factors")
    yield from _machine_consistency(document.get("state_machine"))


def _machine_consistency(machine: object) -> Iterator[Finding]:
    if not isinstance(machine, Mapping):
        return
    states = {state["state_name"] for state in machine["states"]}
    named = {"initial_state": machine["initial_state"]}
    for index, transition in enumerate(machine["transitions"]):
        named[f"transitions[{index}].from_state"] = transition["from_state"]
        named[f"transitions[{index}].to_state"] = transition["to_state"]
    for path, name in named.items():
        if name not in states:
            yield finding("unknown-state", f"there is no state '{name}'", f"state_machine.{path}")


def _at(document: object, *keys: str) -> Any:
    for key in keys:
        if not isinstance(document, Mapping) or key not in document:
            return None
        document = document[key]
    return document
