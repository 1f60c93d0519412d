"""A small effect node whose handler fails as it is told to, by its input and by files in the journal folder."""

from __future__ import annotations

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
        do = Handlers(self.resources)
        self.definition = NodeDefinition(
            identity=NodeIdentity(name="flaky", domain="demo", archetype="effect"),
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
        self._service_name = "flaky"
        self._node_id = make_node_id(self.definition.identity, self._instance_id)

    def _get_node_capabilities(self) -> list[str]:
        return ["demo.flaky.write", "demo.flaky.note"]
