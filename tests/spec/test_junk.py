"""Whatever a file or a document holds, loading it gives a system or a SpecError, and nothing else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from spec.checking import SAMPLES, load
from spec.documents import JUNK, KEYS, WORDS

from nodesmith.errors import SpecError
from nodesmith.spec.loading import load_node_document
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from nodesmith.errors import Finding

SAMPLE_TEXTS = [path.read_text() for path in sorted(SAMPLES.rglob("*.yaml"))]
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def checked(findings: tuple[Finding, ...]) -> None:
    assert findings
    for finding in findings:
        assert finding.rule
        assert finding.message
        assert str(finding).isprintable() or "\n    fix: " in str(finding)


def load_or_refuse(text: str | bytes) -> None:
    try:
        load(text)
    except SpecError as error:
        checked(error.findings)


@many
@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b"\x00\xff")
def test_any_bytes(data: bytes) -> None:
    load_or_refuse(data)


@many
@given(st.text(st.sampled_from(" \n\t-:?,[]{}#&*!|>'\"%@`~<=.019abno\x00\u2028\ufeff"), max_size=60))
@example("? \n? \n:")
@example("&a *a")
@example("%YAML 1.1\n---\na: b\n...\n")
@example("%TAG ! tag:x,2000:\n---\n!a b\n")
@example("- - - -\n - a")
@example("!!set {a, b}")
@example('"\\ud800"')
@example('"\\U00110000"')
def test_any_signs_of_yaml(text: str) -> None:
    load_or_refuse(text)


@many
@given(st.dictionaries(KEYS | WORDS, JUNK, max_size=8))
def test_any_document(document: dict[str, object]) -> None:
    load_or_refuse(to_yaml(document))
    with contextlib.suppress(SpecError):
        load_node_document(document, source="x")


@many
@given(
    st.sampled_from(["effect", "compute", "reducer", "orchestrator"]),
    st.dictionaries(
        st.sampled_from(["operations", "state", "events", "intents", "workflow"]), JUNK, max_size=5
    ),
)
def test_any_content_of_a_node(archetype: str, parts: dict[str, object]) -> None:
    load_or_refuse(to_yaml({"node": archetype, "name": "x", **parts}))


@many
@given(st.sampled_from(SAMPLE_TEXTS), st.data())
def test_a_valid_file_with_a_piece_cut_out_or_put_in(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 40)))
    piece = data.draw(
        st.sampled_from(["", "x", ":", "\n", "  ", "[", "}", "null", "- ", "&a ", "*a", "'", "input.", "|"])
    )

    load_or_refuse(text[:start] + piece + text[stop:])
