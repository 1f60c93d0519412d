"""Runs in the ONEX environment, not in ours: judges files by ONEX's own code and prints what it thinks as JSON.

Usage: python inside.py contracts FILE... | python inside.py records FILE...
"""

import json
import sys
from pathlib import Path


def contract(path: Path) -> list[str]:
    """Judge a contract.yaml, and refuse to take one for good that was passed unread."""
    from omnibase_core.models.errors.model_onex_error import ModelOnexError  # type: ignore[import-not-found]
    from omnibase_core.normalization.contract_validator import (  # type: ignore[import-not-found]
        validate_contract_file,
    )

    try:
        report = validate_contract_file(path)
    except ModelOnexError as error:
        return [str(error)]
    if report.bucket.name != "NODE_ROOT_CONTRACT":
        return [f"not read as a node's contract, but as {report.bucket.name}"]
    return [] if report.passed else list(report.errors)


def record(path: Path) -> list[str]:
    """Judge a whole record of a discovery topic: its envelope, and its payload by the model for that topic."""
    from omnibase_core.models.events.model_event_envelope import (  # type: ignore[import-not-found]
        ModelEventEnvelope,
    )
    from omnibase_infra.models.registration import (  # type: ignore[import-not-found]
        ModelNodeHeartbeatEvent,
        ModelNodeIntrospectionEvent,
    )

    models = {
        "platform.node-introspection": ModelNodeIntrospectionEvent,
        "platform.node-heartbeat": ModelNodeHeartbeatEvent,
    }
    text = path.read_text()
    model = models[json.loads(text)["event_type"]]
    try:
        ModelEventEnvelope[model].model_validate_json(text)
    except ValueError as error:
        return str(error).splitlines()
    return []


if __name__ == "__main__":
    judge = {"contracts": contract, "records": record}[sys.argv[1]]
    print(json.dumps({path: judge(Path(path)) for path in sys.argv[2:]}))
