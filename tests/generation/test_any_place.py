"""Any text in any place of a document: a clear error, or a node like any other."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from generation.any_place import HOSTILE, changed
from generation.odd_system import compute
from generation.texts_kept import lost_texts, other_values, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec.checking import findings_of

from nodesmith.errors import GateError, SpecError
from nodesmith.generation.pipeline import make
from nodesmith.generation.rendering import packaged_templates
from nodesmith.spec.loading import load_node_document
from nodesmith.spec.model import SystemSpec
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from nodesmith.errors import Finding
    from nodesmith.generation.pipeline import Made

FOLDER = re.compile(r"node_[a-z0-9_]+|\.")
PATH = re.compile(r"(?:[a-z0-9_]+/)*\.?[A-Za-z0-9_]+(?:\.[a-z]+)*")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def are_clear(findings: tuple[Finding, ...]) -> bool:
    return bool(findings) and all(
        finding.rule and finding.message and str(finding).replace("\n    fix: ", "").isprintable()
        and len(str(finding)) < 3_000
        for finding in findings
    )  # fmt: skip


def generated(document: dict[str, Any], folder: Path) -> tuple[Made | None, tuple[Finding, ...]]:
    """Return what becomes of a document, or what was found; nothing but stages 1 and 2 may find anything."""
    try:
        node = load_node_document(document, source="the document")
        return make(SystemSpec(nodes=(node,)), folder, packaged_templates(), tell=lambda event: None), ()
    except SpecError as error:
        return None, error.findings
    except GateError as error:
        if error.stage != "2":
            raise
        return None, error.findings


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(changed())
def test_any_text_in_any_place_is_refused_or_is_data(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    made, findings = generated(document, folder)

    if made is None:
        assert are_clear(findings)
        return
    write(made.files, folder)
    for unit, files in made.files.items():
        assert FOLDER.fullmatch(unit)
        assert [path for path in files if not PATH.fullmatch(path)] == []
    for contract in made.contracts:
        assert list(lost_texts(contract, made.files[contract.folder])) == []
        assert list(other_values(contract, folder)) == []


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(changed())
def test_a_file_says_the_same_of_it_as_the_document_itself(document: dict[str, Any]) -> None:
    with suppress(ValueError):  # what no YAML can hold is in no file
        assert rules_of_file(to_yaml(document)) == rules_of_document(document)


@given(st.sampled_from(HOSTILE), st.sampled_from(["name", "domain", "version"]))
def test_what_paths_are_made_of_is_a_plain_name_or_refused(text: str, key: str) -> None:
    document = {**compute("calculator"), key: text}

    rules = rules_of_document(document)

    assert rules or re.fullmatch(r"[a-z0-9_.]{0,64}", text)


def rules_of_file(text: str) -> set[str]:
    return {finding.rule for finding in findings_of(text)}


def rules_of_document(document: dict[str, Any]) -> set[str]:
    try:
        load_node_document(document, source="the document")
    except SpecError as error:
        return {finding.rule for finding in error.findings}
    return set()
