"""The flaky node under a name of a test's own, as others know it: by its topics."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.nodes import start_flaky
from support.nodes import running_node

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A flaky node that is ready; its operation is `write`, of which `name` is the key."""

    servers: str
    name: str

    @property
    def operation(self) -> str:
        return f"demo.{self.name}.write"

    @property
    def commands(self) -> str:
        return f"onex.cmd.demo.{self.name}-requested.v1"

    @property
    def completed(self) -> str:
        return f"onex.evt.demo.{self.name}-completed.v1"

    @property
    def failed(self) -> str:
        return f"onex.evt.demo.{self.name}-failed.v1"

    @property
    def dead_letters(self) -> str:
        return f"onex.dlq.demo.{self.name}.v1"


@contextmanager
def running_peer(servers: str, name: str, folder: Path) -> Iterator[Peer]:
    """Run the node; its journal and its data are in `folder`."""
    environment = {"KAFKA_BOOTSTRAP_SERVERS": servers, "GREETER_JOURNAL": str(folder), "FLAKY_NAME": name}
    with running_node(Path(start_flaky.__file__), folder / "log", environment=environment) as node:
        node.wait_ready()
        yield Peer(servers=servers, name=name)
