"""Who is meant by what a person typed, and what those nodes answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from nodesmith.cli.operating.bus import on_the_bus
from nodesmith.errors import InputError
from nodesmith.runtime.discovery import ALL, discover
from nodesmith.runtime.inquiry import Inquiry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodesmith.runtime.census import SeenNode

LONGEST_WAIT_SECONDS = 5.0
# Until nobody new has answered for so long: everybody may take a moment, one node's instances answer together.
QUIET_SECONDS = 1.0
QUIET_OF_ONE_SECONDS = 0.5


def read_whom(text: str | None) -> tuple[Inquiry, ...]:
    """Return the questions that reach `[DOMAIN/]NODE`, an instance or a node id; all nodes where nothing is typed.

    Raises InputError for what can be none of these.
    """
    if text is None:
        return ALL
    if not text or not text.isprintable():
        raise InputError("an empty name names no node", fix="write [DOMAIN/]NODE, an instance or a node id")
    try:
        return (Inquiry(node_id=str(UUID(text))),)
    except ValueError:
        pass
    domain, slash, name = text.partition("/")
    if slash and domain and name:
        return (Inquiry(domain=domain, node_name=name), Inquiry(instance_id=text))
    return (Inquiry(node_name=text), Inquiry(instance_id=text))


async def ask_nodes(
    kafka_servers: str, whom: Sequence[Inquiry], *, want: tuple[str, ...] = (), wait: float | None = None
) -> tuple[SeenNode, ...]:
    """Return the living nodes that are meant, with what they answered; listen exactly `wait` seconds where it is given.

    Raises NoAnswerError where none answers and BusUnavailableError where there is no bus.
    """
    quiet = QUIET_SECONDS if whom == ALL else QUIET_OF_ONE_SECONDS
    async with on_the_bus(kafka_servers) as publisher:
        return await discover(
            publisher=publisher,
            seconds=wait or LONGEST_WAIT_SECONDS,
            settle_seconds=None if wait else quiet,
            inquiries=[replace(each, want=want) for each in whom],
        )


def by_node(seen: Iterable[SeenNode]) -> dict[str, list[SeenNode]]:
    """Return the instances of each node by its full name."""
    found: dict[str, list[SeenNode]] = {}
    for node in seen:
        found.setdefault(node.full_name, []).append(node)
    return found


def only_node(seen: Iterable[SeenNode], *, typed: str) -> list[SeenNode]:
    """Return the instances of the one node that is meant; raise InputError where several are."""
    nodes = by_node(seen)
    if len(nodes) > 1:
        raise InputError(f"'{typed}' may be any of {', '.join(nodes)}", fix="write DOMAIN/NODE")
    return next(iter(nodes.values()))
