from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from itertools import count
from typing import TYPE_CHECKING

import pytest
from generation.transaction.killing import TESTS
from generation.transaction.scenarios import MIXED, SCENARIOS
from generation.transaction.trees import File, change, files, new, put, read, remove

from nodesmith.errors import ConflictError, GateError
from nodesmith.generation.transaction import FileWrite, commit, recover, sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generation.transaction.scenarios import Scenario

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))


def steps_of(scenario: Scenario, target: Path) -> list[str]:
    steps: list[str] = []
    commit(put(target, scenario.before), scenario.operations, on_step=steps.append)
    return steps


@each_scenario
def test_all_operations_are_carried_out(scenario: Scenario, tmp_path: Path) -> None:
    target = put(tmp_path, scenario.before)

    commit(target, scenario.operations)

    assert read(target) == scenario.after


@each_scenario
def test_the_order_of_the_operations_is_kept(scenario: Scenario, tmp_path: Path) -> None:
    moved = [step.split()[1] for step in steps_of(scenario, tmp_path) if step.startswith("move ")]
    positions = {operation.path: position for position, operation in enumerate(scenario.operations)}
    # Where a whole folder moves in, it does so in the place of the last one of its files.
    order = [
        max(positions[path] for path in positions if f"{path}/".startswith(f"{place}/")) for place in moved
    ]

    assert order == sorted(order)


def test_a_new_unit_moves_in_as_a_whole(tmp_path: Path) -> None:
    steps: list[str] = []
    paths = ("node_a/node.yaml", "node_a/v1_0_0/node.py", "node_a/.nodesmith/lock.json")

    commit(tmp_path, [new(path, b"") for path in paths], on_step=steps.append)

    assert [step for step in steps if step.startswith("move ")] == ["move node_a in"]


def test_a_target_that_is_not_there_is_made(tmp_path: Path) -> None:
    commit(tmp_path / "deep" / "er", [new("node_a/node.yaml", b"name: a\n")])

    assert (tmp_path / "deep/er/node_a/node.yaml").read_bytes() == b"name: a\n"


def test_a_target_may_be_a_link_and_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    monkeypatch.chdir(tmp_path)

    commit(link.relative_to(tmp_path), [new("node_a/node.yaml", b"")])

    assert (tmp_path / "real/node_a/node.yaml").is_file()


def test_nothing_to_do_makes_nothing(tmp_path: Path) -> None:
    commit(tmp_path / "target", [])

    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    ("umask", "modes"), [(0o022, (0o644, 0o755)), (0o027, (0o640, 0o750)), (0o077, (0o600, 0o700))]
)
def test_new_files_get_the_modes_of_the_umask(tmp_path: Path, umask: int, modes: tuple[int, int]) -> None:
    put(tmp_path, files({"old": b""}))
    before = os.umask(umask)
    try:
        commit(
            tmp_path,
            [new(path, b"", executable=path.endswith("run")) for path in ("a", "run", "n/a", "n/run")],
        )
    finally:
        os.umask(before)

    found = [stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("a", "run", "n/a", "n/run", "n")]
    assert found == [*modes, *modes, modes[1]]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755, 0o4755])
def test_a_replaced_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"1")
    place.chmod(mode)

    commit(tmp_path, [change("file", b"1", b"2")])

    assert place.read_bytes() == b"2"
    assert stat.S_IMODE(place.stat().st_mode) == mode


def test_a_mode_that_is_asked_for_is_given(tmp_path: Path) -> None:
    put(tmp_path, files({"old": b"1"}))

    commit(
        tmp_path,
        [
            FileWrite(path="old", content=b"2", mode=0o700, before=sha256(b"1")),
            FileWrite(path="n/new", content=b"2", mode=0o604, before=None),
        ],
    )

    assert [stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("old", "n/new")] == [0o700, 0o604]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write other people's files and give them back")
def test_a_file_that_root_replaces_stays_its_owners(tmp_path: Path) -> None:
    put(tmp_path, files({"old": b"1"}))
    os.chown(tmp_path / "old", 1234, 1235)

    commit(tmp_path, [change("old", b"1", b"2")])

    status = (tmp_path / "old").stat()
    assert (status.st_uid, status.st_gid) == (1234, 1235)


def test_a_folder_that_still_holds_something_stays(tmp_path: Path) -> None:
    target = put(tmp_path, files({"node/made": b"1", "node/deep/made": b"2", "node/deep/mine": b"3"}))

    commit(target, [remove("node/made", b"1"), remove("node/deep/made", b"2")])

    assert read(target) == files({"node/deep/mine": b"3"})


def test_every_place_that_is_not_as_expected_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    before = files({"node/a": b"1", "node/b": b"2", "node/c": b"3", "node/e": b"5"})
    target = put(tmp_path, before)

    with pytest.raises(ConflictError, match="4 files are in the way") as raised:
        commit(target, [
            new("node_new/a", b""), change("node/a", b"other", b""), new("node/b", b""),
            change("node/c", b"3", b""), remove("node/d", b"4"), new("node/e/f", b""),
        ])  # fmt: skip

    assert [(finding.file, finding.rule) for finding in raised.value.findings] == [
        (str(target / "node/a"), "changed"),
        (str(target / "node/b"), "in-the-way"),
        (str(target / "node/d"), "in-the-way"),
        (str(target / "node/e/f"), "in-the-way"),
    ]
    assert read(target) == before


def test_the_same_content_in_the_way_is_in_the_way_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match="in the way"):
        commit(put(tmp_path, files({"a": b"1"})), [new("a", b"1")])


@pytest.mark.parametrize("place", ["node", "node/deep"])
def test_a_link_on_the_way_is_not_followed(tmp_path: Path, place: str) -> None:
    elsewhere = put(tmp_path / "elsewhere", files({"deep/old": b"1", "old": b"1"}))
    link = tmp_path / "target" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    before = read(elsewhere)

    for operation in (
        new("node/deep/a", b""),
        change("node/deep/old", b"1", b"2"),
        remove("node/deep/old", b"1"),
    ):
        with pytest.raises(ConflictError, match="in the way"):
            commit(tmp_path / "target", [operation])

    assert read(elsewhere) == before


def test_a_link_in_a_files_place_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"1")
    (tmp_path / "target").mkdir()
    link = tmp_path / "target/file"
    link.symlink_to(outside)

    for operation in (change("file", b"1", b"2"), remove("file", b"1"), new("file", b"2")):
        with pytest.raises(ConflictError) as raised:
            commit(tmp_path / "target", [operation])
        assert "symbolic link" in str(raised.value.findings[0])

    assert link.is_symlink()
    assert outside.read_bytes() == b"1"


def test_a_pipe_in_a_files_place_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file")

    with pytest.raises(ConflictError):
        commit(tmp_path, [change("file", b"1", b"2")])


def edit(place: Path) -> None:
    place.write_bytes(b"the person's")


def turn_into_folder(place: Path) -> None:
    place.unlink()
    place.mkdir()


def turn_into_link(place: Path) -> None:
    place.unlink()
    place.symlink_to("node.py")


@pytest.mark.parametrize("meddle", [edit, turn_into_folder, turn_into_link])
def test_a_place_that_changes_at_the_last_moment_takes_everything_back(
    tmp_path: Path, meddle: Callable[[Path], None]
) -> None:
    target = put(tmp_path / "target", MIXED.before)
    place = "node_a/v1_0_0/start_node.py"

    def on_step(name: str) -> None:
        if name == "let the journal count":
            meddle(target / place)

    with pytest.raises(ConflictError, match="nothing was written") as raised:
        commit(target, MIXED.operations, on_step=on_step)

    assert [finding.file for finding in raised.value.findings] == [str(target / place)]
    meddle(put(tmp_path / "same", MIXED.before) / place)
    assert read(target) == read(tmp_path / "same")


def test_a_folder_that_turns_into_a_link_at_the_last_moment_is_not_followed(tmp_path: Path) -> None:
    target = put(tmp_path / "target", MIXED.before)
    outside = put(tmp_path / "outside", files({"start_node.py": b"#!start"}))

    def on_step(name: str) -> None:
        if name == "let the journal count":
            (target / "node_a/v1_0_0").rename(tmp_path / "away")
            (target / "node_a/v1_0_0").symlink_to(outside)

    with pytest.raises(ConflictError, match="nothing was written"):
        commit(target, MIXED.operations, on_step=on_step)

    assert read(outside) == files({"start_node.py": b"#!start"})


def refuses(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except GateError as error:
        return error.stage == "6" and "No space left on device" in error.message
    return False


@each_scenario
def test_a_disk_that_refuses_any_step_leaves_the_old_tree(scenario: Scenario, tmp_path: Path) -> None:
    for refused in count(1):
        target = put(tmp_path / str(refused), scenario.before)
        steps: list[str] = []

        def on_step(name: str, steps: list[str] = steps, refused: int = refused) -> None:
            steps.append(name)
            if len(steps) == refused:
                raise OSError(28, "No space left on device", "node_a")

        if not refuses(lambda: commit(target, scenario.operations, on_step=on_step)):  # noqa: B023 - called at once
            assert any(step.startswith("clean up") for step in steps[:refused])
            return
        assert read(target) == scenario.before, steps


def test_a_step_that_fails_when_all_is_done_takes_nothing_back(tmp_path: Path) -> None:
    target = put(tmp_path, MIXED.before)

    def on_step(name: str) -> None:
        if name.startswith("clean up 1"):
            raise RuntimeError(name)

    with pytest.raises(RuntimeError, match="clean up 1"):
        commit(target, MIXED.operations, on_step=on_step)

    assert recover(target) is None
    assert read(target) == MIXED.after


@pytest.mark.parametrize("limit", [50_000, 300], ids=["a file", "the journal"])
def test_a_full_disk_leaves_the_target_as_it_was(tmp_path: Path, limit: int) -> None:
    """A limit on a file's size stops a write in the middle, as a full disk does."""
    target = put(tmp_path, MIXED.before)
    big = new("node_b/big.py", b"#" * (100_000 if limit > 1000 else 10))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(GateError, match="File too large") as raised:
            commit(target, [*MIXED.operations, big])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert "nothing was written" in raised.value.fix
    assert read(target) == MIXED.before


def test_folders_above_the_target_go_again_where_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="File name too long"):
        commit(tmp_path / "deep" / "er", [new("node_a/" + "x" * 300, b"")])

    assert read(tmp_path) == {}


def test_a_file_in_the_targets_place_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, files({"file": b"1"}))

    for target in (tmp_path / "file", tmp_path / "file" / "deep"):
        with pytest.raises(GateError, match="could not be written"):
            commit(target, [new("node_a/node.yaml", b"")])

    assert read(tmp_path) == files({"file": b"1"})


INTERRUPTED = """
import os, sys
from pathlib import Path
from generation.transaction.scenarios import MIXED
from nodesmith.generation.transaction import commit
calls, at, number = 0, int(sys.argv[2]), int(sys.argv[3])
def on_step(name):
    global calls
    calls += 1
    if calls == at:
        os.kill(os.getpid(), number)
commit(Path(sys.argv[1]), MIXED.operations, on_step=on_step)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_at_any_step_leaves_the_old_tree_or_the_new_one(
    tmp_path: Path, number: signal.Signals
) -> None:
    steps = steps_of(MIXED, tmp_path / "all")
    last = steps.index("let the journal count no more")
    for at in range(1, len(steps) + 1, 3):
        target = put(tmp_path / str(at), MIXED.before)

        run = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, str(target), str(at), str(int(number))],
            cwd=TESTS, capture_output=True, text=True, check=False,
        )  # fmt: skip

        assert run.returncode in (-number, 1)
        assert read(target) == (MIXED.before if at < last else MIXED.after), steps[at - 1]


def test_an_interrupt_does_not_reach_a_commit_of_another_thread(tmp_path: Path) -> None:
    thread = threading.Thread(target=commit, args=(tmp_path, [new("node_a/node.yaml", b"")]))
    thread.start()
    thread.join()

    assert (tmp_path / "node_a/node.yaml").is_file()


TRACED = """
import sys
from pathlib import Path
from generation.transaction import scenarios
from nodesmith.generation.transaction import commit
told = 0
def watch(event, arguments):
    global told
    if event in ("os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir"):
        assert told == 1, (event, arguments, told)
        told = 0
def on_step(name):
    global told
    told = 1
sys.addaudithook(watch)
scenario = next(scenario for scenario in scenarios.SCENARIOS if scenario.name == sys.argv[2])
commit(Path(sys.argv[1]), scenario.operations, on_step=on_step)
"""


@each_scenario
def test_every_single_change_of_the_disk_is_a_step(scenario: Scenario, tmp_path: Path) -> None:
    put(tmp_path, scenario.before)

    subprocess.run([sys.executable, "-c", TRACED, str(tmp_path), scenario.name], cwd=TESTS, check=True)

    assert read(tmp_path) == scenario.after


AS_SOMEBODY_ELSE = """
import os, sys
from pathlib import Path
from generation.transaction.trees import change
from nodesmith.generation.transaction import commit
os.setuid(65534)
commit(Path(sys.argv[1]), [change("old", b"1", b"2")], on_step=print)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file of somebody else's")
def test_old_content_that_can_have_no_second_name_is_copied(tmp_path: Path) -> None:
    """Linux gives no hard link to a file of somebody else's that one may not write."""
    target = put(tmp_path, files({"old": b"1"}))
    (target / "old").chmod(0o444)
    for folder in (target, *target.parents[:3]):
        folder.chmod(0o777)

    run = subprocess.run(
        [sys.executable, "-c", AS_SOMEBODY_ELSE, str(target)],
        cwd=TESTS,
        check=True,
        capture_output=True,
        text=True,
    )

    assert "keep old" in run.stdout
    assert read(target) == {"old": File(b"2", 0o444)}
