"""Real classes, taken from the packages that are installed beside the tests, and what tells them from ours."""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.generation.event_bus_integration import event_bus_blocks
from nodesmith.generation.rendering import packaged_templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCKS = event_bus_blocks(
    packaged_templates(),
    service_name="x",
    adoption={"name": "x", "domain": "", "archetype": "effect", "version": (1, 0, 0)},
)
# Three thousand classes of one shape, written by a program.
LEFT_OUT = {"nodesmith", "kio"}
LARGEST = 16_000
HEADS = ["def __init__(self) -> None:", "def __post_init__(self) -> None:", "super().__init__()"]
SAID = '"""Put the node together; nothing is opened yet."""'
MARK = "\ufeff"


def modules() -> Iterator[Path]:
    """Return files that define classes, one of each package in turn."""
    packages = [list(_files(name)) for name in sorted(packages_distributions()) if name not in LEFT_OUT]
    for row in zip_longest(*packages):
        yield from (path for path in row if path is not None)


def _files(package: str) -> list[Path]:
    spec = find_spec(package) if package.isidentifier() else None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    return [path for path in paths if path.stat().st_size <= LARGEST and "\nclass " in text_of(path)]


def text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return ""


def parsed(text: str) -> ast.Module | None:
    """Return the syntax tree, or None for what this Python cannot read."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return ast.parse(text)
        except SyntaxError:
            return None


def lines(text: str) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)


def with_tabs(text: str) -> str:
    """Return the text with a tab for each four spaces that a line begins with."""
    return re.sub(r"(?m)^(?: {4})+", lambda found: "\t" * (len(found[0]) // 4), text)


def inserted(before: str, after: str, name: str) -> Counter[str]:
    """Return the lines, stripped, that must be taken out of `after` to get `before` back; fail where that is not enough.

    Taken back first: names added to an import, and the breaks after the headers of bodies on one line.
    """
    before, after = before.removeprefix(MARK), after.removeprefix(MARK)
    kept, result = _unfolded(before, after, name), _with_imports_of(before, after)
    left = iter(result)
    for number, line in enumerate(kept, 1):
        assert line in left, f"line {number} is gone: {line!r}"
    return Counter(line.strip() for line in result if line.strip()) - Counter(
        line.strip() for line in kept if line.strip()
    )


def assert_nothing_but_the_blocks(found: Counter[str]) -> None:
    """Fail where a line is no line of the blocks, or one of theirs is missing; imports may have been there before."""
    whole = "".join([BLOCKS.guard, BLOCKS.setup, *BLOCKS.methods])
    blocks = Counter(line.strip() for line in whole.splitlines() if line.strip())
    runtime = Counter(
        line.strip() for line in BLOCKS.imports.partition("# Event bus")[0].splitlines() if line.strip()
    )
    runtime += Counter(["definition_of,"])
    assert not blocks - found
    assert not found - blocks - runtime - Counter([*HEADS, SAID])


def _ended(text: str) -> list[str]:
    """Return the lines without their ends, which the last one may lack."""
    return [line.rstrip("\r\n") for line in lines(text)]


def _with_imports_of(before: str, after: str) -> list[str]:
    """Return the lines of `after` with every import that was extended as it was."""
    result = _ended(after)
    old, new = _own_imports(before), _own_imports(after)
    added = {item.bound for item in BLOCKS.needed_imports}
    candidates = iter(new)
    extended = [(was, next(now for now in candidates if _extends(now, was))) for was in old]
    for was, now in reversed(extended):
        assert {alias.name for alias in now.names} - {alias.name for alias in was.names} <= added
        result[_span(now)] = _ended(before)[_span(was)]
    return result


def _extends(now: ast.ImportFrom, was: ast.ImportFrom) -> bool:
    names = {alias.name for alias in now.names}
    return now.module == was.module and names >= {alias.name for alias in was.names}


def _own_imports(text: str) -> list[ast.ImportFrom]:
    """Return the imports from modules that the blocks import from as well."""
    tree = parsed(text)
    assert tree is not None
    modules = {item.module for item in BLOCKS.needed_imports if item.name}
    return [item for item in tree.body if isinstance(item, ast.ImportFrom) and item.module in modules]


def _span(node: ast.stmt) -> slice:
    return slice(node.lineno - 1, node.end_lineno)


def _unfolded(before: str, after: str, name: str) -> list[str]:
    """Return the lines of `before` with a break where a body stood on its header's line."""
    result = _ended(before)
    tree = parsed(before)
    assert tree is not None
    cls = next(item for item in tree.body if isinstance(item, ast.ClassDef) and item.name == name)
    setups = [item for item in cls.body if getattr(item, "name", "") in {"__init__", "__post_init__"}]
    for owner in (*setups[-1:], cls):
        first = owner.body[0]  # type: ignore[attr-defined]
        line = result[first.lineno - 1].encode()
        head, rest = line[: first.col_offset].decode(), line[first.col_offset :].decode()
        if head.strip():
            broken = next(other for other in _ended(after) if other.strip() == rest.strip())
            result[first.lineno - 1 : first.lineno] = [head.rstrip(), broken]
    return result


def top_classes(tree: ast.Module) -> Sequence[str]:
    """Return the names of the classes at the top level, those that are there once."""
    names = Counter(item.name for item in tree.body if isinstance(item, ast.ClassDef))
    return [name for name, count in names.items() if count == 1]
