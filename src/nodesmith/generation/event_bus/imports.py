"""Imports a block of code needs, merged into those a module has: in isort's order, and with nothing else moved."""

from __future__ import annotations

import ast
import sys
from enum import IntEnum
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING, TypeGuard

from nodesmith.generation.event_bus.scope import last_line
from nodesmith.generation.event_bus.source import Edit, Source
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINE_LENGTH = 88
ImportStatement = ast.Import | ast.ImportFrom
MemberKey = tuple[int, str, str]
Rank = tuple["Section", bool, str, MemberKey]


class Section(IntEnum):
    """The groups isort keeps apart by a blank line, in order."""

    FUTURE = 0
    STANDARD_LIBRARY = 1
    THIRD_PARTY = 2
    LOCAL = 3


@dataclass(frozen=True, slots=True)
class Import:
    """`import module` where `name` is empty, else `from module import name`."""

    module: str
    name: str = ""

    @property
    def bound(self) -> str:
        """The name it binds."""
        return self.name or self.module


@dataclass(frozen=True, slots=True)
class _NewStatement:
    """`rank` is where isort puts it among others."""

    module: str
    names: tuple[str, ...]

    @property
    def rank(self) -> Rank:
        return _rank(self.module, self.members)

    @property
    def members(self) -> list[str]:
        return sorted(self.names, key=_member_key)

    def text(self, *, unit: str) -> str:
        if not self.names:
            return f"import {self.module}\n"
        return _from_import(f"from {self.module} import", self.members, wrap=False, unit=unit) + "\n"


def is_import(statement: ast.AST) -> TypeGuard[ImportStatement]:
    """Say whether a statement is an import."""
    return isinstance(statement, ImportStatement)


def imports_in(body: Iterable[ast.AST]) -> dict[str, Import]:
    """Return what the imports that stand directly in a body bind, by the name they bind."""
    return {
        alias.asname or alias.name.partition(".")[0]: _imported(statement, alias)
        for statement in body
        if is_import(statement)
        for alias in statement.names
    }


def merge_imports(source: Source, missing: Iterable[Import], *, before: int, unit: str) -> list[Edit]:
    """Return the edits that import `missing`, at the latest above line `before`; a long list is indented by `unit`.

    There are none where the module imports nothing above that line: then its imports are yet to be written.
    """
    body = source.tree.body
    run = first_imports(body, before=before)
    edits: list[Edit] = []
    new: list[_NewStatement] = []
    for statement in _statements(missing) if run else ():
        existing = _existing(body, statement) if statement.names else None
        if existing is None:
            new.append(statement)
        else:
            edits += _extended(source, existing, statement.names, unit=unit)
    return edits + _insertions(source, run, new, unit=unit)


def render_imports(needed: Iterable[Import], *, unit: str) -> str:
    """Return the imports of a module that has none yet."""
    text, previous = "", None
    for statement in _statements(needed):
        section = statement.rank[0]
        text += ("" if previous in (None, section) else "\n") + statement.text(unit=unit)
        previous = section
    return text


def first_imports(body: Sequence[ast.stmt], *, before: int) -> list[ImportStatement]:
    """Return the first run of imports above a line, which isort sorts as one."""
    above = (statement for statement in body if statement.lineno < before)
    return list(takewhile(is_import, dropwhile(lambda statement: not is_import(statement), above)))  # type: ignore[arg-type]


def _imported(statement: ImportStatement, alias: ast.alias) -> Import:
    if isinstance(statement, ast.ImportFrom):
        return Import(_module(statement), alias.name)
    return Import(alias.name if alias.asname else alias.name.partition(".")[0])


def _module(statement: ImportStatement) -> str:
    if isinstance(statement, ast.ImportFrom):
        return "." * statement.level + (statement.module or "")
    return statement.names[0].name


def _statements(imports: Iterable[Import]) -> list[_NewStatement]:
    names: dict[tuple[str, bool], list[str]] = {}
    for item in imports:
        names.setdefault((item.module, bool(item.name)), []).extend([item.name] if item.name else [])
    statements = [_NewStatement(module, tuple(found)) for (module, _), found in names.items()]
    return sorted(statements, key=lambda statement: statement.rank)


def _rank(module: str, members: Sequence[str]) -> Rank:
    root = module.partition(".")[0]
    if not root:
        section = Section.LOCAL
    elif root == "__future__":
        section = Section.FUTURE
    else:
        section = Section.STANDARD_LIBRARY if root in sys.stdlib_module_names else Section.THIRD_PARTY
    return section, bool(members), module.lower(), _member_key(members[0] if members else "")


def _rank_of(statement: ImportStatement) -> Rank:
    members = [alias.name for alias in statement.names] if isinstance(statement, ast.ImportFrom) else []
    return _rank(_module(statement), members)


def _existing(body: Sequence[ast.stmt], new: _NewStatement) -> ast.ImportFrom | None:
    """Return the statement that takes more names of the module; isort leaves renamed ones to themselves."""
    for statement in body:
        if not isinstance(statement, ast.ImportFrom) or _module(statement) != new.module:
            continue
        if not any(alias.asname or alias.name == "*" for alias in statement.names):
            return statement
    return None


def _insertions(
    source: Source, run: Sequence[ImportStatement], new: Iterable[_NewStatement], *, unit: str
) -> list[Edit]:
    groups: dict[tuple[int, Section], str] = {}
    for statement in new:
        index = max((at for at, other in enumerate(run) if _rank_of(other) < statement.rank), default=-1)
        place = (index, statement.rank[0])
        groups[place] = groups.get(place, "") + statement.text(unit=unit)
    return [_insertion(source, run, index, section, text) for (index, section), text in groups.items()]


def _insertion(
    source: Source, run: Sequence[ImportStatement], index: int, section: Section, text: str
) -> Edit:
    """Return the edit that puts `text` after `run[index]`, in its section or in one of its own."""
    body = source.tree.body
    following = run[index + 1] if index + 1 < len(run) else None
    before = _rank_of(run[index])[0] if index >= 0 else None
    after = _rank_of(following)[0] if following else None
    if following and source.begins_its_line(following) and (before is None or before != section == after):
        # What stands above the first import is the module's, above another one it is that import's.
        line = following.lineno
        if index >= 0:
            line = source.above_comments(line, floor=last_line(body, run[index]))
        apart = after != section or line != following.lineno
        return source.insert_before(line, text + "\n" if apart else text)
    anchor = run[max(index, 0)]
    return source.insert_after(last_line(body, anchor), text if before == section else "\n" + text)


def _extended(source: Source, statement: ast.ImportFrom, names: Iterable[str], *, unit: str) -> list[Edit]:
    start = source.offset(statement.lineno, statement.col_offset)
    end = source.offset(statement.end_lineno or 0, statement.end_col_offset or 0)
    text = source.text[start:end]
    if "#" in text:
        return _member_insertions(source, statement, sorted(names, key=_member_key))
    members = [alias.name for alias in statement.names]
    for name in names:
        members.insert(_member_index(members, name), name)
    head = text[: source.offset(statement.names[0].lineno, statement.names[0].col_offset) - start].rstrip(
        "( \\\t\r\n"
    )
    return [
        Edit(
            start, end, _from_import(head, members, wrap=statement.lineno != statement.end_lineno, unit=unit)
        )
    ]


def _member_index(members: Sequence[str], name: str) -> int:
    later = (at for at, member in enumerate(members) if _member_key(member) > _member_key(name))
    return next(later, len(members))


def _member_insertions(source: Source, statement: ast.ImportFrom, names: Iterable[str]) -> list[Edit]:
    """Return the edits that add names to a list with comments, and leave each comment with what it is about."""
    edits, later = [], []
    for name in names:
        following = next(
            (item for item in statement.names if _member_key(item.name) > _member_key(name)), None
        )
        if following:
            at = source.offset(following.lineno, following.col_offset)
            edits.append(Edit(at, at, f"{name},\n{source.indentation(following.lineno)}"))
        else:
            later.append(name)
    return edits + (_members_at_end(source, statement, later) if later else [])


def _members_at_end(source: Source, statement: ast.ImportFrom, names: Sequence[str]) -> list[Edit]:
    last = statement.names[-1]
    line = last.end_lineno or 0
    at = source.offset(line, last.end_col_offset or 0)
    if line == statement.end_lineno:
        return [Edit(at, at, "".join(f", {name}" for name in names))]
    indentation = source.indentation(last.lineno)
    has_comma = source.text[at:].lstrip(" \t").startswith(",")
    comma = [] if has_comma else [Edit(at, at, ",")]
    return [*comma, source.insert_after(line, "".join(f"{indentation}{name},\n" for name in names))]


def _from_import(head: str, members: Sequence[str], *, wrap: bool, unit: str) -> str:
    line = f"{head} {', '.join(members)}"
    if not wrap and len(line) <= LINE_LENGTH:
        return line
    return f"{head} (\n" + "".join(f"{unit}{member},\n" for member in members) + ")"


def _member_key(name: str) -> MemberKey:
    """Sort constants first, then classes, then the rest, as isort does."""
    constant = len(name) > 1 and name.isupper()
    return 0 if constant else 1 if name[:1].isupper() else 2, name.lower(), name
