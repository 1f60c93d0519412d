"""The nodes that are soaked: an effect that writes rows to SQLite, and a reducer; generated from specs, handlers filled in."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soak.load import Target

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """One node: its names, its spec, and the handler's file with what is in it."""

    name: str
    folder: str
    operation: str
    spec: str
    handler_file: str
    handler: str

    @property
    def target(self) -> Target:
        """Where its commands or events go."""
        return Target(
            topic=f"onex.cmd.soak.{self.name}-requested.v1", event_type=f"soak.{self.name}.{self.operation}"
        )

    @property
    def answers(self) -> tuple[str, ...]:
        """The topics that every record's answer is on."""
        return (f"onex.evt.soak.{self.name}-completed.v1", f"onex.evt.soak.{self.name}-failed.v1")

    @property
    def dead_letters(self) -> str:
        """Where its dead letters go."""
        return f"onex.dlq.soak.{self.name}.v1"


_TROUBLE = """\
        if request.trouble == "refuse":
            raise OperationError("refused, as asked")
        if request.trouble == "retry" and current_command().attempt == 1:
            raise TemporaryError("not this time", retry_after=0.01)
"""

EFFECT = Soaked(
    name="writer",
    folder="node_soak_writer_effect",
    operation="write",
    spec="""\
node: effect
name: writer
domain: soak
version: 1.0.0
description: Writes accounts.
adapter: sqlite
operations:
  write:
    description: Write one account.
    key: account
    input:
      account: {type: str, min_length: 1}
      number: int
      note: str
      trouble: {type: str, default: ""}
    output:
      account: str
      number: int
""",
    handler_file="handler_write.py",
    handler=f'''\
"""How `write` is done. This file is yours: it is never written again."""

from nodesmith.runtime import OperationError, TemporaryError, current_command
from nodesmith.runtime.sql_answers import record_output, recorded_output

from ..models.model_write_input import ModelWriteInput
from ..models.model_write_output import ModelWriteOutput
from ..resources import Resources

ROW = "INSERT OR REPLACE INTO accounts (account, number, note) VALUES (?, ?, ?)"


class HandlerWrite:
    """Write one account."""

    def __init__(self, resources: Resources) -> None:
        """Keep the node's resources; they are open while the node runs."""
        self._resources = resources

    def handle(self, request: ModelWriteInput) -> ModelWriteOutput:
        """Write the row, and the record that this command is done, in one transaction."""
{_TROUBLE}\
        with self._resources.transaction() as database:
            if done := recorded_output(database, ModelWriteOutput):
                return done
            database.execute(ROW, (request.account, request.number, request.note))
            output = ModelWriteOutput(account=request.account, number=request.number)
            record_output(database, output)
        return output
''',
)

REDUCER = Soaked(
    name="totals",
    folder="node_soak_totals_reducer",
    operation="written",
    spec="""\
node: reducer
name: totals
domain: soak
version: 1.0.0
description: Adds up what was written.
event_bus: true
state:
  key: account
  fields:
    account: str
    times: {type: int, default: 0}
    total: {type: int, default: 0}
    note: {type: str, default: ""}
events:
  written:
    description: An account was written.
    fields:
      account: str
      number: int
      note: str
      trouble: {type: str, default: ""}
""",
    handler_file="handler_written.py",
    handler=f'''\
"""How `written` changes the state. This file is yours: it is never written again."""

from pydantic import BaseModel

from nodesmith.runtime import OperationError, TemporaryError, current_command

from ..models.model_totals_state import ModelTotalsState
from ..models.model_written_event import ModelWrittenEvent


class HandlerWritten:
    """An account was written."""

    def handle(
        self, state: ModelTotalsState, request: ModelWrittenEvent
    ) -> tuple[ModelTotalsState, list[BaseModel]]:
        """Return the state after the event."""
{_TROUBLE}\
        return ModelTotalsState(
            account=state.account,
            times=state.times + 1,
            total=state.total + request.number,
            note=request.note,
        ), []
''',
)

NODES = {"effect": EFFECT, "reducer": REDUCER}


def write_node(node: Soaked, folder: Path) -> Path:
    """Generate a node into `folder`, and return its start script."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / f"{node.name}.node.yaml"
    spec.write_text(node.spec)
    generate = [sys.executable, "-m", "nodesmith", "generate", str(spec), "-o", str(folder / "nodes")]
    subprocess.run(generate, check=True, capture_output=True)
    version = folder / "nodes" / node.folder / "v1_0_0"
    (version / "handlers" / node.handler_file).write_text(node.handler)
    return version / "start_node.py"


def make_accounts(path: Path) -> None:
    """Make the table that the effect writes to."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE accounts (account TEXT PRIMARY KEY, number INTEGER, note TEXT)")
