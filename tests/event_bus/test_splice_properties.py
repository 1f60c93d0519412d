"""Whatever a module looks like: it still compiles, twice is once, and all of it is still there."""

from __future__ import annotations

import ast
import re
import warnings

from event_bus.corpus import BLOCKS as WITH_ADOPTION
from event_bus.corpus import assert_nothing_but_the_blocks, inserted
from event_bus.shapes import CLASS, Shape, modules
from event_bus.sources import INIT_ATTRIBUTES, METHODS, method_names, spliced
from hypothesis import HealthCheck, given, settings

from nodesmith.generation.event_bus.splice import splice_event_bus

SETUPS = {"__init__", "__post_init__"}
PROPERTY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PROPERTY
@given(modules())
def test_a_spliced_module_compiles_and_has_the_methods_in_its_class(shape: Shape) -> None:
    result = spliced(shape.text, CLASS)

    compiles(result)
    assert method_names(result, CLASS)[-len(METHODS) :] == list(METHODS)


@PROPERTY
@given(modules(folded=True))
def test_a_body_on_its_headers_line_is_unfolded(shape: Shape) -> None:
    result = spliced(shape.text, CLASS)

    compiles(result)
    assert spliced(result, CLASS) == result


@PROPERTY
@given(modules())
def test_splicing_twice_changes_nothing(shape: Shape) -> None:
    once = spliced(shape.text, CLASS)

    assert spliced(once, CLASS) == once


@PROPERTY
@given(modules())
def test_all_lines_but_those_of_imports_stay_byte_for_byte_and_in_order(shape: Shape) -> None:
    result = spliced(shape.text, CLASS)

    left = iter([ended(line) for line in lines(result)])
    for line in without_imports(shape.text):
        assert line in left, f"{line!r} is gone"


@PROPERTY
@given(modules())
def test_without_the_blocks_a_spliced_module_is_what_it_was(shape: Shape) -> None:
    result = spliced(shape.text, CLASS)

    had_init = not SETUPS.isdisjoint(method_names(shape.text, CLASS))
    rest = [line for line in without_blocks(result, keep_init=had_init) if line]
    assert rest == [line for line in without_imports(shape.text) if line]


@PROPERTY
@given(modules())
def test_line_ends_stay_of_one_kind_and_the_last_line_ends_as_it_did(shape: Shape) -> None:
    result = spliced(shape.text, CLASS)

    assert ("\r\n" in result) == ("\r\n" in shape.text) or "\n" not in shape.text
    assert "\r" not in result.replace("\r\n", "") if "\r\n" in result else "\r" not in result
    assert result.endswith("\n") == shape.text.endswith("\n")


@PROPERTY
@given(modules())
def test_a_class_without_a_definition_is_given_one_in_the_same_way(shape: Shape) -> None:
    result = splice_event_bus(shape.text, class_name=CLASS, blocks=WITH_ADOPTION)

    compiles(result)
    assert splice_event_bus(result, class_name=CLASS, blocks=WITH_ADOPTION) == result
    assert_nothing_but_the_blocks(inserted(shape.text, result, CLASS))


def compiles(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        compile(text.removeprefix("\ufeff"), "node.py", "exec")


def lines(text: str) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)


def without_imports(text: str) -> list[str]:
    gone: set[int] = set()
    for item in ast.parse(text.removeprefix("\ufeff")).body:
        if isinstance(item, ast.Import | ast.ImportFrom):
            gone |= spanned(item)
    return [ended(line) for number, line in enumerate(lines(text), 1) if number not in gone]


def without_blocks(text: str, *, keep_init: bool) -> list[str]:
    tree = ast.parse(text.removeprefix("\ufeff"))
    gone: set[int] = set()
    for item in tree.body:
        if isinstance(item, ast.Import | ast.ImportFrom):
            gone |= spanned(item)
        if isinstance(item, ast.Try) and "EVENT_BUS_AVAILABLE" in ast.unparse(item):
            gone |= spanned(item) | {item.lineno - 1}
        if isinstance(item, ast.ClassDef) and item.name == CLASS:
            for member in item.body:
                gone |= inserted_lines(member, keep_init=keep_init)
    return [ended(line) for number, line in enumerate(lines(text), 1) if number not in gone]


def inserted_lines(member: ast.stmt, *, keep_init: bool) -> set[int]:
    name = getattr(member, "name", "")
    if name in METHODS or (name in SETUPS and not keep_init):
        return spanned(member)
    gone: set[int] = set()
    for statement in getattr(member, "body", []) if name in SETUPS else []:
        target = ast.unparse(statement).partition(" ")[0].partition(":")[0].removeprefix("self.")
        if target in INIT_ATTRIBUTES:
            gone |= spanned(statement)
    return gone


def spanned(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or 0) + 1))


def ended(line: str) -> str:
    """Return a line without its end, which the last one may lack, and without a mark at the text's start."""
    return line.rstrip("\r\n").removeprefix("\ufeff")
