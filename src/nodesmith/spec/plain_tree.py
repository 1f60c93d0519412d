"""Makes a `Tree` of plain data that came from no file: a sentence's spec, or a document changed in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.tree import UNREADABLE, Mark, Place, Tree, shown

if TYPE_CHECKING:
    from nodesmith.spec.findings import Findings

MAX_DEPTH = 64
MAX_NODES = 50_000

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


def tree_of(data: object, *, source: str, findings: Findings) -> Tree:
    """Return `data` as a tree whose places have no lines; what is no JSON data is added to `findings`."""
    place = Place(file=source)
    return _Reader(source, findings).tree(data, place, 0)


@dataclass(slots=True)
class _Reader:
    source: str
    findings: Findings
    nodes: int = 0

    def tree(self, data: object, place: Place, depth: int) -> Tree:  # noqa: PLR0911 - one return a kind
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            return self.refuse(
                place, "too-deep" if depth > MAX_DEPTH else "too-large", "is nested too deep or too large"
            )
        match data:
            case str():
                return self.text(data, place)
            case float() if not math.isfinite(data):
                return self.refuse(place, "number", f"{data} is no finite number")
            case None | bool() | int() | float():
                return Tree(data, place, place)
            case Mapping():
                return Tree(self.entries(data, place, depth), place, place)
            case list() | tuple():
                items = (
                    self.tree(item, Place(file=self.source, parent=place, step=index), depth + 1)
                    for index, item in enumerate(data)
                )
                return Tree(tuple(items), place, place)
        return self.refuse(place, "wrong-type", f"a {type(data).__name__} is no plain data")

    def entries(self, data: Mapping[object, object], place: Place, depth: int) -> dict[str, Tree]:
        entries = {}
        for key, value in data.items():
            if isinstance(key, str):
                step = Place(file=self.source, parent=place, step=key)
                if self.text(key, step).value is not UNREADABLE:
                    entries[str(key)] = self.tree(value, step, depth + 1)
            else:
                self.findings.add("key", f"the key {shown(str(key))} is no text", place, "make it a text")
        return entries

    def text(self, text: str, place: Place) -> Tree:
        if (control := CONTROL_CHARACTERS.search(text)) is not None:
            message = f"the text holds the control character U+{ord(control.group()):04X}"
            return self.refuse(place, "control-character", message, "remove it")
        return Tree(str(text), place, place)

    def refuse(self, place: Place, rule: str, message: str, fix: str = "") -> Tree:
        self.findings.add(rule, message, place, fix)
        value: Mark = UNREADABLE
        return Tree(value, place, place)
