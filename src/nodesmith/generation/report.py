"""What the pipeline tells about itself, while it runs and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.generation.update.changes import Plan


class Status(StrEnum):
    """How far a stage has come."""

    STARTED = "started"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


STAGES = {
    "1": "parse",
    "2": "contract",
    "3": "pre_check",
    "4": "code_generation",
    "4.5": "event_bus_integration",
    "5": "post_check",
    "6": "write",
    "7": "verify",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEvent:
    """A stage of one node (named by its folder) started, or came to an end after `ms` milliseconds.

    `files` are the node's, once they are on the disk; `plan` is what becomes of all nodes' files, once that is known.
    """

    node: str
    number: str
    status: Status
    ms: float = 0.0
    detail: str = ""
    files: tuple[str, ...] = ()
    plan: Plan | None = None

    @property
    def name(self) -> str:
        """Return the stage's name."""
        return STAGES[self.number]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """How one stage of one node ended."""

    number: str
    name: str
    status: Status
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """One node: where it is, its files (empty where it was not written), and its stages."""

    node: str
    path: str
    files: tuple[str, ...]
    stages: tuple[StageResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineReport:
    """What a run of the pipeline came to, with what became of each file, where it came as far as planning that."""

    nodes: tuple[NodeReport, ...]
    plan: Plan | None = None

    def document(self) -> dict[str, object]:
        """Return the report as plain data, as `--json` prints it."""
        return {
            "nodes": [
                {
                    "node": node.node,
                    "path": node.path,
                    "files": list(node.files),
                    "stages": [
                        {
                            "number": stage.number,
                            "name": stage.name,
                            "status": stage.status.value,
                            "ms": stage.ms,
                        }
                        for stage in node.stages
                    ],
                }
                for node in self.nodes
            ]
        }


Listener = Callable[[StageEvent], None]


@dataclass(slots=True, kw_only=True)
class Record:
    """Collects what stages tell, so that a run that failed half-way can be reported as well."""

    target: Path
    _files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _stages: dict[str, dict[str, StageResult]] = field(default_factory=dict)
    _plan: Plan | None = None

    def add(self, event: StageEvent) -> None:
        """Take an event in."""
        if event.status is not Status.STARTED:
            result = StageResult(number=event.number, name=event.name, status=event.status, ms=event.ms)
            self._stages.setdefault(event.node, {})[event.number] = result
        if event.files:
            self._files[event.node] = event.files
        self._plan = event.plan or self._plan

    def report(self) -> PipelineReport:
        """Return what is known so far; a stage that a node never came to is skipped."""
        nodes = tuple(self._node(node, stages) for node, stages in self._stages.items())
        return PipelineReport(nodes=nodes, plan=self._plan)

    def _node(self, node: str, stages: dict[str, StageResult]) -> NodeReport:
        return NodeReport(
            node=node,
            path=str(self.target / node),
            files=self._files.get(node, ()),
            stages=tuple(
                stages.get(number, StageResult(number=number, name=name, status=Status.SKIPPED, ms=0.0))
                for number, name in STAGES.items()
            ),
        )
