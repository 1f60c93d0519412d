"""The process in which `nodesmith state` works: the node's own, since its handlers are a person's code.

It is the node's start script, asked for something else than to run. What it finds out leaves as lines of JSON on standard
output; what the person's code prints goes to standard error. It ends when nobody reads its lines any more.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TextIO

from nodesmith.errors import ExitCode, InputError, NodesmithError, StateUnavailableError
from nodesmith.runtime.config import read_config
from nodesmith.runtime.reducer import Reducer
from nodesmith.runtime.state_store.opening import state_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.start import RunnableNode
    from nodesmith.runtime.state_rebuild.comparing import Pair
    from nodesmith.runtime.state_rebuild.rebuilding import Outcome, Sources
    from nodesmith.runtime.state_store.events import KeyState
    from nodesmith.runtime.state_store.opening import StatePlace

DEFAULT_SERVERS = "localhost:9092"
_TELL_SECONDS = 0.2
_SHOWN_KEYS = 1_000
_LONGEST_ANSWER = 100


def work(node_class: Callable[[], RunnableNode], argv: Sequence[str]) -> int:
    """Do what the first argument asks for, as JSON, and return the exit status."""
    reports = _Reports(_own_output())
    try:
        asked = json.loads(argv[0])
        _set_up(asked)
        reports.tell(done=_do(node_class(), asked, reports))
    except NodesmithError as error:
        reports.tell(error={"message": error.message, "fix": error.fix, "status": int(error.exit_code)})
        return int(error.exit_code)
    return int(ExitCode.DONE)


def _own_output() -> TextIO:
    """Return standard output, and give everybody else standard error in its place."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return own


def _set_up(asked: Mapping[str, Any]) -> None:
    logging.basicConfig(level=logging.ERROR)
    if asked.get("config"):
        os.environ.update(read_config(Path(asked["config"])))
    if asked.get("servers"):
        os.environ["KAFKA_BOOTSTRAP_SERVERS"] = asked["servers"]
    os.environ.setdefault("KAFKA_BOOTSTRAP_SERVERS", DEFAULT_SERVERS)


class _Reports:
    """Lines to whoever started this process, and its one answer."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._next = 0.0
        self._answers: SimpleQueue[bool] = SimpleQueue()
        self._told = False
        Thread(target=self._listen, daemon=True).start()

    def tell(self, **report: object) -> None:
        """Write a line."""
        self._output.write(json.dumps(report) + "\n")
        self._output.flush()

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is, now and then."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _TELL_SECONDS
            self.tell(progress=[done, total])

    def agreed(self, outcome: Mapping[str, object]) -> bool:
        """Ask whether to go on, and return the answer."""
        self.tell(ask=outcome)
        return self._answers.get()

    def _listen(self) -> None:
        # Not by sys.stdin, whose lock would be in the way of the interpreter's end.
        while answer := os.read(0, _LONGEST_ANSWER):
            self._answers.put(answer.strip() == b"yes")
        os._exit(int(ExitCode.SYSTEM_FAILED))  # whoever asked has gone


def _do(node: RunnableNode, asked: Mapping[str, Any], reports: _Reports) -> dict[str, object]:
    definition = node.definition
    reducer = definition.resources
    if not isinstance(reducer, Reducer):
        raise InputError(
            f"{definition.identity.name} is no reducer, so it keeps no state by key",
            fix="name the folder of a reducer node",
        )
    place = state_place(domain=reducer.domain, name=reducer.name)
    facts: dict[str, object] = {
        "node": definition.identity.dot_path,
        "place": place.words,
        "key": reducer.key,
    }
    try:
        if asked["what"] == "show":
            return facts | _show(place, asked.get("key"))
        return facts | _fold(
            reducer, definition, place, asked, lambda done: reports.agreed(facts | done), reports
        )
    except place.table.away as error:
        raise StateUnavailableError(
            f"the state {place.words} cannot be used: {' '.join(str(error).split())}"
        ) from error


def _show(place: StatePlace, key: str | None) -> dict[str, object]:
    from nodesmith.runtime.state_rebuild.rebuilding import check_there

    check_there(place)
    place.table.open()
    if key is None:
        with place.table.snapshot() as rows:
            return {"states": [_state(name, state) for name, state in rows.states()]}
    found = place.table.read(key)
    if found is None:
        raise InputError(
            f"there is no state of '{key}' {place.words}: no event has come for it",
            fix="see with `nodesmith state show` and no key which there are",
        )
    return {"states": [_state(key, found)]}


def _fold(
    reducer: Reducer,
    definition: NodeDefinition,
    place: StatePlace,
    asked: Mapping[str, Any],
    agreed: Callable[[dict[str, object]], bool],
    reports: _Reports,
) -> dict[str, object]:
    from nodesmith.runtime.state_rebuild.rebuilding import Sources, opened_log

    with opened_log(definition, servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"]) as log:
        sources = Sources(
            reducer=reducer,
            definition=definition,
            place=place,
            log=log,
            scratch=Path(asked["scratch"]),
            told=reports.progress,
        )
        return _outcome(_carry_out(sources, asked, lambda outcome: agreed(_outcome(outcome))))


def _carry_out(sources: Sources, asked: Mapping[str, Any], agreed: Callable[[Outcome], bool]) -> Outcome:
    from nodesmith.runtime.state_rebuild.rebuilding import compare, rebuild

    allow_gap = bool(asked.get("allow_gap"))
    if asked["what"] == "compare":
        return compare(sources, allow_gap=allow_gap)
    dry_run = bool(asked.get("dry_run"))
    return rebuild(sources, allow_gap=allow_gap, dry_run=dry_run, agreed=agreed)


def _outcome(outcome: Outcome) -> dict[str, object]:
    counts = outcome.counts
    return {
        "keys": outcome.keys,
        "new": outcome.is_new,
        "records": counts.records,
        "counted": counts.counted,
        "refused": counts.refused,
        "failed": dict(counts.failed),
        "dead_letters": counts.dead_letters,
        "again": counts.again,
        "others": counts.others,
        "gaps": outcome.gaps,
        "lost": len(outcome.lost),
        "differing": len(outcome.differing),
        "differences": [_pair(pair) for pair in outcome.differing[:_SHOWN_KEYS]],
    }


def _pair(pair: Pair) -> dict[str, object]:
    return {
        "key": pair.key,
        "running": _data(pair.running),
        "rebuilt": _data(pair.rebuilt),
        "running_events": pair.running.events,
        "rebuilt_events": pair.rebuilt.events,
        "off_bus_events": pair.running.off_bus,
    }


def _state(name: str, state: KeyState) -> dict[str, object]:
    return {
        "key": name,
        "state": _data(state),
        "events": state.events,
        "off_bus_events": state.off_bus,
        "positions": [
            {"topic": topic, "partition": partition, "offset": reached.offset}
            for (topic, partition), reached in sorted(state.reached.items())
        ],
    }


def _data(state: KeyState) -> object:
    return None if state.state is None else json.loads(state.state)
