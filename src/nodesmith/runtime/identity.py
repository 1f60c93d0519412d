"""Who a node is: its name on the wire, its instance, its id."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

from nodesmith import naming

ArchetypeName = Literal["effect", "compute", "reducer", "orchestrator"]

# Made once, by chance; it only keeps these ids apart from other uuid5 ids.
_NODE_IDS = UUID("5f0ffa5e-53c7-4ddc-9ef8-1f1e2ac6a1d4")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeIdentity:
    """What a node is called and what kind it is; the same for all of its instances.

    `name` and `domain` are snake_case, as the spec has them; `domain` is empty where a node has none.
    """

    name: str
    archetype: ArchetypeName
    domain: str = ""
    version: tuple[int, int, int] = (1, 0, 0)
    description: str = ""

    @property
    def event_domain(self) -> str:
        """The domain as topics spell it: `general` where a node has none."""
        return naming.event_domain(self.domain)

    @property
    def dot_path(self) -> str:
        """`crm.customer-writer`: the start of the node's event types, and its consumer group."""
        return f"{self.event_domain}.{naming.kebab(self.name)}"

    @property
    def command_topic(self) -> str:
        """Where the node's commands arrive."""
        return naming.command_topic(domain=self.domain, name=self.name)

    @property
    def completed_topic(self) -> str:
        """Where its results leave."""
        return naming.completed_topic(domain=self.domain, name=self.name)

    @property
    def failed_topic(self) -> str:
        """Where its failures leave."""
        return naming.failed_topic(domain=self.domain, name=self.name)

    @property
    def intent_topic(self) -> str:
        """Where a reducer's intents leave."""
        return naming.intent_topic(domain=self.domain, name=self.name)

    @property
    def dead_letter_topic(self) -> str:
        """Where the commands it could not do are kept."""
        return naming.dead_letter_topic(domain=self.domain, name=self.name)

    @property
    def workflow_topic(self) -> str:
        """Where an orchestrator tells the story of its workflows."""
        return naming.workflow_topic(domain=self.domain, name=self.name)

    def event_type(self, operation: str) -> str:
        """Return `crm.customer-writer.upsert-customer`."""
        return naming.event_type(domain=self.domain, name=self.name, operation=operation)


def default_instance_id() -> str:
    """Return `NODE_INSTANCE_ID`, else `<hostname>-<pid>`."""
    return os.environ.get("NODE_INSTANCE_ID") or f"{socket.gethostname()}-{os.getpid()}"


def make_node_id(identity: NodeIdentity, instance_id: str) -> UUID:
    """Return the id of one instance of a node: the same whenever it is started under the same instance id."""
    return uuid5(_NODE_IDS, f"{identity.dot_path}/{instance_id}")
