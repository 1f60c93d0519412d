"""The official schemas and parsers, each made ready once a session; where one cannot be had, its tests are skipped aloud."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator
from systems.official import NotToBeHadError, asyncapi_schema, compose_schema, mermaid_parser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Complaints = list[str]


def official(which: Callable[[], Any], what: str) -> Any:
    try:
        return which()
    except NotToBeHadError as reason:
        pytest.skip(f"{what} did NOT check anything: {reason}")


def complaints_by(schema: Path) -> Callable[[object], Complaints]:
    validator = Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))

    def complaints(document: object) -> Complaints:
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)]

    return complaints


@pytest.fixture(scope="session")
def asyncapi_complaints() -> Callable[[object], Complaints]:
    """Return what the official schema of AsyncAPI 3.0 finds in a document."""
    return complaints_by(official(asyncapi_schema, "AsyncAPI's official schema"))


@pytest.fixture(scope="session")
def compose_complaints() -> Callable[[object], Complaints]:
    """Return what the official schema of Compose files finds in a document."""
    return complaints_by(official(compose_schema, "Compose's official schema"))


@pytest.fixture(scope="session")
def mermaid() -> Callable[[list[str]], list[str]]:
    """Return what Mermaid takes each of some pictures for."""
    command = official(mermaid_parser, "Mermaid's own parser")

    def kinds(pictures: list[str]) -> list[str]:
        done = subprocess.run(
            command, input=json.dumps(pictures), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return kinds
