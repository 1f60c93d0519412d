from __future__ import annotations

import time

import pytest
from spec.checking import fixes, problems, tree_of_text

from nodesmith.spec.findings import Findings
from nodesmith.spec.tree import plain
from nodesmith.spec.yaml_tree import MAX_BYTES, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01T10:00:00Z", "2020-01-01T10:00:00Z"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1.0.0", "1.0.0"),
        ("=", "="),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("'7'", "7"),
        ('"true"', "true"),
        ("!!str 7", "7"),
    ],
)
def test_a_scalar_is_read_by_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    read = plain(tree_of_text(f"a: {text}\n"))

    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


def test_every_value_and_every_key_knows_its_line_column_and_path() -> None:
    tree = tree_of_text("top:\n  list:\n    - a\n    - {deep: x}\n")

    deep = tree.at("top", "list").items[1].entries["deep"]

    assert (deep.place.line, deep.place.column, deep.place.path) == (4, 14, "top.list[1].deep")
    assert (deep.key.line, deep.key.column) == (4, 8)


def test_columns_count_characters_not_bytes_and_a_byte_order_mark_counts_for_nothing() -> None:
    tree = tree_of_text("\ufeff{é: ü, ß: x}\n".encode())

    assert (tree.at("ß").key.column, tree.at("ß").place.column) == (8, 11)


def test_windows_line_ends_do_not_move_lines() -> None:
    assert tree_of_text(b"a: 1\r\nb: 2\r\n").at("b").key.line == 2


def test_an_alias_stands_for_its_value() -> None:
    assert plain(tree_of_text("a: &x [1, 2]\nb: *x\n")) == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: b\nc: 1\n c: 2\n", "3:3  [yaml-syntax]"),
        ("a: b: c\n", "1:5  [yaml-syntax]"),
        ("node: x\n\tname: y\n", "2:1  [yaml-syntax]"),
        ("a: @x\n", "1:4  [yaml-syntax]"),
        ("a: [1, 2\n", "1:9  [yaml-syntax]"),
        ("x: 1\nx: 2\n", "2:1 x [duplicate-key]"),
        ("x: !!python/object:os.system y\n", "1:4 x [tag]"),
        ("x: !!binary aGk=\n", "1:4 x [tag]"),
        ("x: !mine {a: 1}\n", "1:4 x [tag]"),
        ("1: x\n", "1:1 '1' [key]"),
        ("? [a]\n: x\n", "1:3 '?' [key]"),
        ("null: x\n", "1:1 null [key]"),
        ("<<: {a: 1}\n", "1:1 '<<' [merge-key]"),
        ("x: .nan\n", "1:4 x [number]"),
        ("x: 1e999\n", "1:4 x [number]"),
        (f"x: {'9' * 400}\n", "1:4 x [number]"),
        ('x: "a\\0b"\n', "1:4 x [control-character]"),
        ("x: a\x00b\n", "1:5  [control-character]"),
        ("x: a\n\x1b: b\n", "2:1  [control-character]"),
        ("x: *y\n", "1:4  [alias]"),
        ("x: &y [*y]\n", "1:8  [alias]"),
        ("node: effect\n---\nnode: compute\n", "2:1  [multiple-documents]"),
        ("[" * 100 + "]" * 100, "1:65  [too-deep]"),
        (b"a: \xffb\n", "1:4  [encoding]"),
        (b"a: b\n\xc3\xa4: \xe4\n", "2:4  [encoding]"),
        ("a: b\n".encode("utf-16"), "1:1  [encoding]"),
        ("a: b\n".encode("utf-16-be"), "1:1  [encoding]"),
        ("a: b\n".encode("utf-32"), "1:1  [encoding]"),
        ("a: &x 1\nb: &x 2\nc: {d: *x, d: 1}\n", "3:12 c.d [duplicate-key]"),
        ("a: {<<: [{b: 1}], c: 1}\n", "1:5 a.'<<' [merge-key]"),
        ("!!map {a: 1}\n---\n", "2:1  [multiple-documents]"),
        ("x: !!python/object/apply:os.system ['true']\n", "1:4 x [tag]"),
        ("x: !!python/name:os.system ''\n", "1:4 x [tag]"),
        ("x: !!js/function 'x'\n", "1:4 x [tag]"),
        ("!!python/object/new:type {a: 1}\n", "1:1  [tag]"),
        ("? !!python/tuple [a]\n: x\n", "1:3 '?' [tag]"),
        (b"a" * (MAX_BYTES + 1), "1:1  [too-large]"),
        (b"", "1:1  [empty]"),
        (b"# only a comment\n", "1:1  [empty]"),
    ],
)
def test_what_is_wrong_with_yaml_is_found_where_it_stands(text: str | bytes, found: str) -> None:
    assert found in problems(text)


def test_a_tab_is_answered_with_spaces() -> None:
    assert "indent with spaces, not with tabs" in fixes("node: effect\n\tname: y\n")


def test_a_syntax_error_does_not_hide_what_is_wrong_before_it_and_blames_nothing_for_being_absent() -> None:
    text = "node: efect\nname: x\ncolour: red\noperations:\n  a: {key: later}\n  b: [\n"

    assert problems(text) == [
        "1:7 node [unknown-value]",
        "3:1 colour [unknown-key]",
        "6:6 operations.b [wrong-type]",
        "6:7  [yaml-syntax]",
    ]


def test_an_alias_bomb_is_refused_in_no_time() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started = time.process_time()

    found = problems("\n".join(lines))

    assert any("[too-large]" in problem for problem in found)
    assert time.process_time() - started < 10


def test_aliases_cannot_nest_deeper_than_the_file_may() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100))]
    findings = Findings()

    read_yaml("\n".join(lines).encode(), file="x", findings=findings)

    assert [finding.rule for finding in findings.all()] == ["too-deep"]


@pytest.mark.parametrize(
    "junk",
    [
        b"[",
        b"{",
        b"- ",
        b"? ",
        b"a: ",
        b'"',
        b"\t",
        b"&a ",
        b"[*a,",
        b"\x00",
        b"1",
        b"[1,",
        b"\n",
        b"k: 1\n",
        b"|\n",
    ],
)
def test_a_megabyte_of_junk_is_refused_quickly(junk: bytes) -> None:
    started = time.process_time()

    found = problems(junk * (MAX_BYTES // len(junk)))

    assert found
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("- &a [", "]"), ("!!seq [", "]")],
)
def test_a_hundred_thousand_levels_are_refused_quickly(opening: str, closing: str) -> None:
    started = time.process_time()

    found = problems("x:\n " + opening * 100_000 + closing * 100_000)

    assert found
    assert time.process_time() - started < 10


def test_a_huge_scalar_is_read_once_and_refused_for_its_length() -> None:
    text = f"node: compute\nname: x\ndescription: {'very long ' * 300_000}\noperations: {{a: {{}}}}\n"

    assert problems(text) == ["3:14 description [too-long]"]


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_a_sign_that_ends_a_line_in_some_versions_of_yaml_is_refused(sign: str) -> None:
    """It would hide a key behind a comment, and come out of a quoted text as something else."""
    found = problems(f"node: compute\nname: x # why{sign}operations: {{a: {{}}}}\n")

    assert found == ["1:1  [missing-key]", "2:14  [control-character]"]


def test_such_a_sign_may_be_written_as_an_escape() -> None:
    assert plain(tree_of_text('a: "x\\u2028y"\n')) == {"a": "x\u2028y"}


def test_a_node_of_more_values_than_one_may_have_is_refused_where_it_stands() -> None:
    fields = "\n".join(f"          - {{x: {number}, y: 1}}" for number in range(20_000))
    small = "  - {node: compute, name: a, operations: {b: {}}}\n"
    large = "  - node: compute\n    name: c\n    operations:\n      d:\n        input:\n"

    found = problems(f"system: x\nnodes:\n{small}{large}{fields}\n")

    assert "4:5 nodes[1] [too-large]" in found
