"""A few hundred classes of other people: each is integrated and nothing of it is lost, or refused with the reason."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest
from event_bus.corpus import (
    BLOCKS,
    assert_nothing_but_the_blocks,
    inserted,
    modules,
    parsed,
    text_of,
    top_classes,
    with_tabs,
)

from nodesmith.errors import Finding, GateError
from nodesmith.generation.event_bus.source import Source
from nodesmith.generation.event_bus.splice import splice_module

if TYPE_CHECKING:
    from pathlib import Path

ENOUGH = 340
EVERY = 5  # of those that are integrated, one in so many in other shapes as well


class Integrated(NamedTuple):
    path: Path
    name: str
    before: str
    after: str


class Corpus(NamedTuple):
    integrated: list[Integrated]
    refused: list[Finding]


def spliced(text: str, name: str) -> str:
    return splice_module(Source(text, "node.py"), class_name=name, blocks=BLOCKS).text


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    found = Corpus([], [])
    for path in modules():
        text = text_of(path)
        source = Source(text, str(path))
        try:
            names = top_classes(source.tree)
        except GateError:  # a template, or written for a later Python
            continue
        for name in names:
            try:
                after = splice_module(source, class_name=name, blocks=BLOCKS).text
            except GateError as error:
                found.refused.append(error.findings[0])
            else:
                found.integrated.append(Integrated(path, name, text, after))
        if len(found.integrated) >= ENOUGH:
            break
    return found


def test_hundreds_of_real_classes_are_integrated(corpus: Corpus) -> None:
    packages = {path.parts[path.parts.index("site-packages") + 1] for path, *_ in corpus.integrated}
    reasons = Counter(finding.rule for finding in corpus.refused)
    print(f"{len(corpus.integrated)} integrated from {len(packages)} packages; refused: {dict(reasons)}")

    assert len(corpus.integrated) >= 300
    assert len(packages) >= 20


def test_what_is_refused_says_why_and_where_and_what_to_do(corpus: Corpus) -> None:
    assert corpus.refused
    for finding in corpus.refused:
        assert finding.message
        assert finding.fix
        assert finding.line > 0
        assert finding.file


def test_what_is_integrated_compiles(corpus: Corpus) -> None:
    for path, name, _, after in corpus.integrated:
        assert parsed(after), f"{path} {name}"


def test_a_second_run_changes_nothing(corpus: Corpus) -> None:
    for path, name, _, after in corpus.integrated:
        assert spliced(after, name) == after, f"{path} {name}"


def test_without_the_blocks_every_file_is_what_it_was(corpus: Corpus) -> None:
    for path, name, before, after in corpus.integrated:
        try:
            assert_nothing_but_the_blocks(inserted(before, after, name))
        except AssertionError as error:
            raise AssertionError(f"{path} {name}: {error}") from error


def test_with_other_line_ends_the_very_same_comes_out_with_those(corpus: Corpus) -> None:
    for path, name, before, after in corpus.integrated[::EVERY]:
        if "\r" not in before:
            result = spliced(before.replace("\n", "\r\n"), name)
            assert result == after.replace("\n", "\r\n"), f"{path} {name}"


def test_with_tabs_they_compile_and_nothing_else_changes(corpus: Corpus) -> None:
    done = 0
    for path, name, before, _ in corpus.integrated[::EVERY]:
        tabbed = with_tabs(before)
        if not parsed(tabbed):  # spaces and tabs mixed, after a bracket
            continue
        result = spliced(tabbed, name)
        assert parsed(result), f"{path} {name}"
        assert spliced(result, name) == result
        assert_nothing_but_the_blocks(inserted(tabbed, result, name))
        done += 1
    assert done > len(corpus.integrated) / EVERY / 2
