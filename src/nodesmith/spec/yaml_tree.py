"""Reads YAML text into a `Tree`: one document, no tags, no duplicate keys, bounded in size, depth and aliases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.plain_tree import MAX_DEPTH
from nodesmith.spec.tree import UNREADABLE, Mark, Place, Tree, shown
from nodesmith.spec.yaml_events import MAX_VALUES, SPLIT, NodeBuilder, YamlNode

if TYPE_CHECKING:
    from nodesmith.spec.findings import Findings

MAX_BYTES = 4 * 1024 * 1024
MAX_UNPRINTABLE = 20

# U+0085, U+2028 and U+2029 end a line in YAML 1.1, which our parser goes by, and not in 1.2, nor in an editor.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAY_BE_ESCAPED = "\u2028\u2029"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a text holds; `tree` is None where it holds nothing, `complete` tells whether it was read to its end."""

    tree: Tree | None
    complete: bool
    values: int = 0


def read_yaml(data: bytes, *, file: str, findings: Findings) -> Reading:
    """Return the one document in `data`; what is wrong with it as YAML is added to `findings`."""
    text = _decode(data, file=file, findings=findings)
    if text is None:
        return Reading(tree=None, complete=False)
    builder = NodeBuilder(file=file, findings=findings)
    complete = builder.read(_without_unprintable(text, file=file, findings=findings))
    converter = _Converter(file=file, findings=findings)
    tree = None if builder.root is None else converter.convert(builder.root)
    if tree is None and complete:
        findings.add(
            "empty", "the file holds nothing", Place(file=file, line=1, column=1), "write a node: node, name"
        )
    return Reading(tree=tree, complete=complete, values=converter.nodes)


def _decode(data: bytes, *, file: str, findings: Findings) -> str | None:
    place = Place(file=file, line=1, column=1)
    if len(data) > MAX_BYTES:
        findings.add("too-large", f"the file is larger than {MAX_BYTES // 1024} KiB", place, SPLIT)
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        findings.add("encoding", "the file is UTF-16 or UTF-32", place, "save it as UTF-8")
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
        code = ord(match.group())
        fix = f'remove it, or write "\\u{code:04x}"' if match.group() in _MAY_BE_ESCAPED else "remove it"
        message = f"the character U+{code:04X} may not stand in a file"
        findings.add("control-character", message, _place_after(text[: match.start()], file), fix)
        if len(findings) >= MAX_UNPRINTABLE:
            break
    return _UNPRINTABLE.sub("\ufffd", text)


def _place_after(before: str, file: str) -> Place:
    return Place(file=file, line=before.count("\n") + 1, column=len(before) - (before.rfind("\n") + 1) + 1)


@dataclass(slots=True)
class _Converter:
    """Turns nodes into trees: keys become texts, aliases are written out, up to a limit."""

    file: str
    findings: Findings
    nodes: int = 0
    is_full: bool = False

    def convert(self, root: YamlNode) -> Tree:
        place = Place(self.file, root.line, root.column)
        return self.tree(root, place, place, 0)

    def tree(self, node: YamlNode, place: Place, key: Place, depth: int) -> Tree:
        self.nodes += 1
        self.report(node, place)
        if self.nodes > MAX_VALUES or depth > MAX_DEPTH:
            self.refuse_size(place, depth)
            return Tree(UNREADABLE, place, key)
        if node.pairs is not None:
            return Tree(self.entries(node, place, depth), place, key)
        if node.items is None:
            return Tree(node.value, place, key)
        items = []
        for index, item in enumerate(node.items):
            item_place = Place(self.file, item.line, item.column, place, index)
            items.append(self.tree(item, item_place, item_place, depth + 1))
        return Tree(tuple(items), place, key)

    def report(self, node: YamlNode, place: Place) -> None:
        """Make a value's problem a finding, once: an alias repeats the value, not the finding."""
        if node.problem is not None:
            self.findings.add(node.problem.rule, node.problem.message, place, node.problem.fix)
            node.problem = None

    def entries(self, node: YamlNode, place: Place, depth: int) -> dict[str, Tree]:
        entries: dict[str, Tree] = {}
        pairs = list(node.pairs or ())
        if node.waiting_key is not None:
            pairs.append((node.waiting_key, YamlNode(node.line, node.column, UNREADABLE)))
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

    def name(self, key: YamlNode, parent: Place) -> str | None:
        if isinstance(key.value, str):
            if key.value == "<<" and key.source == "<<":
                place = Place(self.file, key.line, key.column, parent, "<<")
                self.findings.add("merge-key", "YAML 1.2 has no merge key '<<'", place, "write the keys out")
                return None
            return key.value
        place = Place(self.file, key.line, key.column, parent, key.source or "?")
        self.report(key, place)
        if key.items is not None or key.pairs is not None:
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
            message = f"aliases make this more than {MAX_VALUES} values"
            self.findings.add("too-large", message, place, "write fewer aliases")
