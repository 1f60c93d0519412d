"""All nodes, made of the instances that are known; what is asked for often is worked out once, until something changes."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodesmith.registry.clock import now
from nodesmith.registry.node_view import NodeView, instance_document, view_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nodesmith.registry.fleet import Fleet
    from nodesmith.registry.instance import Change, Instance, Key

# When somebody was seen last changes all the time: a page that says so may be this old.
FRESH_SECONDS = 1.0
MOST_PAGES = 64
# A page ends when it has so many instances, and of one node it has no more than so many.
INSTANCES_A_PAGE = 2_000
INSTANCES_A_NODE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which nodes are asked for, from which one on; `text` is looked for in what a person would know a node by."""

    text: str = ""
    state: str = ""
    archetype: str = ""
    cursor: str = ""
    limit: int = 500
    summary: bool = False

    def fits(self, summary: Mapping[str, Any]) -> bool:
        """Return whether a node is meant, wherever the page begins."""
        return (
            (not self.state or summary["state"] == self.state)
            and (not self.archetype or summary["archetype"] == self.archetype)
            and (not self.text or any(self.text.lower() in each.lower() for each in _known_by(summary)))
        )


class Overview:
    """The nodes of a fleet. `note` is to be told of every change."""

    def __init__(self, fleet: Fleet) -> None:
        self.version = 0
        # Rises when more than numbers has changed.
        self.shape = 0
        self._fleet = fleet
        self._keys: dict[str, dict[Key, None]] = {}
        self._names: list[str] | None = []
        self._made: dict[str, dict[str, Any]] = {}
        self._instance_states: Counter[str] = Counter()
        self._conflicts: dict[Key, None] = {}
        self._texts: dict[Key, tuple[Instance, str]] = {}
        self._pages: dict[Query, tuple[int, float, bytes]] = {}

    def note(self, changes: Iterable[Change]) -> None:
        """Take note of what has changed."""
        for change in changes:
            instance = change.instance
            self.version += 1
            self._made.pop(instance.full_name, None)
            if change.only_figures:
                continue
            self.shape += 1
            if change.kind != "forgotten" and instance.conflict:
                self._conflicts[instance.key] = None
            else:
                self._conflicts.pop(instance.key, None)
            if change.before is not None:
                self._instance_states[change.before.state] -= 1
            if change.kind == "forgotten":
                self._forget(instance)
            else:
                self._instance_states[instance.state] += 1
                if change.before is None:
                    self._admit(instance)

    def names(self) -> list[str]:
        """Return the full names of all nodes, in order."""
        if self._names is None:
            self._names = sorted(self._keys)
        return self._names

    def node(self, full_name: str) -> NodeView | None:
        """Return a node as it is now."""
        keys = self._keys.get(full_name)
        return None if keys is None else view_of(self._instances(keys))

    def summary(self, full_name: str) -> dict[str, Any] | None:
        """Return what is shown of a node beside others; not to be changed."""
        made = self._made.get(full_name)
        if made is None and (view := self.node(full_name)) is not None:
            made = self._made[full_name] = view.summary()
        return made

    def in_conflict(self) -> list[Instance]:
        """Return the instances that are not alone under their id."""
        return self._instances(self._conflicts)

    def instance_states(self) -> dict[str, int]:
        """Return how many instances are in each state."""
        return {state: number for state, number in sorted(self._instance_states.items()) if number}

    def node_states(self) -> dict[str, int]:
        """Return how many nodes are in each state."""
        return dict(sorted(Counter(summary["state"] for summary in self._summaries()).items()))

    def page(self, query: Query) -> bytes:
        """Return the JSON of a page of nodes."""
        made = self._pages.get(query)
        if made is not None and made[0] == self.version and now() - made[1] < FRESH_SECONDS:
            return made[2]
        if len(self._pages) >= MOST_PAGES:
            self._pages.clear()
        body = self._make_page(query)
        self._pages[query] = self.version, now(), body
        return body

    def node_document(self, view: NodeView) -> dict[str, Any]:
        """Return a node with its instances, the living and newest first, as plain JSON data."""
        shown = view.instances[:INSTANCES_A_NODE]
        return {
            **view.summary(),
            "instances": [instance_document(each) for each in shown],
            "instances_left_out": len(view.instances) - len(shown),
        }

    def _make_page(self, query: Query) -> bytes:
        summaries = [each for each in self._summaries() if query.fits(each)]
        first = (
            bisect_right(summaries, query.cursor, key=lambda each: each["full_name"]) if query.cursor else 0
        )
        shown, instances = list[str](), 0
        for summary in summaries[first : first + query.limit]:
            shown.append(dumps(summary) if query.summary else self._node_text(summary))
            instances += min(INSTANCES_A_NODE, sum(summary["instance_states"].values()))
            if not query.summary and instances >= INSTANCES_A_PAGE:
                break
        last = first + len(shown)
        cursor = dumps(summaries[last - 1]["full_name"] if 0 < last < len(summaries) else None)
        return f'{{"nodes":[{",".join(shown)}],"total":{len(summaries)},"next_cursor":{cursor}}}'.encode()

    def _node_text(self, summary: Mapping[str, Any]) -> str:
        view = self.node(summary["full_name"])
        assert view is not None, "its summary has just been made"
        shown = view.instances[:INSTANCES_A_NODE]
        instances = ",".join(map(self._instance_text, shown))
        left_out = len(view.instances) - len(shown)
        return f'{dumps(summary)[:-1]},"instances":[{instances}],"instances_left_out":{left_out}}}'

    def _instance_text(self, instance: Instance) -> str:
        made = self._texts.get(instance.key)
        if made is not None and made[0] is instance:
            return made[1]
        text = dumps(instance_document(instance))
        self._texts[instance.key] = instance, text
        return text

    def _summaries(self) -> Iterator[dict[str, Any]]:
        found = map(self.summary, self.names())
        return (summary for summary in found if summary is not None)

    def _instances(self, keys: Iterable[Key]) -> list[Instance]:
        found = (self._fleet.get(key) for key in keys)
        return [instance for instance in found if instance is not None]

    def _admit(self, instance: Instance) -> None:
        if instance.full_name not in self._keys:
            self._keys[instance.full_name] = {}
            self._names = None
        self._keys[instance.full_name][instance.key] = None

    def _forget(self, instance: Instance) -> None:
        self._texts.pop(instance.key, None)
        keys = self._keys[instance.full_name]
        del keys[instance.key]
        if not keys:
            del self._keys[instance.full_name]
            self._names = None


def dumps(data: object) -> str:
    """Return JSON without spaces; what is no number in JSON is refused."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _known_by(summary: Mapping[str, Any]) -> tuple[str, ...]:
    return (summary["full_name"], summary["description"], *summary["operations"])
