"""Put the event bus into a node's module: whole blocks, located by the syntax tree, spliced into the text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nodesmith.errors import GateError
from nodesmith.generation.event_bus.blocks import INDENT, EventBusBlocks, indented
from nodesmith.generation.event_bus.imports import first_imports, is_import, merge_imports, render_imports
from nodesmith.generation.event_bus.node_class import find_class, shape_findings
from nodesmith.generation.event_bus.presence import (
    conflict_findings,
    find_parts,
    import_parts,
    inherited_findings,
)
from nodesmith.generation.event_bus.scope import Definition, first_line, last_line
from nodesmith.generation.event_bus.setup_method import INIT, SetupMethod, find_setup
from nodesmith.generation.event_bus.shadowing import shadowing_findings
from nodesmith.generation.event_bus.source import Edit, Source, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.generation.event_bus.imports import Import


def splice_event_bus(source: str, *, class_name: str, blocks: EventBusBlocks, file: str = "node.py") -> str:
    """Return `source` with the event bus in class `class_name`; one that has it comes back as it is.

    Every other line stays byte for byte, but for a `from ... import` that the blocks extend and a body that stands
    on its header's line. Raises GateError, with findings that name `file` and a line, where the class is not there,
    where the event bus is there in part, and where the class is of a shape the bus cannot be put into.
    """
    return splice_module(Source(source, file), class_name=class_name, blocks=blocks).text


def splice_module(module: Source, *, class_name: str, blocks: EventBusBlocks) -> Source:
    """Return a module that is read already with the event bus in it, as `splice_event_bus` does."""
    cls = find_class(module, class_name)
    parts = find_parts(module, cls, blocks)
    imports = import_parts(module, blocks)
    if all(part.same for part in (*parts, *imports)):
        return module
    findings = [
        *conflict_findings(module, parts, partial=any(part.same for part in parts)),
        *conflict_findings(module, imports, partial=all(part.same for part in parts)),
        *inherited_findings(module, cls, blocks),
        *shape_findings(module, cls),
        *shadowing_findings(module, cls, blocks),
    ]
    if findings:
        raise refusal(*findings)
    missing = [item for item, part in zip(blocks.needed_imports, imports, strict=True) if not part.same]
    result = _spliced(_unfolded(module, class_name), class_name, blocks, missing)
    return _checked(result, class_name, blocks)


def _unfolded(module: Source, class_name: str) -> Source:
    """Give the class and its setup method lines of their own where they stand on their header's line."""
    cls = find_class(module, class_name)
    module = module.apply(_unfold(module, cls.body[0], _indentation_unit(module)))
    cls = find_class(module, class_name)
    body = find_setup(module, cls).body
    base = module.indentation(cls.body[0].lineno)
    return module.apply(_unfold(module, body[0], base * 2)) if body else module


def _unfold(module: Source, first: ast.stmt, indentation: str) -> list[Edit]:
    if isinstance(first, Definition) or module.begins_its_line(first):
        return []
    start = module.line_start(first.lineno)
    end = module.offset(first.lineno, first.col_offset)
    return [Edit(start + len(module.text[start:end].rstrip()), end, f"\n{indentation}")]


def _indentation_unit(module: Source) -> str:
    indented_lines = (module.indentation(number) for number in range(1, len(module.lines) + 1))
    return "\t" if any(found.startswith("\t") for found in indented_lines) else INDENT


def _spliced(module: Source, class_name: str, blocks: EventBusBlocks, missing: Sequence[Import]) -> Source:
    cls = find_class(module, class_name)
    return module.apply(
        [
            *_import_edits(module, cls, blocks, missing),
            _setup_edit(module, cls, blocks),
            _method_edit(module, cls, blocks),
        ]
    )


def _import_edits(
    module: Source, cls: ast.ClassDef, blocks: EventBusBlocks, missing: Sequence[Import]
) -> list[Edit]:
    above = first_line(cls)
    unit = module.indentation(cls.body[0].lineno)
    guard = indented(blocks.guard, base="", unit=unit)
    edits = merge_imports(module, missing, before=above, unit=unit)
    body = module.tree.body
    if not first_imports(body, before=above):
        line = _header_end(module)
        text = f"{render_imports(missing, unit=unit)}\n{guard}"
        return [*edits, module.insert_after(line, ("\n" if line else "") + text + _gap(module, line))]
    last = [item for item in body if item.lineno < above and _imports_something(item)][-1]
    line = last_line(body, last)
    return [*edits, module.insert_after(line, "\n" + guard + _gap(module, line))]


def _imports_something(statement: ast.stmt) -> bool:
    """Say whether a statement is an import, or a block of them such as `if TYPE_CHECKING:`."""
    inside = statement.body if isinstance(statement, ast.If | ast.Try | ast.With) else []
    return is_import(statement) or any(is_import(item) for item in inside)


def _header_end(module: Source) -> int:
    """Return the last line of what must stay at the top: a docstring, or else comments that stand apart."""
    body = module.tree.body
    if ast.get_docstring(module.tree, clean=False) is not None:
        return last_line(body, body[0])
    line = 0
    while module.is_comment(line + 1):
        line += 1
    if module.is_blank(line + 1):
        return line
    return next((at for at in range(min(line, 2), 0, -1) if _is_declaration(module.lines[at - 1])), 0)


def _is_declaration(line: str) -> bool:
    return line.startswith("#!") or "coding" in line


def _gap(module: Source, line: int) -> str:
    """Return the blank lines to add after line `line`, where what follows brings none of its own."""
    if module.is_blank(line + 1):
        return ""
    following = next((item for item in module.tree.body if first_line(item) > line), None)
    return "\n\n" if isinstance(following, Definition) else "\n"


def _setup_edit(module: Source, cls: ast.ClassDef, blocks: EventBusBlocks) -> Edit:
    unit = module.indentation(cls.body[0].lineno)
    setup = find_setup(module, cls)
    if not setup.body:
        return _new_setup(module, cls, setup, blocks)
    base = module.indentation(setup.body[0].lineno)
    block = indented(blocks.setup, base=base, unit=unit)
    last = setup.body[-1]
    if isinstance(last, ast.Return):
        return module.insert_before(last.lineno, block)
    return module.insert_after(_with_comments(module, last_line(setup.body, last), base), block)


def _new_setup(module: Source, cls: ast.ClassDef, setup: SetupMethod, blocks: EventBusBlocks) -> Edit:
    unit = module.indentation(cls.body[0].lineno)
    lines = [
        f"def {setup.name}(self) -> None:",
        f'{INDENT}"""Put the node together; nothing is opened yet."""',
        *([f"{INDENT}super().{INIT}()"] if setup.calls_super else []),
    ]
    block = indented("\n".join(lines), base=unit, unit=unit) + indented(
        blocks.setup, base=unit * 2, unit=unit
    )
    for before, item in zip([None, *cls.body], cls.body, strict=False):
        if isinstance(item, Definition):
            floor = last_line(cls.body, before) if before else cls.lineno
            return module.insert_before(module.above_comments(first_line(item), floor=floor), block + "\n")
    return module.insert_after(_with_comments(module, cls.end_lineno or 0, unit), "\n" + block)


def _method_edit(module: Source, cls: ast.ClassDef, blocks: EventBusBlocks) -> Edit:
    unit = module.indentation(cls.body[0].lineno)
    methods = "".join("\n" + indented(block, base=unit, unit=unit) for block in blocks.methods)
    return module.insert_after(_with_comments(module, cls.end_lineno or 0, unit), methods)


def _with_comments(module: Source, line: int, indentation: str) -> int:
    """Return the last of the comment lines that follow a line at no less than `indentation`."""
    while module.is_comment(line + 1) and module.lines[line].startswith(indentation):
        line += 1
    return line


def _checked(module: Source, class_name: str, blocks: EventBusBlocks) -> Source:
    """Return the module when it parses and holds every part; raises GateError otherwise."""
    try:
        cls = find_class(module, class_name)
    except GateError as error:
        raise _unfit(module, error.findings[0].message) from None
    for part in (*find_parts(module, cls, blocks), *import_parts(module, blocks)):
        if not part.same:
            raise _unfit(module, f"{part.name} is not where it should be")
    return module


def _unfit(module: Source, message: str) -> GateError:
    fix = "run a formatter over it, and then integrate the event bus"
    return refusal(
        module.finding("result", f"with the event bus in it the module is broken: {message}", fix=fix)
    )
