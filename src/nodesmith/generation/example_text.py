"""Texts that may fit a length and a regular expression; whoever asks checks which one really does."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LONGEST = 64
# Repetitions inside repetitions multiply: nobody wants to read such an example, or to wait for it.
TOO_LONG = 10_000
_CATEGORIES = {"CATEGORY_DIGIT": "1", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "a"}


def text_candidates(constraints: Mapping[str, Any]) -> Iterator[str]:
    """Yield texts for `min_length`, `max_length` and `pattern`, the likelier ones first."""
    shortest = int(constraints.get("min_length", 0))
    plain = "text".ljust(shortest, "x")[: constraints.get("max_length", LONGEST)]
    yield plain
    if "pattern" not in constraints:
        return
    for extra in range(min(max(shortest, 4), LONGEST) + 1):
        try:
            yield _matching(str(constraints["pattern"]), extra)
        except (re.error, ValueError, OverflowError):
            return


def _matching(pattern: str, extra: int) -> str:
    """Return a text for a pattern, every open-ended repetition `extra` times more than it must be."""
    # The parser behind `re` has no public name; nothing else reads Python's own patterns.
    tree = import_module("re._parser").parse(pattern)
    return "".join(_part(str(kind), value, extra) for kind, value in tree)


def _part(kind: str, value: Any, extra: int) -> str:  # noqa: PLR0911 - one return a kind of part
    match kind:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return "b" if chr(value) == "a" else "a"
        case "ANY":
            return "a"
        case "AT":
            return ""
        case "IN":
            return _member(value)
        case "CATEGORY":
            return _CATEGORIES.get(str(value), "-")
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = value
            times: int = min(least + extra, int(most), LONGEST)
            return _repeated(_all(inner, extra), times)
        case "SUBPATTERN":
            return _all(value[-1], extra)
        case "BRANCH":
            return _all(value[1][0], extra)
    raise ValueError(f"no text is known for {kind}")


def _repeated(text: str, times: int) -> str:
    if len(text) * times > TOO_LONG:
        raise ValueError("the text gets too long")
    return text * times


def _all(parts: Iterable[tuple[object, Any]], extra: int) -> str:
    return "".join(_part(str(kind), value, extra) for kind, value in parts)


def _member(members: list[tuple[object, Any]]) -> str:
    """Return one character of a set; of a negated one, the first that is not named."""
    if str(members[0][0]) == "NEGATE":
        named = "".join(_members(members[1:]))
        return next(character for character in "a1-_ Z" if character not in named)
    return next(_members(members))


def _members(members: list[tuple[object, Any]]) -> Iterator[str]:
    for kind, value in members:
        if str(kind) == "RANGE":
            yield from (chr(code) for code in range(value[0], value[1] + 1))
        else:
            yield _part(str(kind), value, 0)
