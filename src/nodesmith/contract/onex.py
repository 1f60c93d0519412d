"""A contract as ONEX documents: `contract.yaml` and `version.manifest.yaml`, plain data in the order they are written.

Where ONEX takes a feature for granted that nodesmith's runtime does not have, the document says no; nothing in it is
said for the sake of a check.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nodesmith.contract.onex_document import SCHEMA_VERSION
from nodesmith.contract.onex_routing import handler_routing, model_path
from nodesmith.contract.onex_state_machine import state_machine
from nodesmith.contract.onex_workflow import longest_run_seconds, workflow_coordination
from nodesmith.spec.model import Archetype

if TYPE_CHECKING:
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.onex_document import Document
    from nodesmith.contract.operations import OperationContract

ANY_MODEL = "pydantic.BaseModel"


def contract_document(contract: NodeContract) -> Document:
    """Return the document of `contract.yaml`, valid under omnibase-core's strict check."""
    version = version_document(contract)
    return {
        "name": contract.spec.name,
        "contract_version": version,
        "node_version": dict(version),
        "node_type": f"{contract.spec.archetype.upper()}_GENERIC",
        "description": contract.description,
        "input_model": _common_model(
            contract, [operation.input.class_name for operation in contract.handlers], "input"
        ),
        "output_model": _common_model(
            contract, [operation.output.class_name for operation in contract.handlers], "output"
        ),
        **_performance(contract),
        **_of_archetype(contract),
        "handler_routing": {"version": dict(SCHEMA_VERSION), **handler_routing(contract)},
        **_event_bus(contract),
        "annotations": _annotations(contract),
    }


def manifest_document(contract: NodeContract) -> Document:
    """Return the document of `version.manifest.yaml`: which version this folder is, and where its parts are."""
    return {
        "schema_version": dict(SCHEMA_VERSION),
        "name": contract.spec.name,
        "domain": contract.spec.domain,
        "node_type": f"{contract.spec.archetype.upper()}_GENERIC",
        # ONEX takes every YAML file of a node for a contract, whose version goes by this name.
        "contract_version": version_document(contract),
        "contract": "contract.yaml",
        "implementation": {"module": f"{contract.package}.node", "class": contract.class_name},
        **({"start_script": "start_node.py"} if contract.spec.event_bus else {}),
        "tests": "tests",
    }


def version_document(contract: NodeContract) -> dict[str, int]:
    """Return the node's version as ONEX writes versions."""
    major, minor, patch = contract.spec.version
    return {"major": major, "minor": minor, "patch": patch}


def _common_model(contract: NodeContract, class_names: list[str], side: str) -> str:
    """Return the one model of all handlers, or the class that all models are, where there are several."""
    if len(set(class_names)) > 1:
        return ANY_MODEL
    first = contract.handlers[0]
    return model_path(contract, first.input if side == "input" else first.output)


def _performance(contract: NodeContract) -> Document:
    seconds = longest_seconds(contract)
    return (
        {}
        if seconds is None
        else {"performance": {"single_operation_max_ms": max(1, math.ceil(seconds * 1000))}}
    )


def longest_seconds(contract: NodeContract) -> float | None:
    """Return how long one operation may take at most, or None where one of them has no limit."""
    if contract.orchestrator:
        bound = longest_run_seconds(contract.orchestrator)
        declared = contract.orchestrator.operation.timeout_seconds
        return bound if declared is None else min(bound, declared)
    limits = [operation.timeout_seconds for operation in contract.handlers]
    known = [limit for limit in limits if limit is not None]
    return max(known) if len(known) == len(limits) else None


def _of_archetype(contract: NodeContract) -> Document:
    match contract.spec.archetype:
        case Archetype.EFFECT:
            return _effect(contract)
        case Archetype.COMPUTE:
            return _compute(contract)
        case Archetype.REDUCER:
            return _reducer(contract)
        case Archetype.ORCHESTRATOR:
            return {"workflow_coordination": workflow_coordination(contract)}


def _effect(contract: NodeContract) -> Document:
    return {
        "io_operations": [_io_operation(operation) for operation in contract.operations],
        "transaction_management": {"enabled": False},
        "retry_policies": {"max_attempts": 1, "circuit_breaker_enabled": False},
        "backup_config": {"enabled": False},
        "idempotent_operations": False,
        "side_effect_logging_enabled": False,
        "audit_trail_enabled": False,
        "consistency_validation_enabled": False,
    }


def _io_operation(operation: OperationContract) -> Document:
    limit = operation.timeout_seconds
    return {
        "operation_type": operation.name,
        "atomic": False,
        **({} if limit is None else {"timeout_seconds": max(1, math.ceil(limit))}),
        "validation_enabled": True,
    }


def _compute(contract: NodeContract) -> Document:
    """Return what ONEX asks of a computation; its algorithm is the handlers, each a factor of the same weight."""
    weight = round(1 / len(contract.operations), 6)
    factors = {
        operation.name: {
            "weight": weight,
            "calculation_method": f"{operation.handler_module}.{operation.handler_class}",
            "normalization_enabled": False,
            "caching_enabled": False,
        }
        for operation in contract.operations
    }
    return {
        "algorithm": {"algorithm_type": "handler", "factors": factors, "normalization_method": "none"},
        "parallel_processing": {"enabled": False},
        "deterministic_execution": True,
        "memory_optimization_enabled": False,
        "intermediate_result_caching": False,
    }


def _reducer(contract: NodeContract) -> Document:
    reducer = contract.reducer
    assert reducer is not None, "stage 2 makes no reducer without its parts"
    machine = state_machine(contract, reducer.machine) if reducer.machine else None
    return {
        "order_preserving": True,
        "incremental_processing": True,
        "result_caching_enabled": False,
        "partial_results_enabled": False,
        **({"state_machine": machine} if machine else {}),
    }


def _event_bus(contract: NodeContract) -> Document:
    if not contract.spec.event_bus:
        return {}
    return {
        "event_bus": {
            "version": dict(SCHEMA_VERSION),
            "event_bus_type": "distributed",
            "enable_event_caching": False,
            "subscribe_topics": list(contract.topics.subscribe),
            "publish_topics": list(contract.topics.publish),
        }
    }


def _annotations(contract: NodeContract) -> Document:
    """Return what ONEX's own fields have no place for."""
    return {
        "domain": contract.spec.domain,
        "node_class": f"{contract.package}.node.{contract.class_name}",
        "capabilities": list(contract.capabilities),
        "operations": {operation.name: _operation(contract, operation) for operation in contract.operations},
    }


def _operation(contract: NodeContract, operation: OperationContract) -> Document:
    return {
        "description": operation.description,
        "event_type": operation.event_type,
        "input_model": model_path(contract, operation.input),
        "output_model": model_path(contract, operation.output),
        **({"key": operation.key} if operation.key else {}),
        **({} if operation.timeout_seconds is None else {"timeout_seconds": operation.timeout_seconds}),
    }
