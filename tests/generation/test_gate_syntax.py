from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nodesmith.generation.gates.syntax import read_yaml
from nodesmith.spec.writing import to_yaml

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
DATA = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=8), DATA, max_size=4))
def test_what_was_written_is_read_as_the_safe_loader_reads_it(data: dict[str, object]) -> None:
    text = to_yaml(data)

    assert read_yaml(text) == yaml.safe_load(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: yes\nb: 0x1f\nc: 1_000\nd: 012\ne: ~\nf: 1e3\ng: .inf\nh: 1:30",
        "a: 2026-01-02\nb: 2026-01-02T03:04:05Z",
        "base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}",
        "a: &a [1, 2]\nb: *a",
        "{1: a, null: b, true: c, 1.5: d}",
        "a: !!binary aGVsbG8=\nb: !!set {x, y}\nc: !!str 5\nd: !!float 5",
        "a: |\n  two\n  lines\nb: >\n  folded\n  lines",
        "? [1, 2]\n: a",
        "=: a\nb: =",
    ],
)
def test_every_kind_of_value_is_read_as_the_safe_loader_reads_it(text: str) -> None:
    try:
        expected: object = yaml.safe_load(text)
    except yaml.YAMLError:
        with pytest.raises(ValueError, match=r"."):
            read_yaml(text)
    else:
        assert read_yaml(text) == expected


@pytest.mark.parametrize("text", ["a: [", "a: !!python/object:os.system x", "a: &a [*a]", "a: 1\n---\nb: 2"])
def test_what_does_not_parse_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_yaml(text)


def test_a_document_of_ours_reads_back() -> None:
    data = {"name": "a: b", "list": [1, "1", None], "nested": {"empty": {}, "none": []}}

    assert read_yaml(to_yaml(data)) == data
