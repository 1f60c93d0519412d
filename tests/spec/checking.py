"""Checks a text as a spec file and tells what was found, in a form that tests can compare."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import SpecError
from nodesmith.spec.findings import Findings
from nodesmith.spec.loading import load_system
from nodesmith.spec.yaml_tree import read_yaml

if TYPE_CHECKING:
    from nodesmith.errors import Finding
    from nodesmith.spec.model import NodeSpec, SystemSpec
    from nodesmith.spec.tree import Tree

SAMPLES = Path(__file__).parent / "samples"


def load(text: str | bytes, *, name: str = "x.node.yaml") -> SystemSpec:
    """Load a text as the spec file `name`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_system(file)


def load_node(text: str) -> NodeSpec:
    """Load a text that holds one node."""
    return load(text).nodes[0]


def findings_of(text: str | bytes) -> tuple[Finding, ...]:
    """Return everything that is wrong with a text as a spec file."""
    try:
        load(text)
    except SpecError as error:
        return error.findings
    return ()


def problems(text: str | bytes) -> list[str]:
    """Return `line:column path [rule]` for everything that is wrong with a text as a spec file."""
    return [f"{f.line}:{f.column} {f.path} [{f.rule}]" for f in findings_of(text)]


def fixes(text: str | bytes) -> list[str]:
    """Return what to do about everything that is wrong."""
    return [finding.fix for finding in findings_of(text)]


def tree_of_text(text: str | bytes) -> Tree:
    """Return the tree of a YAML text that has nothing wrong."""
    findings = Findings()
    reading = read_yaml(text.encode() if isinstance(text, str) else text, file="x", findings=findings)
    assert reading.tree is not None
    assert not findings, findings.all()
    return reading.tree
