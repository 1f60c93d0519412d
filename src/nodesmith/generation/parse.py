"""Stage 1: files -> specs; a sentence becomes a spec in `nodesmith.spec.sentence`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.loading import load_system
from nodesmith.spec.model import SystemSpec
from nodesmith.spec.system import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def parse(paths: Sequence[Path]) -> SystemSpec:
    """Return the nodes of all `paths` (node files, system files, folders), checked against each other.

    Raises SpecError with all findings.
    """
    if len(paths) == 1:
        return load_system(paths[0])
    nodes = tuple(node for path in paths for node in load_system(path).nodes)
    return resolve(SystemSpec(nodes=nodes))
