from __future__ import annotations

import ast
import math
import subprocess
from typing import TYPE_CHECKING

import pytest
from generation.odd_system import ODD
from hypothesis import given
from hypothesis import strategies as st
from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # ruff ships no types

from nodesmith.contract.values import python_repr
from nodesmith.generation.filters import docstring, markdown, one_line

if TYPE_CHECKING:
    from pathlib import Path

PIECES = [
    '"',
    '"""',
    "'",
    "\\",
    " ",
    "\n",
    "\t",
    "\r",
    "\0",
    "{{",
    "}}",
    "\\N{DASH}",
    "\\x41",
    "\u2028",
    "\u202e",
    "é",
    "#",
    "a",
]
TEXTS = st.text() | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(TEXTS)
def test_a_docstrings_value_is_the_text(text: str) -> None:
    assert ast.literal_eval(f'"""{docstring(text)}"""') == text


def test_a_formatter_does_not_change_a_docstrings_value(tmp_path: Path) -> None:
    """Every pair of pieces at the start and at the end of a text, in one call of the formatter."""
    texts = [
        ODD,
        *(f"{a}{b}middle{c}{d}" for a in PIECES for b in PIECES[:6] for c in PIECES[:6] for d in PIECES),
    ]
    classes = [f'class A{number}:\n    """{docstring(text)}"""' for number, text in enumerate(texts)]
    file = tmp_path / "classes.py"
    file.write_text("\n\n".join(classes), encoding="utf-8")

    subprocess.run([find_ruff_bin(), "format", "--isolated", "--no-cache", "--quiet", str(file)], check=True)

    formatted = ast.parse(file.read_text(encoding="utf-8"))
    assert [
        ast.get_docstring(item, clean=False) for item in formatted.body if isinstance(item, ast.ClassDef)
    ] == texts


@given(PLAIN)
def test_a_values_literal_is_the_value(value: object) -> None:
    assert ast.literal_eval(python_repr(value)) == value


@pytest.mark.parametrize("value", [math.inf, math.nan, object(), [math.inf], {"a": {1}}])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no Python literal"):
        python_repr(value)


@given(TEXTS)
def test_one_line_is_one_line(text: str) -> None:
    assert one_line(text).isprintable()
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b\nc", r"a \| b c"),
        ("# no heading", r"\# no heading"),
        ("- no list", r"\- no list"),
        ("12. no list", r"12\. no list"),
        ("snake_case and _emphasis_", r"snake_case and \_emphasis\_"),
        ("<script>`x`[a](b)*", r"\<script\>\`x\`\[a\](b)\*"),
        ("plain text, as it is.", "plain text, as it is."),
    ],
)
def test_markdown_shows_the_text(text: str, shown: str) -> None:
    assert markdown(text) == shown
