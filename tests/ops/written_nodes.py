"""Small nodes written by hand, laid out as generated ones are, for processes that `nodesmith up` starts."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NODE = '''\
from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from pydantic import BaseModel

from nodesmith.errors import OperationError
from nodesmith.orchestration import Step, StepCaller, Undo, Workflow, run_workflow
from nodesmith.runtime import NodeDefinition, NodeIdentity, NodeService, Operation, default_instance_id, make_node_id
from nodesmith.runtime.bus import EventPublisher


class Number(BaseModel):
    n: int


class Node:
    """The fixed attributes of a generated node, and nothing else."""

    def __init__(self) -> None:
        self.steps = StepCaller(source="{name}")
        self.definition = NodeDefinition(
            identity=NodeIdentity(name="{name}", domain="{domain}", archetype="{archetype}"),
            operations=tuple(
                Operation(name=name, input_model=Number, output_model=Number, handler=handler)
                for name, handler in self.handlers().items()
            ),
            bus_clients=(self.steps,),
        )
        self._instance_id = default_instance_id()
        self._shutdown_event = asyncio.Event()
        self._service = None

    async def initialize(self) -> None:
        node_id = make_node_id(self.definition.identity, self._instance_id)
        servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        self._publisher = EventPublisher(bootstrap_servers=servers, source="{name}")
        self._service = NodeService(
            definition=self.definition,
            node_id=node_id,
            instance_id=self._instance_id,
            publisher=self._publisher,
            client_installed=True,
            announce=self.announce,
        )
        await self._service.start()

    async def shutdown(self) -> None:
        await self._service.stop()

    async def announce(self, reason="startup", correlation_id=None) -> None:
        await self._publisher.publish(
            self._service.introspection(reason=reason, capabilities=[], correlation_id=correlation_id)
        )

{body}
'''

START = """\
import sys
from importlib import import_module
from pathlib import Path

from nodesmith.runtime import run_node

HERE = Path(__file__).resolve().parent
sys.path[:] = [str(HERE.parents[1]), *(entry for entry in sys.path if Path(entry).resolve() != HERE)]
sys.exit(run_node(import_module(f"{HERE.parent.name}.{HERE.name}.node").Node, sys.argv[1:]))
"""

WORKER = '''
def handlers(self):
    return {
        "double": self.double, "fail": self.fail, "die": self.die, "store": self.store, "remove": self.remove,
        "wait": self.wait,
    }

async def double(self, request: Number) -> Number:
    return Number(n=request.n * 2)

async def fail(self, request: Number) -> Number:
    raise OperationError(f"{request.n} is too much")

async def die(self, request: Number) -> Number:
    print("the disk is on fire", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

async def wait(self, request: Number) -> Number:
    """Work until somebody writes the file `go-on`."""
    print(f"at work on {request.n}", flush=True)
    while not Path("go-on").exists():
        await asyncio.sleep(0.01)
    return request

async def store(self, request: Number) -> Number:
    print(f"stored {request.n}", flush=True)
    return request

async def remove(self, request: Number) -> Number:
    print(f"removed {request.n}", flush=True)
    return request
'''

ECHO = """
def handlers(self):
    return {"echo": self.echo}

async def echo(self, request: Number) -> Number:
    return request
"""

ORCHESTRATOR = '''
def handlers(self):
    return {"good": self.good, "bad": self.bad}

async def good(self, request: Number) -> Number:
    return await run_workflow(flow("good", "double"), request, steps=self.steps, output_model=Number)

async def bad(self, request: Number) -> Number:
    return await run_workflow(flow("bad", "fail"), request, steps=self.steps, output_model=Number)


def flow(name, operation):
    """First store with one node, then let another work on what it answered."""
    store = Step(
        name="store", domain="shop", node="worker", operation="store", request=lambda run: run.input(Number),
        request_model=Number, answer_model=Number, timeout_seconds=10.0,
        undo=Undo(domain="shop", node="worker", operation="remove"),
    )
    echo = Step(
        name="echo", domain="shop", node="echo", operation="echo", request=lambda run: run.input(Number),
        request_model=Number, answer_model=Number, timeout_seconds=10.0,
    )
    work = Step(
        name="work", domain="shop", node="worker", operation=operation, after=("store", "echo"),
        request=lambda run: run.answer("store", Number), request_model=Number, answer_model=Number,
        timeout_seconds=10.0,
    )
    return Workflow(name=name, steps=(work, store, echo), result=lambda run: run.answer("work", Number))
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNode:
    """A node to be written."""

    name: str
    body: str
    archetype: str = "effect"
    domain: str = "shop"


WORKER_NODE = WrittenNode(name="worker", body=WORKER)
ECHO_NODE = WrittenNode(name="echo", body=ECHO)
ORCHESTRATOR_NODE = WrittenNode(name="flows", body=ORCHESTRATOR, archetype="orchestrator")


def write_node(target: Path, node: WrittenNode) -> Path:
    """Write a node under `target` and return its folder."""
    folder = target / f"node_{node.domain}_{node.name}_{node.archetype}"
    version = folder / "v1_0_0"
    version.mkdir(parents=True)
    for package in (folder, version):
        (package / "__init__.py").touch()
    methods, _, functions = dedent(node.body).partition("\n\n\n")
    body = "\n".join(f"    {line}" if line else "" for line in methods.splitlines()) + f"\n\n\n{functions}"
    source = NODE
    for name, value in {
        "name": node.name,
        "domain": node.domain,
        "archetype": node.archetype,
        "body": body,
    }.items():
        source = source.replace(f"{{{name}}}", value)
    (version / "node.py").write_text(source)
    (version / "start_node.py").write_text(START)
    return folder
