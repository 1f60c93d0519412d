"""Our own merge, for where git is absent, held against git's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodesmith.generation.update.changes import Resolution
from nodesmith.generation.update.line_ends import Style, read_style
from nodesmith.generation.update.merging import (
    Merged,
    holds_markers,
    merge,
    merge_by_lines,
    merge_without_base,
    split_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="what it is held against")

History = tuple[bytes, bytes, bytes]
BASE = b"".join(b"line %d\n" % number for number in range(1, 9))
WORDS = st.sampled_from([b"a", b"b", b"c", b"", b"    return x", b"}"])


@st.composite
def edited(draw: DrawFn, base: list[bytes], mark: bytes) -> list[bytes]:
    """Change a text in some places; what is added is new, or what is there already, somewhere else."""
    lines = list(base)
    for number in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(lines)))
        end = draw(st.integers(start, min(len(lines), start + 3)))
        lines[start:end] = draw(st.lists(st.one_of(st.just(b"%s %d" % (mark, number)), WORDS), max_size=3))
    return lines


@st.composite
def histories(draw: DrawFn) -> History:
    """Draw a text, and what two people made of it; the last line may have no end."""
    base = draw(st.lists(st.one_of(WORDS, st.integers(0, 99).map(lambda n: b"line %d" % n)), max_size=12))
    sides = (base, draw(edited(base, b"ours")), draw(edited(base, b"theirs")))
    ended = (
        b"\n".join(side) + (draw(st.sampled_from([b"\n", b"\n", b""])) if side else b"") for side in sides
    )
    return next(ended), next(ended), next(ended)


def added(base: bytes, side: bytes) -> set[bytes]:
    return {line.rstrip(b"\n") for line in split_lines(side)} - {
        line.rstrip(b"\n") for line in split_lines(base)
    }


@needs_git
@given(histories())
def test_what_conflicts_for_git_conflicts_for_us_and_the_rest_comes_to_the_same(history: History) -> None:
    by_git, by_us = merge(*history), merge_by_lines(*history)

    if by_us.conflicts:
        return
    if by_git.conflicts:  # where the sides came to the same in the end, which git does not always see
        assert by_us.text in {merge(*history, side).text for side in (Resolution.OURS, Resolution.THEIRS)}
    else:
        assert by_us.text == by_git.text


@given(histories())
def test_a_clean_merge_holds_what_both_added(history: History) -> None:
    base, ours, theirs = history
    merged = merge_by_lines(*history)

    lines = {line.rstrip(b"\n") for line in split_lines(merged.text)}
    assert lines >= added(base, ours) | added(base, theirs)


@given(histories())
def test_a_side_that_changed_nothing_gives_way(history: History) -> None:
    base, ours, theirs = history

    assert merge_by_lines(base, base, theirs).text == theirs
    assert merge_by_lines(base, ours, base).text == ours
    assert merge_by_lines(base, ours, ours).text == ours


@given(histories())
def test_a_choice_leaves_no_conflict_and_no_marker(history: History) -> None:
    for favour in (Resolution.OURS, Resolution.THEIRS):
        merged = merge_by_lines(*history, favour)
        assert merged.conflicts == 0
        assert not holds_markers(merged.text)


@pytest.mark.parametrize("how", [merge_by_lines, pytest.param(merge, marks=needs_git)])
def test_markers_name_all_three_sides(how: Callable[..., Merged]) -> None:
    merged = how(BASE, BASE.replace(b"line 4", b"mine"), BASE.replace(b"line 4", b"new"))

    assert merged.conflicts == 1
    assert merged.text == (
        b"line 1\nline 2\nline 3\n<<<<<<< yours\nmine\n||||||| before\nline 4\n=======\nnew\n>>>>>>> nodesmith\n"
        b"line 5\nline 6\nline 7\nline 8\n"
    )


def test_without_a_common_text_each_difference_is_between_markers() -> None:
    merged = merge_without_base(b"a\nmine\nb\n", b"a\nb\nnew\n")

    assert merged.conflicts == 2
    assert merged.text == (
        b"a\n<<<<<<< yours\nmine\n=======\n>>>>>>> nodesmith\nb\n<<<<<<< yours\n=======\nnew\n>>>>>>> nodesmith\n"
    )


@given(st.binary(), st.sampled_from([b"", b"a\n", b"a\r\n", b"\xef\xbb\xbfa\n"]))
def test_line_ends_and_mark_that_are_set_aside_come_back_the_same(data: bytes, made: bytes) -> None:
    style, plain = read_style(data, made=made)

    assert style.apply(plain) == data


def test_line_ends_are_set_aside_where_all_are_of_one_kind() -> None:
    assert read_style(b"\xef\xbb\xbfa\r\nb\r\n", made=b"a\n") == (Style(crlf=True, bom=True), b"a\nb\n")
    assert read_style(b"a\r\nb\n", made=b"a\n") == (Style(), b"a\r\nb\n")
