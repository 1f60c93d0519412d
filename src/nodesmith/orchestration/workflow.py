"""What a workflow is, as plain data: steps over other nodes, what each is sent, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from nodesmith.orchestration.run import WorkflowRun

Values = Mapping[str, object]
ValuesOf = Callable[["WorkflowRun"], Values]

DEFAULT_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The operation that takes a completed step back.

    It is sent what `request` makes of the run; without one, the step's own request. `request_model` then says which
    of those fields the operation takes.
    """

    domain: str
    node: str
    operation: str
    request: ValuesOf | None = None
    request_model: type[BaseModel] | None = None
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of a workflow.

    `request` makes the values of `request_model` from the run so far: the workflow's input and the answers of the
    steps in `after`. `key` names the request's field whose value is the command's record key. A step is tried again
    up to `retries` times, but only where that is safe: see `nodesmith.orchestration.attempts`.
    """

    name: str
    domain: str
    node: str
    operation: str
    request: ValuesOf
    request_model: type[BaseModel]
    answer_model: type[BaseModel]
    after: tuple[str, ...] = ()
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    retries: int = 0
    undo: Undo | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """Steps that wait only for those in their `after`, and what the workflow answers when all are done.

    Raises ValueError where two steps share a name, a step waits for one that does not exist, or for itself in a circle.
    """

    name: str
    steps: tuple[Step, ...]
    result: ValuesOf

    def __post_init__(self) -> None:
        """Refuse steps that could never all run."""
        names = [step.name for step in self.steps]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"workflow '{self.name}' has more than one step called {', '.join(twice)}")
        for step in self.steps:
            unknown = sorted(set(step.after) - set(names))
            if unknown:
                raise ValueError(f"step '{step.name}' waits for {', '.join(unknown)}, which does not exist")
        try:
            self.order()
        except CycleError as error:
            circle = " -> ".join(error.args[1])
            raise ValueError(f"steps of workflow '{self.name}' wait for each other: {circle}") from error

    @property
    def callees(self) -> tuple[tuple[str, str], ...]:
        """Return domain and name of each node that is sent a command, be it one that takes a step back."""
        calls = (call for step in self.steps for call in (step, step.undo) if call is not None)
        return tuple(dict.fromkeys((call.domain, call.node) for call in calls))

    def step(self, name: str) -> Step:
        """Return the step called `name`."""
        return next(step for step in self.steps if step.name == name)

    def order(self) -> TopologicalSorter[str]:
        """Return a new, prepared sorter that hands out the steps that may start."""
        order = TopologicalSorter({step.name: step.after for step in self.steps})
        order.prepare()
        return order
