"""Operations of a contract: what goes in, what comes out, and who handles it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.models import ModelContract, ModelRole
from nodesmith.naming import event_type, pascal
from nodesmith.records import dataclass
from nodesmith.spec.model import Archetype

if TYPE_CHECKING:
    from nodesmith.contract.registry import ClassRegistry
    from nodesmith.spec.model import NodeSpec, OperationSpec


# ONEX asks every compute node how long an operation may take; the runtime keeps what is said here.
DEFAULT_COMPUTE_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationContract:
    """One operation; `handler_class` and `handler_module` are empty where the runtime itself answers it."""

    name: str
    description: str
    key: str | None
    timeout_seconds: float | None
    input: ModelContract
    output: ModelContract
    handler_class: str
    handler_module: str
    event_type: str

    @property
    def interface_class(self) -> str:
        """Return `HandlesUpsertCustomer`, what the node asks of the handler."""
        return f"Handles{pascal(self.name)}"


def operation_contract(
    operation: OperationSpec, *, node: NodeSpec, registry: ClassRegistry
) -> OperationContract:
    """Return the contract of one operation of an effect, a compute or an orchestrator."""
    name, path = operation.name, f"operations.{operation.name}"
    return OperationContract(
        name=name,
        description=operation.description or f"Handle {name}.",
        key=operation.key,
        timeout_seconds=_timeout(operation, node),
        input=registry.model(
            f"{name}_input",
            operation.input,
            role=ModelRole.INPUT,
            description=f"What `{name}` is given.",
            path=f"{path}.input",
        ),
        output=registry.model(
            f"{name}_output",
            operation.output,
            role=ModelRole.OUTPUT,
            description=f"What `{name}` answers.",
            path=f"{path}.output",
        ),
        handler_class=handler_class(name),
        handler_module=handler_module(name),
        event_type=event_type(domain=node.domain, name=node.name, operation=name),
    )


def _timeout(operation: OperationSpec, node: NodeSpec) -> float | None:
    if operation.timeout_seconds is None and node.archetype == Archetype.COMPUTE:
        return DEFAULT_COMPUTE_TIMEOUT_SECONDS
    return operation.timeout_seconds


def handler_class(name: str) -> str:
    """Return `HandlerUpsertCustomer`."""
    return f"Handler{pascal(name)}"


def handler_module(name: str) -> str:
    """Return `handler_upsert_customer`."""
    return f"handler_{name}"
