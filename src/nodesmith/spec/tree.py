"""Plain data that knows where it stands: what a file says, with a place for every value and every key."""

from __future__ import annotations

import json
import math
from enum import Enum
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_SHOWN = 60


class Mark(Enum):
    """Stands for a value whose finding has been made already; whoever meets it says nothing more."""

    UNREADABLE = "unreadable"


UNREADABLE = Mark.UNREADABLE


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where something stands. Line and column count from 1, and are 0 where the data came from no file."""

    file: str = ""
    line: int = 0
    column: int = 0
    parent: Place | None = None
    step: str | int = ""

    @property
    def path(self) -> str:
        """Return the way from the document's root: `operations.upsert_customer.input.email`, `nodes[2].name`."""
        steps: list[str] = []
        place: Place | None = self
        while place is not None and place.parent is not None:
            steps.append(f"[{place.step}]" if isinstance(place.step, int) else f".{_spelled(place.step)}")
            place = place.parent
        return "".join(reversed(steps)).removeprefix(".")

    def __str__(self) -> str:
        """Return `file:line:column`, or the path where the data came from no file."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.path


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One value: a scalar, a tuple of trees or a dict of them; `key` is the place of the key it stands under."""

    value: str | int | float | bool | tuple[Tree, ...] | dict[str, Tree] | Mark | None
    place: Place
    key: Place

    @property
    def entries(self) -> dict[str, Tree]:
        """Return the entries of a mapping, and none of anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Tree, ...]:
        """Return the items of a list, and none of anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def is_readable(self) -> bool:
        """Return whether no part of the value has a finding of its own already."""
        parts = (*self.entries.values(), *self.items)
        return self.value is not UNREADABLE and all(part.is_readable for part in parts)

    def at(self, *steps: str) -> Tree:
        """Return what stands under `steps`, or the last thing on the way that is there."""
        tree = self
        for step in steps:
            tree = tree.entries.get(step, tree)
        return tree


def size_of(tree: Tree) -> int:
    """Return how many values a value is made of, itself among them."""
    return 1 + sum(map(size_of, (*tree.entries.values(), *tree.items)))


def plain(tree: Tree) -> object:
    """Return the value as plain JSON data."""
    match tree.value:
        case dict() as entries:
            return {key: plain(value) for key, value in entries.items()}
        case tuple() as items:
            return [plain(item) for item in items]
        case Mark():
            return None
        case scalar:
            return scalar


def describe(tree: Tree) -> str:  # noqa: PLR0911 - one return a kind
    """Return what a value is, in words: `the text 'abc'`, `the number 1.0`, `a list`."""
    match tree.value:
        case dict():
            return "a mapping"
        case tuple():
            return "a list"
        case str() as text:
            return f"the text {shown(text)}"
        case None:
            return "nothing (null)"
        case bool() as truth:
            return str(truth).lower()
        case Mark():
            return "nothing readable"
        case number:
            return f"the number {shown(number)}"


def shown(value: object) -> str:
    """Return a value as a message shows it: on one line, of a sane length, without control characters."""
    match value:
        case str():
            return f"'{_clipped(value)}'"
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return _number(value)
    return _clipped(json.dumps(value, ensure_ascii=False, default=str))


def listed(values: Iterable[str]) -> str:
    """Return some names or values as a message lists them."""
    return _clipped(", ".join(values))


def _clipped(text: str) -> str:
    line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text[:MAX_SHOWN])
    return line if len(text) <= MAX_SHOWN else f"{line}..."


def _number(value: float) -> str:
    if isinstance(value, int) and abs(value) >= 10**MAX_SHOWN:
        return f"{'-' if value < 0 else ''}{math.floor(math.log10(abs(value))) + 1}-digit integer"
    return str(value)


def _spelled(step: str) -> str:
    return step if step.replace("-", "_").isidentifier() and len(step) <= MAX_SHOWN else shown(step)
