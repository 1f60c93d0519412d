"""A small effect node whose handler fails as it is told to, by its input and by files in the journal folder.

Its name, and so its topics and its group, are what FLAKY_NAME says: tests on one broker do not read each other's answers.
"""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict
from runtime.nodes.greeter import Journal, NodeGreeterEffect

from nodesmith.runtime import (
    NodeDefinition,
    NodeIdentity,
    Operation,
    TemporaryError,
    current_command,
    make_node_id,
)


class ModelWriteInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    failures: int = 0
    then: str = ""


class ModelWriteOutput(BaseModel):
    attempt: int


class Handlers:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def write(self, request: ModelWriteInput) -> ModelWriteOutput:
        """Fail while the ledger is down, then as often as asked, then in the way asked."""
        attempt = current_command().attempt
        self.journal.note(f"write {request.name} {attempt}")
        if (self.journal.folder / "down").exists():
            raise TemporaryError("the ledger is away", dependency="ledger")
        if attempt <= request.failures:
            raise TemporaryError(f"attempt {attempt} came to nothing")
        if request.then:
            raise ValueError(request.then)
        return ModelWriteOutput(attempt=attempt)

    async def note(self, request: ModelWriteInput) -> ModelWriteOutput:
        """Write without the ledger."""
        self.journal.note(f"note {request.name}")
        return ModelWriteOutput(attempt=current_command().attempt)


class NodeFlakyEffect(NodeGreeterEffect):
    def __init__(self) -> None:
        super().__init__()
        name = os.environ.get("FLAKY_NAME", "flaky")
        do = Handlers(self.resources)
        self.definition = NodeDefinition(
            identity=NodeIdentity(name=name, domain="demo", archetype="effect"),
            operations=tuple(
                Operation(
                    name=handler.__name__,
                    input_model=ModelWriteInput,
                    output_model=ModelWriteOutput,
                    handler=handler,
                    key="name",
                )
                for handler in (do.write, do.note)
            ),
            resources=self.resources,
        )
        self._service_name = name
        self._node_id = make_node_id(self.definition.identity, self._instance_id)

    def _get_node_capabilities(self) -> list[str]:
        return [f"demo.{self._service_name}.{operation}" for operation in ("write", "note")]
