import os
import resource
from pathlib import Path

import pytest

from nodesmith.errors import ConflictError, GateError
from nodesmith.generation.files import GeneratedFile, NodeFiles, Owner
from nodesmith.generation.update.changes import Action, Plan
from nodesmith.generation.write import write as write_units

NODE = {
    "node.yaml": GeneratedFile(text="name: a\n"),
    "v1_0_0/handlers/handler_a.py": GeneratedFile(text="# seeded\n", owner=Owner.SEEDED),
    "v1_0_0/start_node.py": GeneratedFile(text="#!/usr/bin/env python3\n", executable=True),
}


def write(nodes: dict[str, NodeFiles], target: Path) -> Plan:
    return write_units(nodes, target, templates="")


def paths(plan: Plan, action: Action) -> list[str]:
    return [change.path for _, change in plan if change.action is action]


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def test_a_new_node_is_written_with_its_modes(tmp_path: Path) -> None:
    plan = write({"node_a": NODE}, tmp_path / "deep" / "er")
    folder = tmp_path / "deep" / "er" / "node_a"

    assert paths(plan, Action.CREATE) == list(NODE)
    assert {path: (folder / path).read_text() for path in NODE} == {path: NODE[path].text for path in NODE}
    assert os.access(folder / "v1_0_0/start_node.py", os.X_OK)
    assert not (folder / "node.yaml").stat().st_mode & 0o111


def test_modes_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write({"node_a": NODE}, tmp_path)
    finally:
        os.umask(before)

    assert (tmp_path / "node_a/v1_0_0/start_node.py").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "node_a/node.yaml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "node_a").stat().st_mode & 0o777 == 0o750


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    write({"node_a": NODE}, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    plan = write({"node_a": NODE}, tmp_path)

    assert paths(plan, Action.UNCHANGED) == list(NODE)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_seeded_file_belongs_to_the_person(tmp_path: Path) -> None:
    write({"node_a": NODE}, tmp_path)
    handler = tmp_path / "node_a/v1_0_0/handlers/handler_a.py"
    handler.write_text("print('mine')\n")

    plan = write({"node_a": NODE}, tmp_path)

    assert paths(plan, Action.KEEP) == ["v1_0_0/handlers/handler_a.py"]
    assert handler.read_text() == "print('mine')\n"


def test_a_file_that_comes_new_to_a_node_is_added(tmp_path: Path) -> None:
    write({"node_a": {path: file for path, file in NODE.items() if not file.executable}}, tmp_path)
    (tmp_path / "node_a/notes.txt").write_text("mine")

    plan = write({"node_a": NODE}, tmp_path)

    assert paths(plan, Action.CREATE) == ["v1_0_0/start_node.py"]
    assert (tmp_path / "node_a/notes.txt").read_text() == "mine"
    assert os.access(tmp_path / "node_a/v1_0_0/start_node.py", os.X_OK)


def test_a_conflict_names_every_file_and_writes_nothing_of_any_node(tmp_path: Path) -> None:
    (tmp_path / "node_b/v1_0_0").mkdir(parents=True)
    (tmp_path / "node_b/node.yaml").write_text("name: other\n")
    (tmp_path / "node_b/v1_0_0/start_node.py").write_text("other\n")
    before = tree(tmp_path)

    with pytest.raises(ConflictError) as raised:
        write({"node_a": NODE, "node_b": NODE}, tmp_path)

    assert [Path(finding.file).name for finding in raised.value.findings] == ["node.yaml", "start_node.py"]
    assert tree(tmp_path) == before


@pytest.mark.parametrize("place", ["node_a", "node_a/v1_0_0", "node_a/v1_0_0/handlers"])
def test_a_symbolic_link_is_not_followed(tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "target" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)

    with pytest.raises(ConflictError, match="in conflict"):
        write({"node_a": NODE}, tmp_path / "target")

    assert list(elsewhere.iterdir()) == []


def test_a_link_in_a_files_place_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("name: a\n")
    (tmp_path / "target/node_a").mkdir(parents=True)
    (tmp_path / "target/node_a/node.yaml").symlink_to(outside)

    with pytest.raises(ConflictError):
        write({"node_a": NODE}, tmp_path / "target")


@pytest.mark.parametrize("present", [False, True])
def test_a_full_disk_leaves_the_target_as_it_was(tmp_path: Path, present: bool) -> None:
    """A limit on a file's size stops a write in the middle, as a full disk does."""
    big = {**NODE, "v1_0_0/z_big.py": GeneratedFile(text="#" * 100_000)}
    if present:
        write({"node_a": NODE}, tmp_path)
    before = tree(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(GateError, match="File too large") as raised:
            write({"node_new": NODE, "node_a": big}, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert raised.value.stage == "6"
    assert tree(tmp_path) == before


def test_nothing_stays_where_a_file_is_the_target(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(GateError):
        write({"node_a": NODE}, tmp_path / "file" / "deep")

    assert tree(tmp_path) == {"file": b""}


def test_only_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    target = tmp_path / "target"
    for folder in (elsewhere, target / ".nodesmith-writing-mine", target / ".nodesmith-writing-my-notes"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("")
    (target / ".nodesmith-writing-abcdefgh").symlink_to(elsewhere)
    before = tree(target)

    write({"node_a": NODE}, target)

    assert {path: text for path, text in tree(target).items() if not path.startswith("node_a")} == before
    assert (elsewhere / "file").is_file()
