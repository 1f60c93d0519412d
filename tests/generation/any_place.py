"""Hypothesis strategies that put any text into any place of a valid document: values, names and keys alike."""

from __future__ import annotations

import copy
from typing import Any

from generation.any_fields import ODD_TEXTS
from generation.odd_system import NODES
from hypothesis import strategies as st

Place = tuple[str | int, ...]

# What is no text to keep, but an attempt at something, or at the limits of what there is.
HOSTILE = (
    "",
    " ",
    "\0",
    "a\0b",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\ud800",
    "\udfff\ud800",
    "\ufffe",
    "a\ud83d",
    "..",
    ".",
    "../x",
    "../../../../tmp/x",
    "/etc/passwd",
    "a/../../b",
    "a/b",
    "a\\b",
    "C:\\x",
    "c:x",
    "\\\\host\\share",
    "con",
    "nul",
    "aux.py",
    "x.",
    "x ",
    "~root",
    "$HOME",
    "-rf",
    "--help",
    "*",
    "a" * 64,
    "a" * 65,
    "a" * 3_000,
    "x_" * 1_500,
    "[" * 3_000,
    "list[" * 300,
    "class",
    "None",
    "self",
    "import",
    "print",
    "__class__",
    "__init__",
    "model_config",
    "node",
    "Name",
    "na-me",
    "na me",
    "n\u0430me",
    "\uff4e\uff41\uff4d\uff45",
    "na\u200bme",
    "\u202eeman",
    "İ",
    "ﬁ",
    "1.0.0",
    "1.0.0/../..",
    "01.0.0",
    "1.0",
    "999999999999.0.0",
    "1e400",
    "NaN",
    "9" * 3_000,
    "input.item_id",
    "input.__class__",
    "keeper.keep",
    "odd/keeper.keep",
    "../keeper.keep",
    "a.b.c.d",
)


def texts() -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(HOSTILE),
        st.sampled_from(ODD_TEXTS),
        st.text(st.characters(exclude_categories=()), max_size=20),
    )


@st.composite
def changed(draw: Any) -> dict[str, Any]:
    """Return a valid node's document with one or two places that hold something else."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(NODES)))
    for _ in range(draw(st.integers(1, 2))):
        is_key, is_leaf = draw(st.sampled_from([(False, True), (False, True), (False, False), (True, False)]))
        place = draw(st.sampled_from(places(document, leaves=is_leaf)))
        _change(document, place, draw(texts()), is_key=is_key)
    return document


def places(data: object, place: Place = (), *, leaves: bool) -> list[Place]:
    """Return where anything stands in a document, or only what holds nothing else."""
    found = [place] if place and not (leaves and isinstance(data, dict | list)) else []
    if isinstance(data, dict):
        items: list[tuple[str | int, object]] = list(data.items())
    else:
        items = list(enumerate(data)) if isinstance(data, list) else []
    for key, value in items:
        found += places(value, (*place, key), leaves=leaves)
    return found


def _change(document: dict[str, Any], place: Place, text: str, *, is_key: bool) -> None:
    *above, last = place
    inside: Any = document
    for step in above:
        inside = inside[step]
    if not (is_key and isinstance(inside, dict)):
        inside[last] = text
        return
    renamed = {(text if key == last else key): value for key, value in inside.items()}
    inside.clear()
    inside.update(renamed)
