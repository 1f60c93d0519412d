"""From what a person typed to one operation of one node that is on the bus."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nodesmith.errors import InputError, NoAnswerError
from nodesmith.naming import kebab

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodesmith.cli.operating.notation import Target
    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.census import SeenNode

LONGEST_WAIT_SECONDS = 5.0
# Long enough for a second node of the same name, in another domain, to answer as well.
QUIET_SECONDS = 0.3
OTHERS_SECONDS = 1.5
MOST_NAMES = 8


async def resolve(asked: Target, *, publisher: EventPublisher, seconds: float) -> Target:
    """Ask the bus for the node and return the target with its domain and operation filled in.

    Raises InputError for a name that fits several nodes or an operation the node does not have, and NoAnswerError where no
    such node answers: it then says which do.
    """
    from nodesmith.runtime.discovery import discover
    from nodesmith.runtime.inquiry import Inquiry

    def enough(nodes: Sequence[SeenNode]) -> bool:
        answered = [node for node in nodes if node.answered]
        return bool(asked.domain) and any(
            node.is_called(asked.node, domain=asked.domain) for node in answered
        )

    try:
        seen = await discover(
            publisher=publisher,
            seconds=min(seconds, LONGEST_WAIT_SECONDS),
            settle_seconds=QUIET_SECONDS,
            inquiries=[Inquiry(node_name=asked.node)],
            enough=enough,
        )
    except NoAnswerError as nobody:
        raise await _with_others(nobody, asked, publisher=publisher) from nobody
    return choose(asked, seen)


async def _with_others(nobody: NoAnswerError, asked: Target, *, publisher: EventPublisher) -> NoAnswerError:
    """Return `nobody` with the names of the nodes that do answer."""
    from nodesmith.runtime.discovery import discover

    try:
        others = await discover(publisher=publisher, seconds=OTHERS_SECONDS, settle_seconds=QUIET_SECONDS)
    except NoAnswerError:
        return nobody
    names = sorted({node.full_name for node in others})
    near = get_close_matches(asked.node, [node.name for node in others], n=1)
    return NoAnswerError(
        f"{nobody.message}; {', '.join(names[:MOST_NAMES])}{', ...' if len(names) > MOST_NAMES else ''} did",
        fix=f"did you mean {near[0]}?" if near else nobody.fix,
    )


def choose(asked: Target, seen: Iterable[SeenNode]) -> Target:
    """Return `asked` with the domain and the operation that the nodes seen under that name have."""
    named = [node for node in seen if node.is_called(asked.node)]
    nodes = [node for node in named if node.is_called(asked.node, domain=asked.domain)]
    domains = sorted({node.domain for node in nodes})
    if not domains:
        there = ", ".join(sorted({node.full_name for node in named}))
        raise InputError(f"no '{asked.node}' is in domain '{asked.domain}'", fix=f"call {there}")
    if len(domains) > 1:
        names = ", ".join(f"{domain}/{asked.node}" for domain in domains)
        raise InputError(
            f"more than one node is called '{asked.node}': {names}", fix="write DOMAIN/NODE.OPERATION"
        )
    operations = sorted({operation for node in nodes for operation in node.operations})
    return replace(asked, domain=domains[0], operation=_operation(asked, operations))


def _operation(asked: Target, operations: Sequence[str]) -> str:
    for operation in operations:
        if kebab(operation) == kebab(asked.operation):
            return operation
    if asked.operation and not operations:  # a node of another make, which does not say what it does
        return asked.operation
    has = f"it has {', '.join(operations)}" if operations else "it names none"
    if asked.operation:
        near = get_close_matches(asked.operation, operations, n=1)
        raise InputError(
            f"node '{asked.node}' has no operation '{asked.operation}'; {has}",
            fix=f"did you mean {asked.node}.{near[0]}?" if near else "",
        )
    if len(operations) != 1:
        raise InputError(f"'{asked.node}' names no operation; {has}", fix=f"write {asked.node}.OPERATION")
    return operations[0]
