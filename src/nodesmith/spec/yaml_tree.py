"""Reads YAML text into a `Tree`: one document, no tags, no duplicate keys, bounded in size, depth and aliases.

It is built from parser events rather than from PyYAML's composer: events keep the depth and the number of nodes
under our control, and what stands before a syntax error can still be checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import yaml

from nodesmith.spec.plain_tree import CONTROL_CHARACTERS, MAX_DEPTH, MAX_NODES
from nodesmith.spec.tree import UNREADABLE, Mark, Place, Tree, shown
from nodesmith.spec.yaml_scalars import ScalarError, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.findings import Findings

MAX_BYTES = 1024 * 1024
MAX_UNPRINTABLE = 20

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLLECTION_TAGS = ("!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")


class _Problem(NamedTuple):
    """What is wrong with a value; it becomes a finding once the value's path is known."""

    rule: str
    message: str
    fix: str


@dataclass(slots=True, eq=False)
class _Node:
    """A value as the events built it; `value` is a list of nodes, a list of (key, value) nodes, or a scalar."""

    line: int
    column: int
    value: str | int | float | bool | list[_Node] | list[tuple[_Node, _Node]] | Mark | None
    is_mapping: bool = False
    source: str = ""
    waiting_key: _Node | None = None
    is_open: bool = False
    problem: _Problem | None = None


class _StopReadingError(Exception):
    """The file cannot be read any further; the finding has been made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a text holds; `tree` is None where it holds nothing, `complete` tells whether it was read to its end."""

    tree: Tree | None
    complete: bool


def read_yaml(data: bytes, *, file: str, findings: Findings) -> Reading:
    """Return the one document in `data`; what is wrong with it as YAML is added to `findings`."""
    text = _decode(data, file=file, findings=findings)
    if text is None:
        return Reading(tree=None, complete=False)
    builder = _Builder(file=file, findings=findings)
    complete = builder.read(_without_unprintable(text, file=file, findings=findings))
    tree = None if builder.root is None else _Converter(file=file, findings=findings).convert(builder.root)
    if tree is None and complete:
        findings.add(
            "empty", "the file holds nothing", Place(file=file, line=1, column=1), "write a node: node, name"
        )
    return Reading(tree=tree, complete=complete)


def _decode(data: bytes, *, file: str, findings: Findings) -> str | None:
    place = Place(file=file, line=1, column=1)
    if len(data) > MAX_BYTES:
        findings.add(
            "too-large", f"the file is larger than {MAX_BYTES // 1024} KiB", place, "split it into files"
        )
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        findings.add("encoding", "the file is UTF-16", place, "save it as UTF-8")
        return None
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        wrong = f"byte 0x{data[error.start]:02x} is no UTF-8"
        findings.add("encoding", wrong, _place_after(before, file), "save the file as UTF-8")
        return None


def _without_unprintable(text: str, *, file: str, findings: Findings) -> str:
    for match in _UNPRINTABLE.finditer(text):
        message = f"the character U+{ord(match.group()):04X} may not stand in a file"
        findings.add("control-character", message, _place_after(text[: match.start()], file), "remove it")
        if len(findings) >= MAX_UNPRINTABLE:
            break
    return _UNPRINTABLE.sub("\ufffd", text)


def _place_after(before: str, file: str) -> Place:
    return Place(file=file, line=before.count("\n") + 1, column=len(before) - (before.rfind("\n") + 1) + 1)


@dataclass(slots=True)
class _Builder:
    """Builds nodes from events, without recursion."""

    file: str
    findings: Findings
    root: _Node | None = None
    open: list[_Node] = field(default_factory=list)
    anchors: dict[str, _Node] = field(default_factory=dict)
    nodes: int = 0
    documents: int = 0

    def read(self, text: str) -> bool:
        """Return whether the text could be read to its end."""
        try:
            for event in _events(text):
                self.take(event)
        except _StopReadingError:
            return False
        except yaml.MarkedYAMLError as error:
            self.syntax_error(error, text)
            return False
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self.findings.add("yaml-syntax", str(error), Place(file=self.file, line=1, column=1))
            return False
        return True

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self.stop(
                        event,
                        "multiple-documents",
                        "a second document starts here",
                        "write one file a document",
                    )
            case yaml.ScalarEvent():
                self.add(self.anchored(event, self.scalar(event)))
            case yaml.AliasEvent():
                self.add(self.aliased(event))
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self.start(event)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.open.pop().is_open = False

    def start(self, event: yaml.CollectionStartEvent) -> None:
        node = _Node(
            *_mark(event), value=[], is_mapping=isinstance(event, yaml.MappingStartEvent), is_open=True
        )
        if event.tag is not None and event.tag not in _COLLECTION_TAGS:
            node.problem = _tag_problem(event.tag)
        self.add(self.anchored(event, node))
        self.open.append(node)
        if len(self.open) > MAX_DEPTH:
            self.stop(event, "too-deep", f"nested deeper than {MAX_DEPTH} levels", "make it flatter")

    def add(self, node: _Node) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.findings.add(
                "too-large", f"more than {MAX_NODES} values", self.place(node), "split the file"
            )
            raise _StopReadingError
        if not self.open:
            self.root = self.root or node
            return
        parent = self.open[-1]
        if not parent.is_mapping:
            parent.value.append(node)  # type: ignore[union-attr, arg-type]
        elif parent.waiting_key is None:
            parent.waiting_key = node
        else:
            parent.value.append((parent.waiting_key, node))  # type: ignore[union-attr, arg-type]
            parent.waiting_key = None

    def scalar(self, event: yaml.ScalarEvent) -> _Node:
        is_plain = event.tag is None and event.implicit[0]
        node = _Node(*_mark(event), value=event.value, source=event.value if is_plain else "")
        if (control := CONTROL_CHARACTERS.search(event.value)) is not None:
            message = f"the text holds the control character U+{ord(control.group()):04X}"
            node.problem = _Problem("control-character", message, "remove it")
        elif event.tag is not None and event.tag not in _TEXT_TAGS:
            node.problem = _tag_problem(event.tag)
        elif is_plain:
            _resolve(node)
        if node.problem is not None:
            node.value = UNREADABLE
        return node

    def anchored(self, event: yaml.NodeEvent, node: _Node) -> _Node:
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def aliased(self, event: yaml.AliasEvent) -> _Node:
        target = self.anchors.get(event.anchor or "")
        if target is None or target.is_open:
            why = "is not defined before" if target is None else "contains itself"
            self.stop(event, "alias", f"the alias *{shown(event.anchor)[1:-1]} {why}", "write the value out")
        return target

    def stop(self, event: yaml.Event, rule: str, message: str, fix: str) -> NoReturn:
        self.findings.add(rule, message, Place(self.file, *_mark(event)), fix)
        raise _StopReadingError

    def place(self, node: _Node) -> Place:
        return Place(self.file, node.line, node.column)

    def syntax_error(self, error: yaml.MarkedYAMLError, text: str) -> None:
        mark = error.problem_mark or error.context_mark
        line, column = _inside(text, mark.line, mark.column) if mark else (0, 0)
        problem = " ".join(part for part in (error.problem, error.context) if part)
        place = Place(self.file, line + 1, column + 1)
        self.findings.add(
            "yaml-syntax", f"this is no YAML: {problem}", place, _syntax_fix(text, line, column, problem)
        )


def _resolve(node: _Node) -> None:
    try:
        node.value = resolve(node.source)
    except ScalarError as error:
        node.problem = _Problem("number", f"{shown(node.source)} {error}", "quote it if it is text")


def _tag_problem(tag: str) -> _Problem:
    name = shown(tag.replace("tag:yaml.org,2002:", "!!"))[1:-1]
    return _Problem("tag", f"the tag {name} is not allowed", "remove the tag; quote what is text")


def _inside(text: str, line: int, column: int) -> tuple[int, int]:
    """Return a position, or the end of the last line where it is behind that."""
    lines = text.splitlines() or [""]
    return (line, column) if line < len(lines) else (len(lines) - 1, len(lines[-1]))


def _syntax_fix(text: str, line: int, column: int, problem: str) -> str:
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    if "\t" in here[: column + 1]:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in problem:
        return "put text that holds ': ' in quotes, and check the indentation"
    if "found character" in problem:
        return "put text that starts with this character in quotes"
    return "check quotes, brackets and indentation here and in the line before"


def _events(text: str) -> Iterator[yaml.Event]:
    return iter(yaml.parse(text, Loader=_LOADER))


def _mark(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


@dataclass(slots=True)
class _Converter:
    """Turns nodes into trees: keys become texts, aliases are written out, up to a limit."""

    file: str
    findings: Findings
    nodes: int = 0
    is_full: bool = False

    def convert(self, root: _Node) -> Tree:
        place = Place(self.file, root.line, root.column)
        return self.tree(root, place, place, 0)

    def tree(self, node: _Node, place: Place, key: Place, depth: int) -> Tree:
        self.nodes += 1
        self.report(node, place)
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            self.refuse_size(place, depth)
            return Tree(UNREADABLE, place, key)
        if not isinstance(node.value, list):
            return Tree(node.value, place, key)
        if node.is_mapping:
            return Tree(self.entries(node, place, depth), place, key)
        items = []
        for index, item in enumerate(node.value):
            assert isinstance(item, _Node)
            item_place = Place(self.file, item.line, item.column, place, index)
            items.append(self.tree(item, item_place, item_place, depth + 1))
        return Tree(tuple(items), place, key)

    def report(self, node: _Node, place: Place) -> None:
        """Make a value's problem a finding, once: an alias repeats the value, not the finding."""
        if node.problem is not None:
            self.findings.add(node.problem.rule, node.problem.message, place, node.problem.fix)
            node.problem = None

    def entries(self, node: _Node, place: Place, depth: int) -> dict[str, Tree]:
        entries: dict[str, Tree] = {}
        pairs = (
            [pair for pair in node.value if isinstance(pair, tuple)] if isinstance(node.value, list) else []
        )
        if node.waiting_key is not None:
            pairs.append((node.waiting_key, _Node(node.line, node.column, UNREADABLE)))
        for key, value in pairs:
            name = self.name(key, place)
            if name is None:
                continue
            key_place = Place(self.file, key.line, key.column, place, name)
            if name in entries:
                first = entries[name].key.line
                message = f"the key {shown(name)} stands here a second time (first in line {first})"
                self.findings.add("duplicate-key", message, key_place, "keep one of the two")
                continue
            value_place = Place(self.file, value.line, value.column, place, name)
            entries[name] = self.tree(value, value_place, key_place, depth + 1)
        return entries

    def name(self, key: _Node, parent: Place) -> str | None:
        if isinstance(key.value, str):
            if key.value == "<<" and key.source == "<<":
                place = Place(self.file, key.line, key.column, parent, "<<")
                self.findings.add("merge-key", "YAML 1.2 has no merge key '<<'", place, "write the keys out")
                return None
            return key.value
        place = Place(self.file, key.line, key.column, parent, key.source or "?")
        self.report(key, place)
        if isinstance(key.value, list):
            self.findings.add("key", "a key must be a text, not a list or mapping", place, "write a name")
        elif not isinstance(key.value, Mark):
            message = f"the key {shown(key.source)[1:-1] or 'null'} is no text"
            self.findings.add("key", message, place, f'put it in quotes: "{shown(key.source)[1:-1]}"')
        return None

    def refuse_size(self, place: Place, depth: int) -> None:
        if self.is_full:
            return
        self.is_full = True
        if depth > MAX_DEPTH:
            self.findings.add("too-deep", f"nested deeper than {MAX_DEPTH} levels", place, "make it flatter")
        else:
            message = f"aliases make this more than {MAX_NODES} values"
            self.findings.add("too-large", message, place, "write fewer aliases")
