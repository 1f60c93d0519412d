"""Files that have another place than before: a new version's folder, or what a template says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from generation.update.workshop import NODE, contents, keeper

from nodesmith.generation.files import GeneratedFile, Owner
from nodesmith.generation.update.changes import NO_CHOICES, Action, Plan, Resolution
from nodesmith.generation.update.conflicts import UnresolvedError
from nodesmith.generation.update.lock import LOCK
from nodesmith.generation.write import write

if TYPE_CHECKING:
    from pathlib import Path

    from generation.update.workshop import Workshop

HANDLER = "handlers/handler_keep.py"
BUMPED = keeper(version="1.1.0")


def test_a_new_version_moves_its_folder_with_everything_in_it(shop: Workshop) -> None:
    (shop.node / "v1_0_0" / HANDLER).write_text("from ..own import helper\n")
    (shop.node / "v1_0_0/own.py").write_text("def helper(): ...\n")
    (shop.node / "v1_0_0/data").mkdir()
    (shop.node / "v1_0_0/data/table.bin").write_bytes(b"\0\1")
    (shop.node / "v1_0_0/data/table.bin").chmod(0o750)

    told = shop.json(BUMPED)

    assert told.action(f"v1_1_0/{HANDLER}") == "move"
    assert not (shop.node / "v1_0_0").exists()
    assert shop.read(f"v1_1_0/{HANDLER}") == "from ..own import helper\n"
    assert shop.read("v1_1_0/own.py") == "def helper(): ...\n"
    assert (shop.node / "v1_1_0/data/table.bin").read_bytes() == b"\0\1"
    assert (shop.node / "v1_1_0/data/table.bin").stat().st_mode & 0o777 == 0o750


def test_after_a_new_version_everything_is_as_in_a_node_made_of_it(shop: Workshop) -> None:
    shop.generate(BUMPED)
    moved = contents(shop.node)
    for path in sorted(shop.node.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    shop.node.rmdir()
    shop.generate(BUMPED)
    fresh = contents(shop.node)

    written_once = {path for path in fresh if "/handlers/" in path or "/tests/" in path} | {
        "v1_1_0/resources.py",
        LOCK,
    }
    assert moved.keys() == fresh.keys()
    assert {path for path in fresh if fresh[path] != moved[path]} <= written_once
    assert not [path for path in moved if b"v1_0_0" in moved[path]]


def test_edits_in_a_moved_folder_are_merged(shop: Workshop) -> None:
    shop.edit("v1_0_0/node.py", "\n\nclass ", "\n# mine\n\n\nclass ")
    shop.edit("pyproject.toml", "[tool.mypy]\n", "# mine\n[tool.mypy]\n")

    told = shop.json(keeper(version="1.1.0", description="Keeps items in order."))

    assert told.code == 0
    assert "# mine\n" in shop.read("v1_1_0/node.py")
    assert "# mine\n" in shop.read("pyproject.toml")
    assert "v1_1_0/tests" in shop.read("pyproject.toml")
    assert shop.generate(keeper(version="1.1.0", description="Keeps items in order."), "--check").code == 0


def test_what_is_no_longer_made_moves_along_where_it_is_the_persons(shop: Workshop) -> None:
    spec = keeper(
        version="1.1.0", operations={"keep": {"input": {"item_id": "str"}, "output": {"kept": "bool"}}}
    )

    told = shop.json(spec)

    assert told.action("v1_1_0/handlers/handler_drop.py") == "move"
    assert told.action("v1_0_0/models/model_drop_input.py") == "remove"
    assert not (shop.node / "v1_0_0").exists()


def test_what_was_deleted_stays_deleted_under_the_new_version(shop: Workshop) -> None:
    (shop.node / "v1_0_0/start_node.py").unlink()

    assert shop.json(BUMPED).action("v1_1_0/start_node.py") == "deleted"
    assert (
        shop.json(BUMPED, "--restore", f"{NODE}/v1_1_0/start_node.py").action("v1_1_0/start_node.py")
        == "restore"
    )


def test_a_folder_that_the_person_renamed_already_is_taken_as_it_is(shop: Workshop) -> None:
    (shop.node / "v1_0_0" / HANDLER).write_text("# mine\n")
    (shop.node / "v1_0_0").rename(shop.node / "v1_1_0")

    told = shop.json(BUMPED)

    assert told.code == 0
    assert told.action(f"v1_1_0/{HANDLER}") == "keep"
    assert shop.generate(BUMPED, "--check").code == 0


@pytest.mark.parametrize("path", [HANDLER, "node.py", "own.py"])
def test_a_file_in_the_way_of_a_move_is_a_conflict(shop: Workshop, path: str) -> None:
    (shop.node / "v1_0_0/own.py").write_text("# mine\n")
    (shop.node / "v1_1_0/handlers").mkdir(parents=True)
    (shop.node / "v1_1_0" / path).write_text("# there already\n")
    before = shop.tree()

    told = shop.generate(BUMPED, "--conflict=theirs")

    assert (told.code, "something else is here already" in told.err) == (3, True)
    assert shop.tree() == before


def test_a_link_in_a_folder_that_moves_is_a_conflict(shop: Workshop) -> None:
    (shop.node / "v1_0_0/link").symlink_to(shop.folder)

    told = shop.generate(BUMPED)

    assert (told.code, "move it there yourself" in told.err) == (3, True)


def test_what_python_cached_does_not_hold_the_old_folder(shop: Workshop) -> None:
    for folder in ("v1_0_0", "v1_0_0/handlers"):
        (shop.node / folder / "__pycache__").mkdir()
        (shop.node / folder / "__pycache__/node.cpython-311.pyc").write_bytes(b"\0")

    shop.generate(BUMPED)

    assert not (shop.node / "v1_0_0").exists()


def test_a_persons_text_that_names_the_old_folder_is_told(shop: Workshop) -> None:
    (shop.node / "v1_0_0" / HANDLER).write_text(f"import {NODE}.v1_0_0.node\n")

    assert f"(from {shop.node}/v1_0_0/{HANDLER}): still names v1_0_0" in shop.generate(BUMPED).out


def text(content: str, *moved_from: str, owner: Owner = Owner.GENERATED) -> GeneratedFile:
    return GeneratedFile(text=content, owner=owner, moved_from=moved_from)


def written(target: Path, **files: GeneratedFile) -> Plan:
    """Write one unit, whose file names have a `_` for the dot."""
    named = {path.replace("_", "."): file for path, file in files.items()}
    return write({"unit": named}, target, NO_CHOICES, templates="")


def actions(plan: Plan) -> dict[str, tuple[Action, str]]:
    return {change.path: (change.action, change.moved_from) for _, change in plan}


def test_a_file_follows_its_template_to_another_place(tmp_path: Path) -> None:
    written(tmp_path, old_txt=text("one\ntwo\nthree\n"))
    (tmp_path / "unit/old.txt").write_text("one\ntwo\nthree\nmine\n")

    plan = written(tmp_path, new_txt=text("ONE\ntwo\nthree\n", "older.txt", "old.txt"))

    assert actions(plan) == {"new.txt": (Action.MERGE, "old.txt")}
    assert (tmp_path / "unit/new.txt").read_text() == "ONE\ntwo\nthree\nmine\n"
    assert not (tmp_path / "unit/old.txt").exists()
    assert not written(tmp_path, new_txt=text("ONE\ntwo\nthree\n", "older.txt", "old.txt")).is_stale


def test_a_seeded_file_moves_as_the_person_has_it(tmp_path: Path) -> None:
    written(tmp_path, old_txt=text("seed\n", owner=Owner.SEEDED))
    (tmp_path / "unit/old.txt").write_bytes(b"\0mine")

    plan = written(tmp_path, new_txt=text("other seed\n", "old.txt", owner=Owner.SEEDED))

    assert actions(plan) == {"new.txt": (Action.MOVE, "old.txt")}
    assert (tmp_path / "unit/new.txt").read_bytes() == b"\0mine"


def test_a_name_may_change_by_case_alone(tmp_path: Path) -> None:
    written(tmp_path, readme_md=text("one\n"))

    plan = written(tmp_path, README_md=text("one\n", "readme.md"))

    assert actions(plan) == {"README.md": (Action.MOVE, "readme.md")}
    assert [path.name for path in (tmp_path / "unit").glob("*.md")] == ["README.md"]


def test_files_may_change_places(tmp_path: Path) -> None:
    written(tmp_path, a_txt=text("of a\n"))

    plan = written(tmp_path, a_txt=text("new\n"), b_txt=text("of a\n", "a.txt"))

    assert actions(plan) == {"a.txt": (Action.UPDATE, ""), "b.txt": (Action.CREATE, "")}


def test_one_file_may_take_the_place_that_another_leaves(tmp_path: Path) -> None:
    written(tmp_path, a_txt=text("of a\n"), b_txt=text("of b\n"))

    plan = written(tmp_path, b_txt=text("of a\n", "a.txt"), c_txt=text("of b\n", "b.txt"))

    assert actions(plan)["c.txt"] == (Action.CREATE, "")
    assert (tmp_path / "unit/b.txt").read_text() == "of a\n"


def test_something_else_in_the_new_place_is_a_conflict(tmp_path: Path) -> None:
    written(tmp_path, old_txt=text("one\n"))
    (tmp_path / "unit/new.txt").write_text("mine\n")

    with pytest.raises(UnresolvedError) as raised:
        write(
            {"unit": {"new.txt": text("one\n", "old.txt")}},
            tmp_path,
            replace(NO_CHOICES, conflict=Resolution.THEIRS),
            templates="",
        )

    assert "moves here from old.txt" in raised.value.findings[0].message
    assert (tmp_path / "unit/new.txt").read_text() == "mine\n"


def test_a_rejected_text_that_moves_is_not_written_over_by_the_next(shop: Workshop) -> None:
    shop.edit("v1_0_0/node.py", '"""', '"""Mine.\n')
    shop.generate(keeper(version="1.1.0", description="Second."), "--conflict=reject")
    before = shop.tree()

    told = shop.generate(keeper(version="1.2.0", description="Third."), "--conflict=reject")

    assert (shop.node / "v1_1_0/node.py.rej").is_file()
    assert (told.code, "something else is here already" in told.err) == (3, True)
    assert shop.tree() == before


def test_the_run_bit_follows_the_template_where_the_person_left_it(tmp_path: Path) -> None:
    written(tmp_path, a_txt=text("one\n"), b_txt=text("one\n"))
    (tmp_path / "unit/b.txt").chmod(0o711)
    runnable = replace(text("one\n"), executable=True)

    plan = written(tmp_path, a_txt=runnable, b_txt=runnable)

    assert actions(plan) == {"a.txt": (Action.UPDATE, ""), "b.txt": (Action.UNCHANGED, "")}
    assert (tmp_path / "unit/a.txt").stat().st_mode & 0o100
    assert (tmp_path / "unit/b.txt").stat().st_mode & 0o777 == 0o711


def test_a_persons_line_that_names_the_old_folder_is_told_in_a_merged_file_too(shop: Workshop) -> None:
    shop.edit("Dockerfile", "USER node\n", "COPY v1_0_0/extra /extra\nUSER node\n")

    told = shop.generate(keeper(version="2.0.0"))

    assert f"merge     {shop.node}/Dockerfile: still names v1_0_0\n" in told.out
    assert "still names" not in shop.generate(keeper(version="2.0.0")).out
