"""Loads spec files: a node, a system, or a folder of nodes; every error of all files at once."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.naming import name_problem
from nodesmith.spec.findings import Findings
from nodesmith.spec.model import NodeSpec, SystemSpec
from nodesmith.spec.node import ReadNode, read_node
from nodesmith.spec.plain_tree import tree_of
from nodesmith.spec.reading import check_keys, check_name, description_of, list_of, text_of
from nodesmith.spec.system import check_system
from nodesmith.spec.yaml_tree import MAX_BYTES, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nodesmith.spec.tree import Tree

SYSTEM_KEYS = ("system", "description", "nodes")
NODE_SUFFIXES = (".node.yaml", ".node.yml")
SYSTEM_FILES = ("system.yaml", "system.yml")
LONE_FILES = ("node.yaml", "node.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedFile:
    """A file and the nodes it holds."""

    file: str
    nodes: tuple[NodeSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSystem:
    """A system and the files it came from."""

    system: SystemSpec
    files: tuple[LoadedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadFile:
    file: str
    nodes: tuple[ReadNode, ...] = ()
    name: str = ""
    description: str = ""
    is_complete: bool = True


def load_system(path: Path) -> SystemSpec:
    """Return what `path` holds: a node file, a system file, or a folder of either.

    Raise SpecError with all findings of all files, and InputError where there is nothing to read.
    """
    return load_files(path).system


def load_files(path: Path) -> LoadedSystem:
    """Return the system at `path` together with the files it came from; see `load_system`."""
    findings = Findings()
    paths = spec_files(path)
    read = [_read_file(one, findings) for one in paths]
    count = [len(file.nodes) for file in read]
    nodes: tuple[NodeSpec, ...] = ()
    if all(file.is_complete for file in read):
        nodes = check_system([node for file in read for node in file.nodes], findings)
    findings.raise_if_any(_shown_path(path))
    rest = iter(nodes)
    files = tuple(
        LoadedFile(file=file.file, nodes=tuple(next(rest) for _ in range(number)))
        for file, number in zip(read, count, strict=True)
    )
    name = read[0].name if len(read) == 1 else path.resolve().name.replace("-", "_")
    system = SystemSpec(
        name="" if name_problem(name) else name,
        description=read[0].description if len(read) == 1 else "",
        nodes=nodes,
    )
    return LoadedSystem(system=system, files=files)


def load_node_document(document: Mapping[str, object], *, source: str) -> NodeSpec:
    """Return the node that plain data describes, after the same checks as a file's; `source` says where it is from."""
    findings = Findings()
    node = read_node(tree_of(document, source=source, findings=findings), findings)
    nodes = check_system([node] if node else [], findings)
    findings.raise_if_any(source)
    return nodes[0]


def spec_files(path: Path) -> tuple[Path, ...]:
    """Return the spec files at `path`, sorted; raise InputError where there are none, or two kinds at once."""
    try:
        if not path.is_dir():
            return (path,)
        entries = sorted(entry for entry in path.iterdir() if not entry.is_dir())
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    nodes = tuple(entry for entry in entries if entry.name.endswith(NODE_SUFFIXES))
    systems = tuple(entry for entry in entries if entry.name in SYSTEM_FILES)
    lone = tuple(entry for entry in entries if entry.name in LONE_FILES)
    kinds = [kind for kind in (nodes, systems, lone) if kind]
    if not kinds:
        message = f"{_shown_path(path)} holds no spec files"
        raise InputError(message, fix="name them <name>.node.yaml, or system.yaml; or give the file itself")
    if len(kinds) > 1 or len(systems) > 1 or len(lone) > 1:
        names = ", ".join(entry.name for kind in kinds for entry in kind)
        message = f"{_shown_path(path)} holds several kinds of spec files: {names}"
        raise InputError(message, fix="give the one that is meant, or move the others away")
    return kinds[0]


def _read_file(path: Path, findings: Findings) -> _ReadFile:
    file = _shown_path(path)
    own = Findings()
    reading = read_yaml(_read_bytes(path), file=file, findings=own)
    found = _ReadFile(file=file)
    if reading.tree is not None:
        found = _read_document(reading.tree, file, own)
    if not reading.complete:
        own.without_absences()
    findings.merge(own)
    return replace(found, is_complete=reading.complete)


def _read_document(tree: Tree, file: str, findings: Findings) -> _ReadFile:
    is_system = "nodes" in tree.entries or ("system" in tree.entries and "node" not in tree.entries)
    if is_system:
        return _read_system(tree, file, findings)
    node = read_node(tree, findings)
    return _ReadFile(file=file, nodes=(node,) if node else ())


def _read_system(tree: Tree, file: str, findings: Findings) -> _ReadFile:
    entries = tree.entries
    check_keys(tree, findings, allowed=SYSTEM_KEYS, required=("system", "nodes"), what="a system")
    name = ""
    if "system" in entries:
        name = text_of(entries["system"], findings, "the system's name")
        if isinstance(entries["system"].value, str):
            check_name(name, entries["system"], findings, what="system", at_key=False)
    items = list_of(entries["nodes"], findings, "a list of nodes") if "nodes" in entries else ()
    if "nodes" in entries and entries["nodes"].value == ():
        findings.add("empty", "a system needs at least one node", entries["nodes"].place, "add a node")
    nodes = tuple(node for item in items if (node := read_node(item, findings)))
    return _ReadFile(file=file, nodes=nodes, name=name, description=description_of(entries, findings))


def _read_bytes(path: Path) -> bytes:
    """Return the file's bytes, or one more than may be: enough to say that it is too large."""
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(
                    f"{_shown_path(path)} is no regular file", fix="give a YAML file or a folder"
                )
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return InputError(
        f"{_shown_path(path)} cannot be read: {reason}", fix="check the path and its permissions"
    )


def _shown_path(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace")
