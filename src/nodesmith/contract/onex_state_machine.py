"""A reducer's state machine as ONEX's state machine subcontract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.onex_document import SCHEMA_VERSION

if TYPE_CHECKING:
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.onex_document import Document
    from nodesmith.contract.reducer import MachineContract, TransitionContract


def state_machine(contract: NodeContract, machine: MachineContract) -> Document:
    """Return the subcontract: one state for each value of the field, one transition for each source."""
    leaving = {transition.source for transition in machine.transitions}
    values = [member.value for member in machine.enum.members]
    return {
        "version": dict(SCHEMA_VERSION),
        "state_machine_name": f"{contract.spec.name}.{machine.field}",
        "state_machine_version": dict(SCHEMA_VERSION),
        "description": f"The allowed changes of `{machine.field}`.",
        "states": [_state(value, machine.field, is_terminal=value not in leaving) for value in values],
        "initial_state": machine.initial,
        "terminal_states": [value for value in values if value not in leaving],
        "transitions": [_transition(transition) for transition in machine.transitions],
        "persistence_enabled": True,
        "recovery_enabled": True,
        "rollback_enabled": False,
        "concurrent_transitions_allowed": False,
        "strict_validation_enabled": True,
    }


def _state(value: str, field: str, *, is_terminal: bool) -> Document:
    return {
        "version": dict(SCHEMA_VERSION),
        "state_name": value,
        "state_type": "terminal" if is_terminal else "operational",
        "description": f"`{field}` is {value!r}.",
        "is_terminal": is_terminal,
        "is_recoverable": not is_terminal,
    }


def _transition(transition: TransitionContract) -> Document:
    return {
        "version": dict(SCHEMA_VERSION),
        "transition_name": f"{transition.event}:{transition.source}",
        "from_state": transition.source,
        "to_state": transition.target,
        "trigger": transition.event,
    }
