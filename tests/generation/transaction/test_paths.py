from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generation.transaction.trees import files, new, put, read, remove

from nodesmith.errors import GateError
from nodesmith.generation.transaction import commit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "/", "/etc/passwd", "../outside", "node/../../outside", "node/..", "node/./a", "node//a", "node/",
        "./node", "C:/outside", "c:outside", "..\\outside", "node\\..\\..\\outside", "\\\\host\\share", "node\\a",
        "node/a\0b", ".nodesmith-writing-abcd_123/forward.json", "node/\ud800",
    ],
)  # fmt: skip
def test_a_path_that_is_no_plain_path_below_the_target_is_refused(tmp_path: Path, path: str) -> None:
    before = files({"outside": b"1", "target/mine": b"2"})
    put(tmp_path, before)

    for operation in (new(path, b""), remove(path, b"1")):
        with pytest.raises(GateError, match="nothing was written") as raised:
            commit(tmp_path / "target", [new("node_b/a", b""), operation])
        assert [finding.file for finding in raised.value.findings] == [path]

    assert read(tmp_path) == before


@pytest.mark.parametrize(
    "paths",
    [
        ("node/a", "node/a"),
        ("node/a", "node/A"),
        ("node/deep/a", "node/Deep/b"),
        ("Node/deep/a", "node/deep/b"),
        ("node/a", "node/a/b"),
        ("node/A", "node/a/b"),
        ("node/stra\u00dfe", "node/strasse"),
        ("node/\u00e9", "node/e\u0301"),
    ],
)
def test_two_places_that_are_one_on_some_disks_are_refused(tmp_path: Path, paths: tuple[str, str]) -> None:
    for pair in (paths, paths[::-1]):
        with pytest.raises(GateError) as raised:
            commit(tmp_path, [new("node/other", b""), *(new(path, b"") for path in pair)])
        assert {finding.rule for finding in raised.value.findings} == {"collision"}

    assert read(tmp_path) == {}


@pytest.mark.parametrize(
    "path", ["..a", "a..", "...", "node/.env", "node/ä", "node/a b", "node/a:b", "~", "-rf", "a\nb"]
)
def test_an_odd_name_is_a_name(tmp_path: Path, path: str) -> None:
    commit(tmp_path, [new(path, b"1")])

    assert (tmp_path / path).read_bytes() == b"1"


def test_the_folders_of_nodesmith_are_ordinary_folders(tmp_path: Path) -> None:
    paths = [".nodesmith/lock.json", ".nodesmith/pristine/a.txt", "node/.nodesmith/lock.json"]

    commit(tmp_path, [new(path, b"1") for path in paths])
    commit(tmp_path, [remove(path, b"1") for path in paths])

    assert read(tmp_path) == {}
