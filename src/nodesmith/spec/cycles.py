"""Operations of several nodes that wait for each other: what waits for itself never ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import event_domain
from nodesmith.records import dataclass
from nodesmith.spec.model import OperationRef
from nodesmith.spec.operations import ref_text
from nodesmith.spec.workflow import NO_OPERATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nodesmith.spec.findings import Findings
    from nodesmith.spec.node import ReadNode
    from nodesmith.spec.tree import Place, Tree

# Of a longer way around, the beginning and the end are shown.
MAX_SHOWN_STEPS = 12


@dataclass(frozen=True, slots=True)
class _Wait:
    """What is waited for, and where that is said."""

    target: OperationRef
    place: Place


_Waits = dict[OperationRef, list[_Wait]]


def check_cycles(nodes: Sequence[ReadNode], findings: Findings) -> None:
    """Find workflows that start themselves again, and events that follow from themselves.

    A workflow waits for the operations that its steps call, and an event of a reducer for the operation it comes from;
    `nodes` know the domains of what they refer to.
    """
    waits: _Waits = {}
    for node in nodes:
        for waiting, wait in _waits_of(node):
            waits.setdefault(waiting, []).append(wait)
    for circle in _circles(waits):
        message = f"the operations wait for each other: {_way_around(circle)}"
        fix = "take one of these references out: what waits for itself never ends"
        findings.add("cycle", message, circle[0].place, fix)


def _waits_of(node: ReadNode) -> Iterator[tuple[OperationRef, _Wait]]:
    spec = node.spec
    for operation, target, tree in _references(node):
        wait = _Wait(_operation(target.domain, target.node, target.operation), tree.place)
        waiting = _operation(spec.domain, spec.name, operation)
        # That a node refers to itself has its own finding.
        if (wait.target.domain, wait.target.node) != (waiting.domain, waiting.node):
            yield waiting, wait


def _references(node: ReadNode) -> Iterator[tuple[str, OperationRef, Tree]]:
    """Yield which operation of a node refers to which of another, and where."""
    spec = node.spec
    for step in spec.workflow.steps if spec.workflow and spec.operations else ():
        tree = node.tree.at("workflow", "steps", step.name)
        if step.call != NO_OPERATION:
            yield spec.operations[0].name, step.call, tree.at("call")
        if step.undo is not None:
            yield spec.operations[0].name, step.undo, tree.at("undo")
    for event in spec.events:
        if event.source is not None:
            yield event.name, event.source, node.tree.at("events", event.name, "from")


def _operation(domain: str, node: str, operation: str) -> OperationRef:
    return OperationRef(domain=event_domain(domain), node=node, operation=operation)


def _circles(waits: Mapping[OperationRef, Sequence[_Wait]]) -> Iterator[tuple[_Wait, ...]]:
    """Yield ways around, each once; where several share an operation, at least one of them.

    Without recursion: the chain of a large system is longer than Python's stack.
    """
    done: set[OperationRef] = set()
    for start in waits:
        # What is on the way from `start`, in order, with what is still to be looked at behind each.
        way: dict[OperationRef, Iterator[_Wait]] = {} if start in done else {start: iter(waits[start])}
        taken: list[_Wait] = []
        while way:
            here = next(reversed(way))
            wait = next(way[here], None)
            if wait is None:
                done.add(here)
                del way[here]
                taken = taken[:-1]
            elif wait.target in way:
                yield (*taken[list(way).index(wait.target) :], wait)
            elif wait.target not in done:
                way[wait.target] = iter(waits.get(wait.target, ()))
                taken.append(wait)


def _way_around(circle: Sequence[_Wait]) -> str:
    steps = [f"{ref_text(wait.target)} ({wait.place})" for wait in circle]
    if len(steps) > MAX_SHOWN_STEPS:
        left_out = len(steps) - MAX_SHOWN_STEPS
        steps = [*steps[: MAX_SHOWN_STEPS - 1], f"... ({left_out} more)", steps[-1]]
    return " -> ".join((ref_text(circle[-1].target), *steps))
