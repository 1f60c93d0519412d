"""Find the nodes under a folder that `nodesmith up` can start."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nodesmith.errors import InputError
from nodesmith.records import dataclass

START_SCRIPT = "start_node.py"
SKIPPED = frozenset({"__pycache__", "node_modules", "venv", "site-packages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNode:
    """A node that has a start script. `label` is what its log lines begin with."""

    label: str
    folder: Path
    start_script: Path


def find_nodes(path: Path) -> tuple[FoundNode, ...]:
    """Return every event bus node at or under `path`, the newest version of each; raise InputError where there is none."""
    if not path.is_dir():
        raise InputError(f"{path} is no folder", fix="give the folder that holds the nodes")
    newest: dict[Path, Path] = {}
    for script in sorted(_start_scripts(path.resolve())):
        folder = _node_folder(script)
        if folder not in newest or _version(script) > _version(newest[folder]):
            newest[folder] = script
    if not newest:
        raise InputError(
            f"no event bus node is under {path}: there is no {START_SCRIPT}",
            fix="generate nodes there first: nodesmith generate SPEC -o DIR (compute and reducer nodes need `event_bus: true`)",
        )
    short = [_short_label(folder) for folder in newest]
    return tuple(
        FoundNode(label=label if short.count(label) == 1 else folder.name, folder=folder, start_script=script)
        for label, (folder, script) in zip(short, newest.items(), strict=True)
    )


def _start_scripts(path: Path) -> list[Path]:
    found = []
    for folder, inner, files in os.walk(path):
        inner[:] = [name for name in inner if not (name.startswith(".") or name in SKIPPED)]
        if START_SCRIPT in files:
            found.append(Path(folder) / START_SCRIPT)
    return found


def _node_folder(script: Path) -> Path:
    """Return the node's own folder: the one above the version's, where there is a version's."""
    return script.parent.parent if _version(script) else script.parent


def _version(script: Path) -> tuple[int, ...]:
    match = re.fullmatch(r"v(\d+)_(\d+)_(\d+)", script.parent.name)
    return tuple(int(part) for part in match.groups()) if match else ()


def _short_label(folder: Path) -> str:
    """Return `orders_order_store` for `node_orders_order_store_effect`."""
    match = re.fullmatch(r"node_(.+)_(?:effect|compute|reducer|orchestrator)", folder.name)
    return match[1] if match else folder.name
