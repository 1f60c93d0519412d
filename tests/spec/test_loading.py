from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from spec.checking import SAMPLES, findings_of

from nodesmith.errors import InputError, SpecError
from nodesmith.spec.loading import load_files, load_node_document, load_system

if TYPE_CHECKING:
    from pathlib import Path

NODE = "node: compute\nname: {name}\noperations: {{add: {{}}}}\n"


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(NODE.format(name=name.split(".")[0]))


def rules(path: Path) -> list[str]:
    with pytest.raises(SpecError) as refused:
        load_system(path)
    return [finding.rule for finding in refused.value.findings]


def test_every_sample_loads() -> None:
    paths = [*SAMPLES.glob("*.node.yaml"), SAMPLES / "system"]

    assert len(load_files(paths).files) == 5


def test_a_folder_holds_its_node_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, "zeta.node.yaml", "alpha.node.yml", "ignored.yaml")

    system = load_system(tmp_path)

    assert [node.name for node in system.nodes] == ["alpha", "zeta"]


def test_a_folder_may_hold_a_system_file_or_the_node_file_of_a_generated_node(tmp_path: Path) -> None:
    write(tmp_path, "node.yaml")

    assert [node.name for node in load_system(tmp_path).nodes] == ["node"]
    assert load_system(SAMPLES / "system").name == "shop"


def test_a_folder_of_two_kinds_of_files_is_ambiguous(tmp_path: Path) -> None:
    write(tmp_path, "a.node.yaml", "system.yaml")

    assert rules(tmp_path) == ["unreadable"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("system: s\n", ["missing-key"]),
        ("system: s\nnodes: []\n", ["empty"]),
        ("system: s\nnodes: {a: b}\n", ["wrong-type"]),
        ("system: s\nnodes: [x]\n", ["wrong-type"]),
        ("system: S p\nnodes: [{node: compute, name: a, operations: {b: {}}}]\n", ["bad-name"]),
        ("nodes: [{node: compute, name: a, operations: {b: {}}}]\n", ["missing-key"]),
        ("system: s\nnode: x\nnodes: [{node: compute, name: a, operations: {b: {}}}]\n", ["unknown-key"]),
    ],
)
def test_what_is_wrong_with_a_system_is_found(text: str, found: list[str]) -> None:
    assert [finding.rule for finding in findings_of(text)] == found


def test_findings_of_all_files_come_together(tmp_path: Path) -> None:
    (tmp_path / "a.node.yaml").write_text("node: compute\nname: [\n")
    (tmp_path / "b.node.yaml").write_bytes(b"\xff")
    (tmp_path / "c.node.yaml").write_text(NODE.format(name="c") + "colour: red\n")

    assert rules(tmp_path) == ["wrong-type", "yaml-syntax", "encoding", "unknown-key"]


def test_what_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    fifo = tmp_path / "x.node.yaml"
    os.mkfifo(fifo)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.node.yaml").symlink_to("nowhere")

    for path in (
        tmp_path / "none.yaml",
        tmp_path / "empty",
        fifo,
        tmp_path / "broken.node.yaml",
        tmp_path / "a\0b",
    ):
        assert rules(path) == ["unreadable"], path


def test_the_same_path_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path, "a.node.yaml")
    file = tmp_path / "a.node.yaml"

    assert len(load_files([file, file]).system.nodes) == 1


def test_a_document_goes_through_the_same_checks_as_a_file() -> None:
    document = {"node": "compute", "name": "adder", "operations": {"add": {"input": {"a": "intt"}}}}

    with pytest.raises(SpecError) as refused:
        load_node_document(document, source="the sentence")

    (finding,) = refused.value.findings
    assert (finding.file, finding.line, finding.path) == ("the sentence", 0, "operations.add.input.a")
    assert str(finding).startswith("the sentence: operations.add.input.a: 'intt' is no type")


@pytest.mark.parametrize(
    "value", [{1: "x"}, {"a": {1, 2}}, object(), float("nan"), "a\0b", "\ud800", b"bytes", {"a\0": 1}]
)
def test_what_is_no_plain_data_is_refused_in_a_document(value: object) -> None:
    with pytest.raises(InputError):
        load_node_document(
            {"node": "compute", "name": "x", "operations": {"add": {}}, "description": value}, source="x"
        )


def test_a_document_that_holds_itself_is_refused() -> None:
    document: dict[str, object] = {"node": "compute", "name": "x"}
    document["operations"] = {"add": document}

    with pytest.raises(SpecError):
        load_node_document(document, source="x")
