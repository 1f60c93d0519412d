"""Whatever is asked for, and wherever the process is killed: the old tree or the new one, and a person's edits."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generation.transaction.trees import File, change, expected, new, put, read, remove, with_folders
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodesmith.generation.transaction import recover

if TYPE_CHECKING:
    from generation.transaction.killing import Killer
    from generation.transaction.trees import Tree

    from nodesmith.generation.transaction import Operation

NAMES = st.sampled_from(["a", "b", "c.py", ".nodesmith", "lock.json", "é"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.sampled_from([b"", b"1", b"2\n", b"\xff\r\n", b"x" * 5000])
MODES = st.sampled_from([0o644, 0o755, 0o600, 0o444])
CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    before: Tree
    operations: tuple[Operation, ...]


def fits(tree: Tree, path: str) -> bool:
    """Tell whether a file could be added: neither below a file, nor where a folder is, nor where it is already."""
    above = with_folders({path: File(b"")}).keys() - {path}
    return path not in tree and not any(isinstance(tree.get(folder), File) for folder in above)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    before: Tree = {}
    for path in draw(st.lists(PATHS, max_size=7, unique=True)):
        if fits(before, path):
            before = with_folders({**before, path: File(draw(CONTENTS), draw(MODES))})
    operations: list[Operation] = []
    for path, item in before.items():
        match item, draw(st.sampled_from(["keep", "change", "remove", "remove"])):
            case File(content=content), "change":
                operations.append(change(path, content, draw(CONTENTS)))
            case File(content=content), "remove":
                operations.append(remove(path, content))
    operations = list(draw(st.permutations(operations)))
    for path in draw(st.lists(PATHS, max_size=7, unique=True)):
        # Also where the operations before have only now made room.
        if fits(expected(before, operations), path) and path not in before:
            operations.append(new(path, draw(CONTENTS), executable=draw(st.booleans())))
    return Case(before=before, operations=tuple(operations))


@given(case=cases(), kill_at=st.integers(min_value=0, max_value=40))
@settings(max_examples=100, deadline=None, suppress_health_check=CHECKS)
def test_a_killed_run_leaves_the_old_tree_or_the_new_one(case: Case, kill_at: int, killer: Killer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = put(Path(folder), case.before)
        end = killer.commit(target, case.operations, kill_at=kill_at)

        recover(target)

        counted = "let the journal count" in end.steps[: -1 if end.killed else None]
        assert read(target) == (expected(case.before, case.operations) if counted else case.before)


def may_write(place: Path) -> bool:
    return place.parent.is_dir() and not place.is_dir()


@given(case=cases(), kill_at=st.integers(min_value=1, max_value=40), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=CHECKS)
def test_what_a_person_writes_between_the_kill_and_the_recovery_is_never_lost(
    case: Case, kill_at: int, data: st.DataObject, killer: Killer
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = put(Path(folder), case.before)
        killer.commit(target, case.operations, kill_at=kill_at)
        there = {path for path in read(target) if not path.startswith(".nodesmith-writing-")}
        places = sorted(there | {operation.path for operation in case.operations})
        edited = data.draw(st.lists(st.sampled_from(places), unique=True)) if places else []
        mine = {path: f"the person's {path}".encode() for path in edited if may_write(target / path)}
        for path, content in mine.items():
            (target / path).write_bytes(content)

        while killer.recover(target, kill_at=data.draw(st.integers(min_value=2, max_value=9))).killed:
            pass

        found = read(target)
        assert {path: item.content for path in mine if isinstance(item := found.get(path), File)} == mine
        assert not any(path.startswith(".nodesmith-writing-") for path in found)
