"""Real nodes for a registry to show: small ones written by hand, under names that no other test uses."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ops.written_nodes import WrittenNode, write_node
from support.nodes import RunningNode, running_node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOMAIN = "shown"
HEARTBEAT_SECONDS = 0.5
# What a node says of itself: three heartbeats.
TTL_SECONDS = 3 * HEARTBEAT_SECONDS

BODY = '''
def handlers(self):
    return {"double": self.double, "fail": self.fail}

async def double(self, request: Number) -> Number:
    """Double a number."""
    return Number(n=request.n * 2)

async def fail(self, request: Number) -> Number:
    raise OperationError(f"{request.n} is too much")
'''


@contextmanager
def shown_node(name: str, servers: str, folder: Path, **environment: str) -> Iterator[RunningNode]:
    """Run a node `shown/<name>`; variables are in capitals. It is stopped at the end if it still runs."""
    target = folder / f"node_{DOMAIN}_{name}_effect"
    if not target.exists():
        write_node(folder, WrittenNode(name=name, body=BODY, domain=DOMAIN))
    instance = environment.get("NODE_INSTANCE_ID", f"{name}-{os.urandom(3).hex()}")
    variables = {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
        "NODE_INSTANCE_ID": instance,
        "NODESMITH_DATA_DIR": str(folder / "data" / os.urandom(3).hex()),
        **environment,
    }
    script = target / "v1_0_0" / "start_node.py"
    with running_node(script, folder / f"{name}-{os.urandom(3).hex()}.log", environment=variables) as node:
        yield node.wait_ready()
