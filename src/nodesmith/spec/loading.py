"""Loads spec files: a node, a system, or a folder of nodes; every error of all files at once."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.naming import name_problem
from nodesmith.records import dataclass
from nodesmith.spec.findings import Findings
from nodesmith.spec.model import NodeSpec, SystemSpec
from nodesmith.spec.node import ReadNode, read_node
from nodesmith.spec.plain_tree import MAX_NODES, tree_of
from nodesmith.spec.reading import check_keys, check_name, description_of, list_of, text_of
from nodesmith.spec.system import check_system
from nodesmith.spec.tree import Place, size_of
from nodesmith.spec.yaml_tree import MAX_BYTES, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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

    Raise SpecError with all findings of all files; what cannot be read at all is a finding, too.
    """
    return load_files([path]).system


def load_files(paths: Sequence[Path]) -> LoadedSystem:
    """Return the nodes of all `paths`, checked against each other, together with the files they came from.

    A node that stands alone at its path may refer to nodes that are nowhere among `paths`; a node of a system file
    or of a folder may not, unless it names another domain. Raise SpecError with all findings.
    """
    findings = Findings()
    read = [file for path in dict.fromkeys(paths) for file in _read_path(path, findings)]
    nodes: tuple[NodeSpec, ...] = ()
    if all(file.is_complete for file in read):
        nodes = check_system([node for file in read for node in file.nodes], findings)
    findings.raise_if_any(_source_of(paths))
    rest = iter(nodes)
    files = tuple(LoadedFile(file=file.file, nodes=tuple(next(rest) for _ in file.nodes)) for file in read)
    return LoadedSystem(system=_named_system(paths, read, nodes), files=files)


def _named_system(
    paths: Sequence[Path], read: Sequence[_ReadFile], nodes: tuple[NodeSpec, ...]
) -> SystemSpec:
    if len(read) == 1:
        return SystemSpec(name=read[0].name, description=read[0].description, nodes=nodes)
    folder = paths[0].resolve().name.replace("-", "_") if len(paths) == 1 else ""
    return SystemSpec(name="" if name_problem(folder) else folder, nodes=nodes)


def _source_of(paths: Sequence[Path]) -> str:
    return _shown_path(paths[0]) if len(paths) == 1 else f"{len(paths)} paths"


def load_node_document(document: Mapping[str, object], *, source: str) -> NodeSpec:
    """Return the node that plain data describes, after the same checks as a file's; `source` says where it is from."""
    findings = Findings()
    node = read_node(tree_of(document, source=source, findings=findings), findings)
    nodes = check_system([replace(node, is_alone=True)] if node else [], findings)
    findings.raise_if_any(source)
    return nodes[0]


def _read_path(path: Path, findings: Findings) -> list[_ReadFile]:
    try:
        read = [_read_file(file, findings) for file in _spec_files(path)]
    except _UnreadableError as error:
        findings.add("unreadable", str(error), Place(file=_shown_path(path)), error.fix)
        return []
    if sum(len(file.nodes) for file in read) != 1:
        return read
    return [replace(f, nodes=tuple(replace(node, is_alone=True) for node in f.nodes)) for f in read]


class _UnreadableError(Exception):
    def __init__(self, message: str, fix: str = "check the path and its permissions") -> None:
        super().__init__(message)
        self.fix = fix


def _spec_files(path: Path) -> tuple[Path, ...]:
    """Return the spec files at `path`, sorted: itself, or those of one kind that a folder holds."""
    try:
        if not path.is_dir():
            return (path,)
        entries = sorted(entry for entry in path.iterdir() if not entry.is_dir())
    except (OSError, ValueError) as error:
        raise _cannot_read(error) from None
    nodes = tuple(entry for entry in entries if entry.name.endswith(NODE_SUFFIXES))
    systems = tuple(entry for entry in entries if entry.name in SYSTEM_FILES)
    lone = tuple(entry for entry in entries if entry.name in LONE_FILES)
    kinds = [kind for kind in (nodes, systems, lone) if kind]
    if not kinds:
        raise _UnreadableError(
            "the folder holds no spec files",
            "name them <name>.node.yaml, or system.yaml; or give the file itself",
        )
    if len(kinds) > 1 or len(systems) > 1 or len(lone) > 1:
        names = ", ".join(entry.name for kind in kinds for entry in kind)
        raise _UnreadableError(
            f"the folder holds several kinds of spec files: {names}", "give the one that is meant"
        )
    return kinds[0]


def _read_file(path: Path, findings: Findings) -> _ReadFile:
    file = _shown_path(path)
    own = Findings()
    try:
        data = _read_bytes(path)
    except _UnreadableError as error:
        findings.add("unreadable", str(error), Place(file=file), error.fix)
        return _ReadFile(file=file, is_complete=False)
    reading = read_yaml(data, file=file, findings=own)
    found = _ReadFile(file=file)
    if reading.tree is not None:
        found = _read_document(reading.tree, file, own)
        if reading.values > MAX_NODES:
            _check_sizes(reading.tree, own)
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


def _check_sizes(tree: Tree, findings: Findings) -> None:
    """Find nodes of a large file that are each too large to be made."""
    for node in tree.at("nodes").items or (tree,):
        if size_of(node) > MAX_NODES:
            message = f"this node has more than {MAX_NODES} values"
            findings.add("too-large", message, node.place, "make several nodes of it")


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
    """Return the file's bytes, at most one more than may be: enough to say that it is too large."""
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for somebody to write to it
            raise _UnreadableError("this is no regular file", "give a YAML file or a folder")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _cannot_read(error) from None


def _cannot_read(error: OSError | ValueError) -> _UnreadableError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return _UnreadableError(f"this cannot be read: {reason}")


def _shown_path(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace")
