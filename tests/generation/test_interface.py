"""Handlers are called through a generated interface: one that does not fit its operation is a type error."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nodesmith.generation.pipeline import run
from nodesmith.spec.loading import load_node_document
from nodesmith.spec.model import SystemSpec

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "node_quoter_compute"


def quoter(**operations: object) -> SystemSpec:
    document = {"node": "compute", "name": "quoter", "operations": operations}
    return SystemSpec(nodes=(load_node_document(document, source="quoter.node.yaml"),))


def type_errors(target: Path, cache: Path) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "-p", FOLDER]
    return subprocess.run(command, cwd=target, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    "written",
    ["def handle(self, request: str) -> ModelQuoteOutput:", "def handle(self) -> ModelQuoteOutput:",
     "def handle(self, request: ModelQuoteInput) -> ModelQuoteInput:", "def work_out(self, request: ModelQuoteInput) -> ModelQuoteOutput:"],
)  # fmt: skip
def test_a_handler_that_does_not_fit_its_operation_is_a_type_error(
    written: str, tmp_path: Path, mypy_cache: Path
) -> None:
    spec = quoter(quote={"input": {"amount": "int"}, "output": {"price": "int"}})
    run(spec, tmp_path, verify=False, report=lambda event: None)
    assert "Success" in type_errors(tmp_path, mypy_cache)
    handler = tmp_path / FOLDER / "v1_0_0" / "handlers" / "handler_quote.py"
    fitting = "def handle(self, request: ModelQuoteInput) -> ModelQuoteOutput:"

    handler.write_text(handler.read_text().replace(fitting, written))

    assert "node.py:" in (told := type_errors(tmp_path, mypy_cache))
    assert "[arg-type]" in told or "[attr-defined]" in told
