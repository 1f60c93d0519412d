"""The node that chaos is done to: generated from a spec at the start of every run, with a handler filled in.

Its effect is a row in a SQLite file. Nothing in that table forbids the same row twice, so that it can be counted. As a
reducer, it is an entry in the state of its account, which forbids none either.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Kind = Literal["recorded", "plain", "reducer"]
COMMANDS = "onex.cmd.chaos.ledger-requested.v1"
COMPLETED = "onex.evt.chaos.ledger-completed.v1"
FAILED = "onex.evt.chaos.ledger-failed.v1"
DEAD_LETTERS = "onex.dlq.chaos.ledger.v1"
GROUP = "chaos.ledger"
EVENT_TYPE = "chaos.ledger.book"

_SPEC = """\
node: effect
name: ledger
domain: chaos
version: 1.0.0
description: Writes down what it is told.
adapter: sqlite
operations:
  book:
    description: Book one entry of an account.
    key: account
    input:
      account: {type: str, min_length: 1}
      number: {type: int, ge: 1}
    output:
      account: str
      number: int
"""

_HANDLER = '''\
"""How `book` is done. This file is yours: it is never written again."""

from nodesmith.runtime import current_command
from nodesmith.runtime.sql_answers import record_output, recorded_output

from ..models.model_book_input import ModelBookInput
from ..models.model_book_output import ModelBookOutput
from ..resources import Resources

ENTRY = "INSERT INTO entries (command, account, number) VALUES (?, ?, ?)"


class HandlerBook:
    """Book one entry of an account."""

    def __init__(self, resources: Resources) -> None:
        """Keep the node's resources; they are open while the node runs."""
        self._resources = resources

    def handle(self, request: ModelBookInput) -> ModelBookOutput:
        """Write the entry, and the record that this command is done, in one transaction."""
        with self._resources.transaction() as database:
            if done := recorded_output(database, ModelBookOutput):
                return done
            entry = (str(current_command().idempotency_key), request.account, request.number)
            database.execute(ENTRY, entry)
            output = ModelBookOutput(account=request.account, number=request.number)
            record_output(database, output)
        return output
'''

# An effect on a foreign system, which keeps no record of ours beside it.
_PLAIN_HANDLER = _HANDLER.replace(
    """\
            if done := recorded_output(database, ModelBookOutput):
                return done
""",
    "",
).replace("            record_output(database, output)\n", "")
_PLAIN_HANDLER = _PLAIN_HANDLER.replace(
    "from nodesmith.runtime.sql_answers import record_output, recorded_output\n", ""
)


_REDUCER_SPEC = """\
node: reducer
name: ledger
domain: chaos
version: 1.0.0
description: Keeps what it is told.
event_bus: true
state:
  key: account
  fields:
    account: str
    numbers: {type: "list[int]", default: []}
events:
  book:
    description: An entry of an account.
    fields:
      account: {type: str, min_length: 1}
      number: {type: int, ge: 1}
"""

_REDUCER_HANDLER = '''\
"""How `book` changes the state. This file is yours: it is never written again."""

from pydantic import BaseModel

from ..models.model_book_event import ModelBookEvent
from ..models.model_ledger_state import ModelLedgerState


class HandlerBook:
    """An entry of an account."""

    def handle(
        self, state: ModelLedgerState, event: ModelBookEvent
    ) -> tuple[ModelLedgerState, list[BaseModel]]:
        """Return the state with one more entry."""
        return ModelLedgerState(account=state.account, numbers=[*state.numbers, event.number]), []
'''

_NODES: Mapping[Kind, tuple[str, str, str]] = {
    "recorded": ("node_chaos_ledger_effect", _SPEC, _HANDLER),
    "plain": ("node_chaos_ledger_effect", _SPEC, _PLAIN_HANDLER),
    "reducer": ("node_chaos_ledger_reducer", _REDUCER_SPEC, _REDUCER_HANDLER),
}


def write_ledger(folder: Path, *, kind: Kind) -> Path:
    """Generate the node into `folder` and return its start script.

    `recorded`: its effect and the record of its answer are one transaction. `plain`: the effect is on its own, as one on a
    foreign system is. `reducer`: it is the node's own state.
    """
    name, text, handler = _NODES[kind]
    folder.mkdir(parents=True)
    spec = folder / "ledger.node.yaml"
    spec.write_text(text)
    generate = [sys.executable, "-m", "nodesmith", "generate", str(spec), "-o", str(folder / "nodes")]
    subprocess.run(generate, check=True, capture_output=True)
    version = folder / "nodes" / name / "v1_0_0"
    (version / "handlers" / "handler_book.py").write_text(handler)
    return version / "start_node.py"
