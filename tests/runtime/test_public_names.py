from __future__ import annotations

import subprocess
import sys

import nodesmith.runtime

PUBLIC = {
    "BusClient",
    "Command",
    "Envelope",
    "HandlerNotImplementedError",
    "NodeDefinition",
    "NodeIdentity",
    "NodeService",
    "Operation",
    "OperationError",
    "Origin",
    "OutgoingRecord",
    "Reducer",
    "StateMachine",
    "Subscription",
    "TemporaryError",
    "command_at_hand",
    "current_command",
    "data_directory",
    "default_instance_id",
    "definition_of",
    "event_bus_skipped",
    "make_node_id",
    "run_node",
}


def test_the_public_names_are_these_and_all_exist() -> None:
    assert set(nodesmith.runtime.__all__) == PUBLIC
    assert all(hasattr(nodesmith.runtime, name) for name in PUBLIC)


def test_importing_the_runtime_imports_neither_a_client_nor_a_server() -> None:
    heavy = ("aiohttp", "confluent_kafka", "prometheus_client")
    program = f"import sys, nodesmith.runtime; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
