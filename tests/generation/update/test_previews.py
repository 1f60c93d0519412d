"""Looking at what a run would do: it is what the run then does, and it writes nothing."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from generation.update.workshop import DROP, KEEP, NODE, Workshop, contents, keeper, renamed

from nodesmith.generation.update.lock import FOLDER

PREVIEWS = ["--dry-run", "--diff", "--check"]
KILLED = """
import os, signal, sys
from pathlib import Path
from nodesmith.generation.transaction import FileWrite, commit
def die(step):
    if step == "move b.txt in":
        os.kill(os.getpid(), signal.SIGKILL)
files = [FileWrite(path=f"{name}.txt", content=name.encode(), before=None) for name in "ab"]
commit(Path(sys.argv[1]), files, on_step=die)
"""
CHANGED = keeper(
    version="1.1.0", description="Keeps items in order.", operations={"keep": KEEP, "find": DROP}
)


def interrupt(target: Path) -> None:
    """Leave what a run leaves that was killed while it moved files in."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert killed.returncode == -signal.SIGKILL


@pytest.mark.parametrize("option", PREVIEWS)
def test_a_look_at_a_new_node_writes_nothing(shop: Workshop, option: str) -> None:
    shutil.rmtree(shop.out)

    told = shop.generate(keeper(), option)

    assert told.code == (1 if option == "--check" else 0)
    assert not shop.out.exists()


@pytest.mark.parametrize("option", PREVIEWS)
def test_a_look_at_a_changed_node_writes_nothing(shop: Workshop, option: str) -> None:
    before = shop.tree()

    told = shop.generate(CHANGED, option)

    assert told.code == (1 if option == "--check" else 0)
    assert shop.tree() == before


@pytest.mark.parametrize("option", PREVIEWS)
def test_a_conflict_shows_in_a_look_as_well(shop: Workshop, option: str) -> None:
    shop.edit("pyproject.toml", 'description = "Keeps items."', 'description = "Mine."')

    told = shop.generate(renamed(), option)

    assert (told.code, "+<<<<<<< yours" in told.err) == (3, True)


@pytest.mark.usefixtures("not_root")
@pytest.mark.parametrize("option", PREVIEWS)
def test_a_look_needs_no_right_to_write(option: str, capfd: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(folder=Path(folder), captured=capfd)
        shop.generate()
        shop.out.chmod(0o555)

        told = shop.generate(keeper(), option)
        refused = shop.generate(renamed())

        shop.out.chmod(0o755)
    assert (told.code, refused.code) == (0, 4)


def test_check_says_when_all_is_up_to_date(shop: Workshop) -> None:
    told = shop.generate(keeper(), "--check")

    assert (told.code, told.err.splitlines()[-1]) == (0, "up to date")


def test_a_dry_run_shows_what_the_run_then_does(shop: Workshop) -> None:
    (shop.node / "Dockerfile").unlink()
    shop.edit("pyproject.toml", "[tool.mypy]\n", "# mine\n[tool.mypy]\n")

    planned = shop.json(CHANGED, "--dry-run")
    done = shop.json(CHANGED)

    assert planned.files == done.files
    assert set(done.files.values()) >= {"create", "update", "merge", "move", "remove", "deleted"}


def test_the_diff_is_a_patch_that_makes_what_the_run_makes(shop: Workshop, tmp_path: Path) -> None:
    shop.edit(
        "v1_0_0/handlers/handler_keep.py",
        "import HandlerNotImplementedError\n",
        "import HandlerNotImplementedError",
    )
    (shop.node / "v1_0_0/own.py").write_text("# no end")
    (shop.node / "v1_0_0/own.py").chmod(0o755)
    (shop.node / "pyproject.toml").write_bytes(
        (shop.node / "pyproject.toml").read_bytes().replace(b"\n", b"\r\n")
    )
    copy = tmp_path / "copy"
    shutil.copytree(shop.out, copy)

    patch = shop.generate(CHANGED, "--diff").out
    (tmp_path / "patch").write_bytes(patch.encode())
    subprocess.run(["git", "apply", "--whitespace=nowarn", str(tmp_path / "patch")], cwd=copy, check=True)
    shop.generate(CHANGED)

    assert without_records(copy) == without_records(shop.out)
    assert (copy / NODE / "v1_1_0/own.py").stat().st_mode & 0o111


def without_records(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in contents(folder).items() if f"/{FOLDER}/" not in path}


def test_json_holds_each_files_diff_where_asked_for(shop: Workshop) -> None:
    files = {file["path"]: file for file in json.loads(shop.json(renamed(), "--diff").out)["files"]}

    assert '+description = "Keeps items in order."\n' in files[f"{NODE}/pyproject.toml"]["diff"]
    assert files[f"{NODE}/v1_0_0/start_node.py"]["diff"] == ""


def test_what_is_only_looked_at_cannot_be_verified(shop: Workshop) -> None:
    assert shop.generate(keeper(), "--check", "--verify").code == 2


@pytest.mark.parametrize(("option", "code"), [("--check", 1), ("--dry-run", 3), ("--diff", 3)])
def test_a_look_after_an_interrupted_run_says_so_and_changes_nothing(
    shop: Workshop, option: str, code: int
) -> None:
    interrupt(shop.out)
    before = shop.tree()

    told = shop.generate(keeper(), option)

    assert (told.code, "an interrupted run has left" in told.err) == (code, True)
    assert shop.tree() == before


def test_json_says_what_an_interrupted_run_had_left(shop: Workshop) -> None:
    interrupt(shop.out)

    document = json.loads(shop.json().out)

    assert document["recovered"] == "what an interrupted run had left was finished first"
    assert "recovered" not in json.loads(shop.json().out)


def test_a_run_first_ends_what_an_interrupted_one_left_and_says_so(shop: Workshop) -> None:
    interrupt(shop.out)

    told = shop.generate()

    assert (told.code, "an interrupted run had left was finished first" in told.err) == (0, True)
    assert (shop.out / "b.txt").read_text() == "b"
    assert shop.generate(keeper(), "--check").code == 0
