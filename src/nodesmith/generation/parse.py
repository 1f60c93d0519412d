"""Stage 1: files -> specs; a sentence becomes a spec in `nodesmith.spec.sentence`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.loading import load_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nodesmith.spec.model import SystemSpec


def parse(paths: Sequence[Path]) -> SystemSpec:
    """Return the nodes of all `paths` (node files, system files, folders), checked against each other.

    Raises SpecError with all findings.
    """
    return load_files(paths).system
