"""Which topics a person means, and which of their records."""

from __future__ import annotations

import re
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from nodesmith import naming
from nodesmith.errors import InputError
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from nodesmith.inspection.tail_record import TailRecord

ONEX = "onex."

_NODE = re.compile(r"(?:(?P<domain>[A-Za-z][A-Za-z0-9_-]*)/)?(?P<name>[A-Za-z][A-Za-z0-9_-]*)")
_COMMANDS = re.compile(
    r"onex\.(?:cmd|evt)\.(?P<domain>[a-z0-9-]+)\.(?P<node>[a-z0-9-]+)-(?:requested|completed)\.v1"
)
_MOST_NAMES = 8


def choose_topics(asked: str, topics: Collection[str]) -> Callable[[str], bool]:
    """Return what tells whether a topic is meant, also one that appears later.

    `asked` is a topic or `[DOMAIN/]NODE`, empty for all of nodesmith's. Raises InputError for what is neither.
    """
    if not asked:
        return lambda topic: topic.startswith(ONEX)
    if asked in topics:
        return lambda topic: topic == asked
    return node_topics(asked, topics).__contains__


def node_topics(asked: str, topics: Collection[str]) -> frozenset[str]:
    """Return the topics of the node that `[DOMAIN/]NODE` names, those that are not there yet among them."""
    nodes = {(said["domain"], said["node"]) for topic in topics if (said := _COMMANDS.fullmatch(topic))}
    match = _NODE.fullmatch(asked)
    if match is None:
        raise _nothing(asked, topics, nodes)
    name = naming.kebab(match["name"])
    domain = naming.event_domain(naming.snake(match["domain"])) if match["domain"] else None
    found = sorted(each for each in nodes if each[1] == name and domain in {None, each[0]})
    if len(found) > 1:
        names = ", ".join(f"{domain}/{node}" for domain, node in found)
        raise InputError(f"more than one node is called '{asked}': {names}", fix="write DOMAIN/NODE")
    if not found:
        raise _nothing(asked, topics, nodes)
    return _topics_of(*found[0])


def _topics_of(domain: str, node: str) -> frozenset[str]:
    of = {"domain": domain, "name": node}
    makers = (
        naming.command_topic,
        naming.completed_topic,
        naming.failed_topic,
        naming.dead_letter_topic,
        naming.intent_topic,
        naming.workflow_topic,
    )
    return frozenset(make(**of) for make in makers)


def _nothing(asked: str, topics: Collection[str], nodes: Collection[tuple[str, str]]) -> InputError:
    names = sorted({f"{domain}/{node}".replace("-", "_") for domain, node in nodes})
    near = get_close_matches(asked, [*names, *(name.partition("/")[2] for name in names), *topics], n=1)
    there = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
    return InputError(
        f"'{asked}' is neither a topic nor a node on this bus; {f'there are the nodes {there}' if there else 'it has no nodes'}",
        fix=f"did you mean {near[0]}?"
        if near
        else "write NODE, DOMAIN/NODE or a topic; a node makes its topics when it first joins the bus",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which records are shown: those that fit everything that is given."""

    key: str | None = None
    correlation_id: str | None = None
    event_type: str | None = None
    grep: re.Pattern[str] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every record fits."""
        return self == Filter()

    def fits(self, record: TailRecord) -> bool:
        """Return whether a record is shown."""
        return (
            (self.key is None or record.key == self.key)
            and (self.event_type is None or fnmatchcase(record.event_type, self.event_type))
            and (self.correlation_id is None or record.correlation_id.startswith(self.correlation_id.lower()))
            and (self.grep is None or self._found(self.grep, record))
        )

    @staticmethod
    def _found(pattern: re.Pattern[str], record: TailRecord) -> bool:
        return any(pattern.search(text) for text in (record.value_text, record.key or ""))


def read_pattern(text: str) -> re.Pattern[str]:
    """Return a regular expression; raise InputError where it is none."""
    try:
        return re.compile(text)
    except re.error as error:
        raise InputError(
            f"--grep {text!r} is no regular expression: {error}",
            fix="put a \\ before what is meant as it stands",
        ) from error
