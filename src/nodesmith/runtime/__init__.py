"""What a generated node stands on. Importing it needs no Kafka client; `nodesmith.runtime.bus` does."""

from nodesmith.errors import HandlerNotImplementedError, OperationError, TemporaryError
from nodesmith.runtime.adoption import definition_of
from nodesmith.runtime.context import Command, Origin, command_at_hand, current_command
from nodesmith.runtime.definition import BusClient, NodeDefinition
from nodesmith.runtime.envelope import Envelope, OutgoingRecord
from nodesmith.runtime.identity import NodeIdentity, default_instance_id, make_node_id
from nodesmith.runtime.operations import Operation, Subscription
from nodesmith.runtime.reducer import Reducer, StateMachine
from nodesmith.runtime.service import NodeService
from nodesmith.runtime.settings import data_directory, event_bus_skipped
from nodesmith.runtime.start import run_node

__all__ = [
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
]
