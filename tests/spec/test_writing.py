from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spec.checking import SAMPLES, tree_of_text
from spec.documents import NODES

from nodesmith.spec.findings import Findings
from nodesmith.spec.loading import load_node_document, load_system
from nodesmith.spec.tree import plain
from nodesmith.spec.writing import to_yaml
from nodesmith.spec.yaml_tree import read_yaml

ODD = """no|Yes|on|OFF|y|N|null|~|NULL|true|12:30|1:2:3|2020-01-01|2020-01-01T10:00:00Z|1e5|1.|.5|0o17|017|0x1f|0b1|1_000
+1|-|?|:|- x|a: b|a:|:a|a #b|#a|<<|=|---|...|*a|&a|!a|%a|@a|`a|{a|[a|a]|a}|a,b|a, b|"|'|it's|\\|\\n| a|a | |.inf|.nan|nan
{{ x }}|{% x %}|5s|1.0.0|1.2|Norway: no|\u00a0|\u2028|\ufeffa|\U0001f600|\u0660|١٢|"""
ODD_TEXTS = [
    *(part for line in ODD.split("\n") for part in line.split("|")),
    "a\nb",
    "a\nb\n",
    "a\n\nb\n\n",
    "\na",
    " a\nb",
    "a\n b",
    "a \nb",
    "a\n",
    "\n",
    "# a\nb",
    "---\nb\n",
    "a\n...\n",
    "a\tb\nc",
    "\ta",
    "x" * 3000,
    '"""\n{x}\n',
]
TEXTS = st.one_of(st.sampled_from(ODD_TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
unhurried = settings(deadline=None)  # the machine is shared
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)


@unhurried
@given(DOCUMENTS)
@example({text: [text, {text: text}] for text in ODD_TEXTS})
@example([{"a": "x\ny", "b": ["p\nq", ["r\ns"]]}, 1e22, 1e-7, -0.0])
def test_yaml_1_1_reads_back_what_was_written(document: object) -> None:
    assert yaml.safe_load(to_yaml(document)) == document


@unhurried
@given(DOCUMENTS)
@example({text: [text, {text: text}] for text in ODD_TEXTS})
def test_our_reader_reads_back_what_was_written_and_finds_nothing_but_control_characters(
    document: object,
) -> None:
    findings = Findings()

    reading = read_yaml(to_yaml(document).encode(), file="x", findings=findings)

    assert {finding.rule for finding in findings.all()} <= {"control-character"}
    if not findings:
        assert reading.tree is not None
        assert plain(reading.tree) == document


@unhurried
@given(NODES)
def test_a_node_s_document_makes_the_same_node_again(document: dict[str, object]) -> None:
    node = load_node_document(document, source="x")

    again = load_node_document(yaml.safe_load(to_yaml(node.document)), source="x")

    assert again == node
    assert list(again.document) == list(document)


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.yaml")), ids=lambda path: path.name)
def test_every_sample_is_written_as_what_it_is(path: Any) -> None:
    for node in load_system(path).nodes:
        assert yaml.safe_load(to_yaml(node.document)) == node.document
        assert plain(tree_of_text(to_yaml(node.document))) == node.document


def test_what_is_written_reads_as_a_person_would_write_it() -> None:
    document = {
        "node": "effect",
        "version": "1.0.0",
        "description": 'Two lines:\n"quoted" and {braced}.\n',
        "operations": {
            "store": {
                "timeout": "5s",
                "input": {"on": {"type": "list[str]", "default": []}, "note": "str | null"},
            }
        },
        "steps": ["a", "no"],
    }

    assert to_yaml(document) == (
        "node: effect\n"
        "version: 1.0.0\n"
        "description: |\n"
        "  Two lines:\n"
        '  "quoted" and {braced}.\n'
        "operations:\n"
        "  store:\n"
        "    timeout: 5s\n"
        "    input:\n"
        '      "on": {type: "list[str]", default: []}\n'
        "      note: str | null\n"
        'steps: [a, "no"]\n'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_yaml_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"finite|surrogate"):
        to_yaml({"a": [value]})


@pytest.mark.parametrize("value", [{1: 2}, {"a": {1, 2}}, {"a": b"x"}, object()])
def test_what_is_no_plain_data_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_yaml(value)


def test_what_holds_itself_is_refused() -> None:
    document: dict[str, object] = {}
    document["a"] = [document]

    with pytest.raises(ValueError, match="nested deeper"):
        to_yaml(document)
