from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from generation.odd_system import NODES, load

from nodesmith.generation.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nodesmith.generation.report import PipelineReport, StageEvent
    from nodesmith.spec.model import NodeSpec, SystemSpec


NOBODY = 65534


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The odd system on the disk, and what the pipeline told while it was made."""

    folder: Path
    specs: SystemSpec
    report: PipelineReport
    events: tuple[StageEvent, ...]

    def spec(self, name: str) -> NodeSpec:
        return next(node for node in self.specs.nodes if node.name == name)


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Generate the odd system once; tests only read it."""
    folder = tmp_path_factory.mktemp("odd")
    specs = load(tmp_path_factory.mktemp("specs"), NODES)
    events: list[StageEvent] = []
    report = run(specs, folder, verify=False, report=events.append)
    return Generated(folder=folder, specs=specs, report=report, events=tuple(events))


@pytest.fixture
def not_root() -> Iterator[None]:
    """Give up root's right to read and write anything anywhere until the test is over."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    yield
    os.setresuid(0, 0, 0)
