"""What becomes of a file that is there already, by who changed it since it was written last."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from generation.update.workshop import DROP, KEEP, NODE, Workshop, contents, keeper, renamed

from nodesmith.cli.application import run
from nodesmith.generation.update.lock import LOCK, pristine_path

if TYPE_CHECKING:
    from collections.abc import Callable

NODE_PY = "v1_0_0/node.py"
HANDLER = "v1_0_0/handlers/handler_keep.py"
OLD = "# Settings of node_shop_keeper_effect, with their defaults."
# What the changed spec changes in the project's file.
DESCRIBED = 'description = "Keeps items."'


def test_a_second_run_changes_nothing_and_touches_no_file(shop: Workshop) -> None:
    before = shop.tree()

    told = shop.generate()

    assert told.code == 0
    assert "files unchanged" in told.out
    assert shop.tree() == before


def test_the_same_input_makes_the_same_bytes_elsewhere(shop: Workshop, tmp_path: Path) -> None:
    other = Workshop(folder=tmp_path / "elsewhere", captured=shop.captured)
    other.folder.mkdir()
    other.generate()

    assert contents(other.out) == contents(shop.out)
    assert str(tmp_path) not in shop.read(LOCK)


def test_a_change_of_the_spec_comes_through(shop: Workshop) -> None:
    told = shop.json(renamed())

    assert told.action("pyproject.toml") == "update"
    assert told.action("v1_0_0/start_node.py") == "unchanged"
    assert 'description = "Keeps items in order."' in shop.read("pyproject.toml")


def test_an_edit_stays_where_the_spec_changes_nothing_there(shop: Workshop) -> None:
    shop.edit(".env.example", "LOG_LEVEL=INFO", "LOG_LEVEL=DEBUG")

    assert shop.json(renamed()).action(".env.example") == "keep"
    assert "LOG_LEVEL=DEBUG" in shop.read(".env.example")


def test_what_both_changed_in_different_places_is_merged(shop: Workshop) -> None:
    shop.edit("pyproject.toml", "[tool.mypy]\n", "# mine\n[tool.mypy]\n")

    told = shop.json(renamed())

    assert told.action("pyproject.toml") == "merge"
    assert "# mine\n" in shop.read("pyproject.toml")
    assert 'description = "Keeps items in order."' in shop.read("pyproject.toml")
    assert shop.json(renamed()).action("pyproject.toml") == "keep"


def test_the_same_change_on_both_sides_is_none(shop: Workshop) -> None:
    shop.edit("pyproject.toml", DESCRIBED, 'description = "Keeps items in order."')

    assert shop.json(renamed()).action("pyproject.toml") == "unchanged"


def test_a_conflict_changes_nothing_and_shows_the_difference(shop: Workshop) -> None:
    shop.edit("pyproject.toml", DESCRIBED, 'description = "Mine."')
    before = shop.tree()

    told = shop.generate(renamed())

    assert told.code == 3
    assert shop.tree() == before
    assert '+<<<<<<< yours\n description = "Mine."\n+||||||| before\n' in told.err
    assert f"{NODE}/pyproject.toml: 1 place that you and nodesmith both changed" in told.err
    assert "--conflict=markers, ours, theirs or reject" in told.err


@pytest.mark.parametrize(
    ("choice", "there"),
    [("ours", 'description = "Mine."'), ("theirs", 'description = "Keeps items in order."')],
)
def test_a_choice_takes_one_side_of_a_conflict_and_both_sides_of_the_rest(
    shop: Workshop, choice: str, there: str
) -> None:
    shop.edit("pyproject.toml", DESCRIBED, 'description = "Mine."')
    shop.edit("pyproject.toml", "[tool.mypy]\n", "# mine\n[tool.mypy]\n")

    assert shop.generate(renamed(), "--conflict", choice).code == 0

    assert there in shop.read("pyproject.toml")
    assert "# mine\n" in shop.read("pyproject.toml")
    assert shop.generate(renamed(), "--check").code == 0


def test_markers_are_written_where_asked_for_and_refused_until_they_are_resolved(shop: Workshop) -> None:
    shop.edit("pyproject.toml", DESCRIBED, 'description = "Mine."')

    assert shop.json(renamed(), "--conflict=markers").action("pyproject.toml") == "merge"
    marked = shop.read("pyproject.toml")
    again = shop.generate(renamed("Other."), "--conflict=theirs")
    shop.edit("pyproject.toml", marked, marked.split("<<<<<<<")[0] + 'description = "Both."\n')
    resolved = shop.json(renamed())

    assert "<<<<<<< yours\n" in marked
    assert ">>>>>>> nodesmith\n" in marked
    assert (again.code, "markers of an earlier merge" in again.err) == (3, True)
    assert resolved.action("pyproject.toml") == "keep"


def test_a_rejected_text_is_put_beside_the_persons_file(shop: Workshop) -> None:
    shop.edit("pyproject.toml", DESCRIBED, 'description = "Mine."')

    told = shop.json(renamed(), "--conflict=reject")

    assert told.files[f"{NODE}/pyproject.toml.rej"] == "create"
    assert 'description = "Mine."' in shop.read("pyproject.toml")
    assert 'description = "Keeps items in order."' in shop.read("pyproject.toml.rej")
    assert shop.generate(renamed(), "--check").code == 0


def test_a_rejected_text_of_an_earlier_run_is_not_written_over(shop: Workshop) -> None:
    shop.edit("pyproject.toml", DESCRIBED, 'description = "Mine."')
    (shop.node / "pyproject.toml.rej").write_text("of earlier\n")

    assert shop.generate(renamed(), "--conflict=reject").code == 3
    assert shop.read("pyproject.toml.rej") == "of earlier\n"


def test_what_does_not_parse_as_the_person_has_it_is_a_conflict_and_not_blamed_on_the_merge(
    shop: Workshop,
) -> None:
    shop.edit("pyproject.toml", "[tool.mypy]\n", '[project]\nname = "again"\n[tool.mypy]\n')
    before = shop.tree()

    told = shop.generate(renamed())

    assert (told.code, "parses, which it does not as you have it: Cannot declare" in told.err) == (3, True)
    assert shop.tree() == before
    assert shop.generate(renamed(), "--conflict=theirs").code == 3
    assert shop.generate(renamed(), "--conflict=ours").code == 0
    assert '[project]\nname = "again"\n' in shop.read("pyproject.toml")


def test_handlers_resources_and_their_tests_are_never_written_again(shop: Workshop) -> None:
    for path in (HANDLER, "v1_0_0/resources.py", "v1_0_0/tests/test_handler_keep.py"):
        (shop.node / path).write_text("# mine\n")

    told = shop.json(renamed())

    assert told.code == 0
    assert told.action(HANDLER) == "keep"
    assert shop.read(HANDLER) == "# mine\n"
    assert shop.read("v1_0_0/resources.py") == "# mine\n"


def test_a_deleted_file_stays_deleted_and_is_told(shop: Workshop) -> None:
    (shop.node / "Dockerfile").unlink()

    told = shop.generate(renamed())

    assert f"deleted   {shop.node}/Dockerfile: deleted by you; --restore writes it again\n" in told.out
    assert not (shop.node / "Dockerfile").exists()
    assert shop.generate(renamed(), "--check").code == 0


@pytest.mark.parametrize(
    "path", [f"{NODE}/Dockerfile", "Dockerfile", NODE, "out/node_shop_keeper_effect/Dockerfile"]
)
def test_a_deleted_file_is_written_again_where_asked_for(
    shop: Workshop, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.folder)
    (shop.node / "Dockerfile").unlink()

    assert shop.json(keeper(), "--restore", path).action("Dockerfile") == "restore"
    assert shop.json().action("Dockerfile") == "unchanged"


def test_only_what_was_deleted_can_be_restored(shop: Workshop) -> None:
    shop.edit(".env.example", "LOG_LEVEL=INFO", "LOG_LEVEL=DEBUG")

    told = shop.generate(keeper(), "--restore", f"{NODE}/.env.example")

    assert (told.code, "nothing was deleted at" in told.err) == (2, True)
    assert "LOG_LEVEL=DEBUG" in shop.read(".env.example")


def test_a_new_operation_gets_its_handler_and_the_others_stay(shop: Workshop) -> None:
    (shop.node / HANDLER).write_text("# mine\n")

    told = shop.json(keeper(operations={"keep": KEEP, "drop": DROP, "find": DROP}))

    assert told.action("v1_0_0/handlers/handler_find.py") == "create"
    assert told.action("v1_0_0/interface.py") == "update"
    assert shop.read(HANDLER) == "# mine\n"


def test_a_removed_operation_leaves_its_handler_and_says_so(shop: Workshop) -> None:
    spec = keeper(operations={"keep": KEEP})

    told = shop.generate(spec)

    assert f"left      {shop.node}/v1_0_0/handlers/handler_drop.py: is not made any more" in told.out
    assert (shop.node / "v1_0_0/handlers/handler_drop.py").is_file()
    assert not (shop.node / "v1_0_0/models/model_drop_input.py").exists()
    assert shop.generate(spec, "--check").code == 0


def test_an_operation_that_comes_back_finds_its_handler(shop: Workshop) -> None:
    (shop.node / "v1_0_0/handlers/handler_drop.py").write_text("# mine\n")
    shop.generate(keeper(operations={"keep": KEEP}))

    told = shop.json()

    assert told.code == 0
    assert told.action("v1_0_0/models/model_drop_input.py") == "create"
    assert shop.read("v1_0_0/handlers/handler_drop.py") == "# mine\n"


def test_a_file_that_is_there_already_where_a_handler_is_new_is_kept_and_told_of(shop: Workshop) -> None:
    find = "v1_0_0/handlers/handler_find.py"
    (shop.node / find).write_text("# mine\n")

    told = shop.generate(keeper(operations={"keep": KEEP, "drop": DROP, "find": DROP}))

    assert f"keep      {shop.node}/{find}: was there already and stays as it is" in told.out
    assert shop.read(find) == "# mine\n"


def test_an_edited_file_that_is_not_made_any_more_is_left(shop: Workshop) -> None:
    model = "v1_0_0/models/model_drop_input.py"
    (shop.node / model).write_text("# mine\n")

    assert shop.json(keeper(operations={"keep": KEEP})).action(model) == "left"
    assert shop.read(model) == "# mine\n"


@pytest.mark.parametrize("choice", ["ours", "theirs", "reject", "markers"])
def test_a_file_that_nodesmith_never_wrote_is_in_the_way(shop: Workshop, choice: str) -> None:
    spec = keeper(operations={"keep": KEEP, "drop": DROP, "find": DROP})
    model = "v1_0_0/models/model_find_input.py"
    (shop.node / model).write_text("# mine\n")

    assert shop.generate(spec).code == 3
    assert shop.read(model) == "# mine\n"
    assert shop.generate(spec, "--conflict", choice).code == 0

    made = "class ModelFindInput"
    there = shop.read(model)
    assert ("# mine\n" in there, made in there) == (choice != "theirs", choice in ("theirs", "markers"))
    assert (shop.node / f"{model}.rej").is_file() == (choice == "reject")
    assert shop.generate(spec, "--check").code == (3 if choice == "markers" else 0)


def test_line_ends_and_byte_order_mark_are_kept(shop: Workshop) -> None:
    """As an editor on another system leaves them; to compare and merge they make no difference."""
    for path in ("pyproject.toml", "Dockerfile"):
        data = (shop.node / path).read_bytes().replace(b"\n", b"\r\n")
        (shop.node / path).write_bytes(b"\xef\xbb\xbf" + data)
    shop.edit("pyproject.toml", "[tool.mypy]\r\n", "# mine\r\n[tool.mypy]\r\n")

    assert shop.json().action("Dockerfile") == "unchanged"
    assert shop.json(renamed()).action("pyproject.toml") == "merge"

    data = (shop.node / "pyproject.toml").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n") > 10
    assert b"# mine\r\n" in data
    assert b'description = "Keeps items in order."\r\n' in data


def test_a_checkout_with_other_line_ends_is_as_it_was(shop: Workshop) -> None:
    for path in (place for place in shop.out.rglob("*") if place.is_file()):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    shop.edit("pyproject.toml", "[tool.mypy]\r\n", "# mine\r\n[tool.mypy]\r\n")

    assert shop.generate(keeper(), "--check").code == 0
    assert shop.json(renamed()).action("pyproject.toml") == "merge"


def test_a_persons_run_bit_and_mode_are_kept(shop: Workshop) -> None:
    (shop.node / "v1_0_0/start_node.py").chmod(0o640)
    (shop.node / "pyproject.toml").chmod(0o700)

    shop.generate(renamed())

    assert (shop.node / "v1_0_0/start_node.py").stat().st_mode & 0o777 == 0o640
    assert (shop.node / "pyproject.toml").stat().st_mode & 0o777 == 0o700


def test_a_file_that_is_no_text_cannot_be_merged(shop: Workshop) -> None:
    (shop.node / "pyproject.toml").write_bytes(b"\0\1\2")

    assert shop.generate(renamed()).code == 3
    assert shop.generate(renamed(), "--conflict=markers").code == 3
    assert shop.generate(renamed(), "--conflict=ours").code == 0
    assert shop.read("pyproject.toml") == "\0\1\2"


@pytest.mark.parametrize("place", ["", "v1_0_0", "v1_0_0/models", "pyproject.toml"])
def test_a_symbolic_link_is_never_followed_whatever_the_choice(shop: Workshop, place: str) -> None:
    outside = shop.folder / "outside"
    (shop.node / place).rename(outside)
    (shop.node / place).symlink_to(outside)
    before = contents(outside) if outside.is_dir() else outside.read_bytes()

    for options in ((), ("--conflict=theirs",), ("--conflict=ours",)):
        assert shop.generate(renamed(), *options).code in ((2, 3) if place == "" else (3,))

    assert (contents(outside) if outside.is_dir() else outside.read_bytes()) == before


@pytest.mark.usefixtures("not_root")
def test_a_file_that_cannot_be_read_is_in_the_way(capfd: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(folder=Path(folder), captured=capfd)
        shop.generate()
        (shop.node / "pyproject.toml").chmod(0o000)

        told = shop.generate(renamed(), "--conflict=theirs")

    assert (told.code, "cannot be read: Permission denied" in told.err) == (3, True)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_in_the_way(shop: Workshop, make: Callable[[Path], None]) -> None:
    (shop.node / "pyproject.toml").unlink()
    make(shop.node / "pyproject.toml")

    assert shop.generate(renamed(), "--conflict=theirs").code == 3


def test_without_git_the_merge_is_the_same(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(shop.folder))
    shop.edit("pyproject.toml", "[tool.mypy]\n", "# mine\n[tool.mypy]\n")
    shop.edit(".env.example", OLD, "# Mine.")

    assert shop.json(renamed()).action("pyproject.toml") == "merge"
    assert "# mine\n" in shop.read("pyproject.toml")
    assert 'description = "Keeps items in order."' in shop.read("pyproject.toml")


def test_a_repository_around_and_a_persons_settings_make_no_difference(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop.folder / "config").write_text("[merge]\n\tconflictStyle = zdiff3\n[core\nbroken")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(shop.folder / "config"))
    monkeypatch.setenv("GIT_DIR", str(shop.folder / "nowhere"))
    shop.edit("pyproject.toml", DESCRIBED, 'description = "Mine."')

    assert "||||||| before" in shop.generate(renamed()).err


def test_the_readmes_body_is_written_once_and_its_sections_follow_the_spec(shop: Workshop) -> None:
    shop.edit("README.md", "## Install", "## How we install it")

    told = shop.generate(keeper(operations={"keep": KEEP, "drop": DROP, "find": DROP}))

    assert told.code == 0
    assert "## How we install it" in shop.read("README.md")
    assert "`find`" in shop.read("README.md")


def test_a_lost_text_to_merge_from_makes_a_conflict_of_an_edit(shop: Workshop) -> None:
    shop.edit("pyproject.toml", "[tool.mypy]\n", "# mine\n[tool.mypy]\n")
    (shop.node / pristine_path("pyproject.toml")).unlink()

    told = shop.generate(renamed())

    assert (told.code, "is not there any more to merge from" in told.err) == (3, True)
    assert shop.generate(renamed(), "--conflict=ours").code == 0
    assert shop.read(pristine_path("pyproject.toml"))


def test_the_lock_names_each_file_its_owner_mode_and_digest(shop: Workshop) -> None:
    lock = json.loads(shop.read(LOCK))

    assert set(lock) == {"files", "format", "nodesmith", "spec", "templates"}
    assert lock["files"]["v1_0_0/start_node.py"].keys() == {"mode", "owner", "sha256"}
    assert lock["files"]["v1_0_0/start_node.py"]["mode"] == "755"
    assert lock["files"][HANDLER]["owner"] == "seeded"
    assert list(lock["files"]) == sorted(lock["files"])
    assert shop.read(LOCK) == json.dumps(lock, indent=2, sort_keys=True) + "\n"
    assert not (shop.node / pristine_path(HANDLER)).exists()
    assert shop.read(pristine_path(NODE_PY)) == shop.read(NODE_PY)


def test_new_into_a_node_that_is_there_goes_by_the_same_rules(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["new", "An effect called keeper that keeps items", "-o", str(tmp_path), "--json"]
    assert run(command) == 0
    (node,) = tmp_path.glob("node_*")
    (node / "Dockerfile").write_text("# mine\n")
    capfd.readouterr()

    assert run(command) == 0

    files = {file["path"]: file["action"] for file in json.loads(capfd.readouterr().out)["files"]}
    assert files[f"{node.name}/Dockerfile"] == "keep"
    assert (node / "Dockerfile").read_text() == "# mine\n"
