"""Stage 2: a spec is what its document says, and its document holds before the loader."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from generation.odd_system import NODES, load
from support.specs import one_of_each

from nodesmith.errors import ExitCode, GateError
from nodesmith.generation.contract import make_contract
from nodesmith.spec.loading import load_node_document

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from nodesmith.spec.model import NodeSpec

DOCUMENT = {"node": "compute", "name": "adder", "operations": {"add": {"input": {"a": "int"}}}}


def findings(spec: NodeSpec) -> list[tuple[str, str]]:
    with pytest.raises(GateError) as stopped:
        make_contract(spec)
    assert (stopped.value.stage, stopped.value.exit_code) == ("2", ExitCode.GATE_FAILED)
    return [(found.rule, found.path) for found in stopped.value.findings]


def test_every_node_of_a_system_is_what_its_own_document_says(tmp_path: Path) -> None:
    for spec in load(tmp_path, NODES).nodes:
        assert make_contract(spec).spec is spec


@pytest.mark.parametrize("spec", one_of_each(), ids=lambda spec: spec.archetype)
def test_a_spec_without_a_document_is_refused(spec: NodeSpec) -> None:
    assert ("missing-key", "") in findings(spec)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("name", "../../adder"),
        ("name", "class"),
        ("domain", "shop"),
        ("version", (2, 0, 0)),
        ("operations", ()),
        ("adapter", "sqlite"),
        ("event_bus", True),
        ("intents", one_of_each()[2].intents),
        ("state", one_of_each()[2].state),
        ("workflow", one_of_each()[3].workflow),
    ],
)
def test_a_part_that_the_document_does_not_say_is_refused(part: str, value: Any) -> None:
    spec = load_node_document(DOCUMENT, source="x")

    assert findings(replace(spec, **{part: value})) == [("document", part)]


@pytest.mark.parametrize(
    ("change", "rule", "path"),
    [
        ({"name": "class"}, "bad-name", "name"),
        ({"adapter": "sqlite"}, "archetype", "adapter"),
        ({"operations": {}}, "empty", "operations"),
        ({"operations": {"add": {"key": "b"}}}, "unknown-reference", "operations.add.key"),
        ({"operations": {"add": {"input": {"copy": "int"}}}}, "bad-name", "operations.add.input.copy"),
    ],
)
def test_a_document_that_no_file_could_hold_is_refused(
    change: dict[str, object], rule: str, path: str
) -> None:
    spec = load_node_document(DOCUMENT, source="x")

    assert findings(replace(spec, document={**DOCUMENT, **change})) == [(rule, path)]
