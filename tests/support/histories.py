"""The history reducer as a process, and events for it: its state is the list of all that counted, in their order."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import Producer
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, committed, reading, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.nodes import RunningNode

START_HISTORY = Path(__file__).parents[1] / "runtime" / "nodes" / "start_history.py"
NOTED = "test.source.note.completed"
CLOSED = "test.source.close.completed"


def new_name() -> str:
    return f"history-{uuid.uuid4().hex[:8]}".replace("-", "_")


@dataclass(slots=True, kw_only=True)
class History:
    """A history reducer of a name of its own, everything that was sent to it, and its processes."""

    servers: str
    folder: Path
    name: str = field(default_factory=new_name)
    sent: int = 0

    @property
    def source(self) -> str:
        return f"onex.evt.test.{self.name}-source-completed.v1"

    @property
    def commands(self) -> str:
        return f"onex.cmd.test.{self.kebab}-requested.v1"

    @property
    def kebab(self) -> str:
        return self.name.replace("_", "-")

    @property
    def group(self) -> str:
        return f"test.{self.kebab}"

    def environment(self, **settings: str) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "HISTORY_NAME": self.name,
            "HISTORY_FOLDER": str(self.folder),
            "NODESMITH_DATA_DIR": str(self.folder / "data"),
            "RETRY_BASE_SECONDS": "0.01",
            **settings,
        }

    @contextmanager
    def running(self, instance: str = "one", **settings: str) -> Iterator[RunningNode]:
        environment = self.environment(NODE_INSTANCE_ID=instance, **settings)
        log = self.folder / f"{instance}.log"
        with running_node(START_HISTORY, log, environment=environment) as node:
            yield node

    def note(self, *numbers: int, key: str, event_type: str = NOTED, envelope_id: str = "") -> None:
        """Send events of one key to the topic the node subscribes to."""
        producer = Producer({"bootstrap.servers": self.servers, "log_level": 2})
        for number in numbers:
            envelope: dict[str, Any] = {"payload": {"key": key, "number": number}, "event_type": event_type}
            if envelope_id:
                envelope["envelope_id"] = envelope_id
            producer.produce(self.source, json.dumps(envelope), key=key)
        assert producer.flush(20) == 0
        self.sent += len(numbers)

    def wait_until_done(self, *, seconds: float = 40.0) -> None:
        """Return when the node has dealt with everything that was sent, and has said so to the broker."""
        wait_until(
            lambda: committed(self.servers, self.group, self.source) == self.sent,
            seconds=seconds,
            pause=0.2,
            why="all events being committed",
        )

    def state(self, key: str) -> list[int]:
        """Ask the node, over the bus."""
        asks = str(uuid.uuid4())
        value = command(f"test.{self.kebab}.get-state", {"key": key}, envelope_id=asks)
        with reading(self.servers, f"onex.evt.test.{self.kebab}-completed.v1") as completed:
            send(self.servers, self.commands, value, key=key)
            answer = completed.wait_for(
                lambda record: record.envelope["parent_envelope_id"] == asks, seconds=20
            )
        numbers: list[int] = answer.payload["numbers"]
        return numbers
