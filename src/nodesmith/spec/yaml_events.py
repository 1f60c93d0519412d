"""Builds nodes from YAML's parser events: bounded in depth, size and number of documents, without recursion.

Events rather than PyYAML's composer: they keep the bounds under our control, and what stands before a syntax error can
still be checked.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import yaml

from nodesmith.records import dataclass
from nodesmith.spec.plain_tree import CONTROL_CHARACTERS, MAX_DEPTH
from nodesmith.spec.tree import UNREADABLE, Mark, Place, shown
from nodesmith.spec.yaml_scalars import ScalarError, resolve

if TYPE_CHECKING:
    from nodesmith.spec.findings import Findings

# What a system of 2,000 nodes takes, three times over.
MAX_VALUES = 250_000
SPLIT = "put each node into a file of its own, <name>.node.yaml, and give their folder"

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COLLECTION_TAGS = ("!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")


class Problem(NamedTuple):
    """What is wrong with a value; it becomes a finding once the value's path is known."""

    rule: str
    message: str
    fix: str


@dataclass(slots=True, eq=False)
class YamlNode:
    """A value as the events built it: a scalar, or a list with `items`, or a mapping with `pairs`.

    `source` is the text of an unquoted scalar; `waiting_key` is a mapping's key whose value has not come yet.
    """

    line: int
    column: int
    value: str | int | float | bool | Mark | None = None
    items: list[YamlNode] | None = None
    pairs: list[tuple[YamlNode, YamlNode]] | None = None
    source: str = ""
    waiting_key: YamlNode | None = None
    is_open: bool = False
    problem: Problem | None = None


class _StopReadingError(Exception):
    """The file cannot be read any further; the finding has been made."""


@dataclass(slots=True)
class NodeBuilder:
    """Builds the one document of a text; what is wrong with it as YAML is added to `findings`."""

    file: str
    findings: Findings
    root: YamlNode | None = None
    open: list[YamlNode] = field(default_factory=list)
    anchors: dict[str, YamlNode] = field(default_factory=dict)
    nodes: int = 0
    documents: int = 0

    def read(self, text: str) -> bool:
        """Return whether the text could be read to its end."""
        try:
            for event in yaml.parse(text, Loader=_LOADER):
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
        node = YamlNode(*_mark(event), is_open=True)
        if isinstance(event, yaml.MappingStartEvent):
            node.pairs = []
        else:
            node.items = []
        if event.tag is not None and event.tag not in _COLLECTION_TAGS:
            node.problem = _tag_problem(event.tag)
        self.add(self.anchored(event, node))
        self.open.append(node)
        if len(self.open) > MAX_DEPTH:
            self.stop(event, "too-deep", f"nested deeper than {MAX_DEPTH} levels", "make it flatter")

    def add(self, node: YamlNode) -> None:
        self.nodes += 1
        if self.nodes > MAX_VALUES:
            self.findings.add("too-large", f"more than {MAX_VALUES} values", self.place(node), SPLIT)
            raise _StopReadingError
        if not self.open:
            self.root = self.root or node
            return
        parent = self.open[-1]
        if parent.items is not None:
            parent.items.append(node)
        elif parent.waiting_key is None:
            parent.waiting_key = node
        elif parent.pairs is not None:
            parent.pairs.append((parent.waiting_key, node))
            parent.waiting_key = None

    def scalar(self, event: yaml.ScalarEvent) -> YamlNode:
        is_plain = event.tag is None and event.implicit[0]
        node = YamlNode(*_mark(event), value=event.value, source=event.value if is_plain else "")
        if (control := CONTROL_CHARACTERS.search(event.value)) is not None:
            message = f"the text holds the control character U+{ord(control.group()):04X}"
            node.problem = Problem("control-character", message, "remove it")
        elif event.tag is not None and event.tag not in _TEXT_TAGS:
            node.problem = _tag_problem(event.tag)
        elif is_plain:
            _resolve(node)
        if node.problem is not None:
            node.value = UNREADABLE
        return node

    def anchored(self, event: yaml.NodeEvent, node: YamlNode) -> YamlNode:
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def aliased(self, event: yaml.AliasEvent) -> YamlNode:
        target = self.anchors.get(event.anchor or "")
        if target is None or target.is_open:
            why = "is not defined before" if target is None else "contains itself"
            self.stop(event, "alias", f"the alias *{shown(event.anchor)[1:-1]} {why}", "write the value out")
        return target

    def stop(self, event: yaml.Event, rule: str, message: str, fix: str) -> NoReturn:
        self.findings.add(rule, message, Place(self.file, *_mark(event)), fix)
        raise _StopReadingError

    def place(self, node: YamlNode) -> Place:
        return Place(self.file, node.line, node.column)

    def syntax_error(self, error: yaml.MarkedYAMLError, text: str) -> None:
        mark = error.problem_mark or error.context_mark
        line, column = _inside(text, mark.line, mark.column) if mark else (0, 0)
        problem = " ".join(part for part in (error.problem, error.context) if part)
        place = Place(self.file, line + 1, column + 1)
        self.findings.add(
            "yaml-syntax", f"this is no YAML: {problem}", place, _syntax_fix(text, line, column, problem)
        )


def _resolve(node: YamlNode) -> None:
    try:
        node.value = resolve(node.source)
    except ScalarError as error:
        node.problem = Problem("number", f"{shown(node.source)} {error}", "quote it if it is text")


def _tag_problem(tag: str) -> Problem:
    name = shown(tag.replace("tag:yaml.org,2002:", "!!"))[1:-1]
    return Problem("tag", f"the tag {name} is not allowed", "remove the tag; quote what is text")


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


def _mark(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
