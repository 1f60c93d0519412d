"""Locks that are missing, broken, of another nodesmith, or that would lead somewhere else."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from generation.update.workshop import NODE, keeper, renamed

from nodesmith import __version__
from nodesmith.generation.update.lock import FOLDER, LOCK, Lock, load

if TYPE_CHECKING:
    from generation.update.workshop import Workshop

HANDLER = "v1_0_0/handlers/handler_keep.py"


def rewrite(shop: Workshop, **facts: Any) -> None:
    lock = json.loads(shop.read(LOCK))
    (shop.node / LOCK).write_text(json.dumps({**lock, **facts}))


def test_a_lock_reads_back_as_it_was_written(shop: Workshop) -> None:
    data = (shop.node / LOCK).read_bytes()

    assert load(data, file="").dump() == data
    assert load(Lock().dump(), file="") == Lock()


def test_a_lock_that_was_formatted_otherwise_is_the_same_lock(shop: Workshop) -> None:
    rewrite(shop)

    assert shop.generate(keeper(), "--check").code == 0


def test_a_node_without_a_lock_is_taken_over_where_it_is_as_generated(shop: Workshop) -> None:
    (shop.node / HANDLER).write_text("# mine\n")
    shutil.rmtree(shop.node / FOLDER)

    told = shop.json()

    assert told.code == 0
    assert {told.action(HANDLER), told.action("v1_0_0/node.py")} == {"keep", "unchanged"}
    assert (shop.node / LOCK).is_file()
    assert shop.json(renamed()).action("pyproject.toml") == "update"


def test_without_a_lock_a_changed_file_is_in_the_way(shop: Workshop) -> None:
    shop.edit("pyproject.toml", "[tool.mypy]\n", "# mine\n[tool.mypy]\n")
    shutil.rmtree(shop.node / FOLDER)
    before = shop.tree()

    told = shop.generate()

    assert (told.code, "is in the way" in told.err) == (3, True)
    assert shop.tree() == before


def test_a_choice_takes_a_changed_file_without_a_lock_over(shop: Workshop) -> None:
    shop.edit("pyproject.toml", "[tool.mypy]\n", "# mine\n[tool.mypy]\n")
    shutil.rmtree(shop.node / FOLDER)

    assert shop.generate(keeper(), "--conflict=ours").code == 0
    assert shop.json(renamed()).action("pyproject.toml") == "merge"
    assert "# mine\n" in shop.read("pyproject.toml")


BROKEN = ["", "{", "[]", "{}", '"lock"', "null", "\0", '{"format": 1, "files": {}}', "[" * 100_000, "\ud800"]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_lock_is_refused_with_what_to_do(shop: Workshop, text: str) -> None:
    (shop.node / LOCK).write_bytes(text.encode(errors="surrogatepass"))
    before = shop.tree()

    told = shop.generate(renamed())

    assert told.code == 2
    assert f"{NODE}/{LOCK}: is not the lock that nodesmith wrote [broken-lock]" in told.err
    assert f"git checkout -- {shop.node / FOLDER}" in told.err
    assert shop.tree() == before


@pytest.mark.parametrize(
    "entry",
    [
        {"../../outside": {}}, {"/etc/outside": {}}, {"a//b": {}}, {"./a": {}}, {"a\\b": {}}, {LOCK: {}}, {"": {}},
        {"a": {"sha256": "0"}}, {"a": {"owner": "nobody"}}, {"a": {"mode": "777"}}, {"a": {"mode": 644}}, {"a\0": {}},
    ],
)  # fmt: skip
def test_a_lock_cannot_lead_out_of_its_node(shop: Workshop, entry: dict[str, dict[str, object]]) -> None:
    good = {"owner": "generated", "mode": "644", "sha256": "0" * 64}
    rewrite(shop, files={path: {**good, **facts} for path, facts in entry.items()})

    assert shop.generate(renamed()).code == 2


def test_a_lock_with_the_markers_of_a_merge_is_refused(shop: Workshop) -> None:
    text = shop.read(LOCK)
    (shop.node / LOCK).write_text(f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n")

    told = shop.generate()

    assert told.code == 2
    assert "holds the markers of a merge [merged-lock]" in told.err
    assert f"git checkout --ours -- {shop.node / FOLDER}" in told.err


@pytest.mark.parametrize("facts", [{"nodesmith": "999.0.0"}, {"format": 2}])
def test_a_lock_of_a_newer_nodesmith_is_refused(shop: Workshop, facts: dict[str, object]) -> None:
    rewrite(shop, **facts)

    told = shop.generate(keeper(), "--json")

    assert told.code == 2
    assert json.loads(told.out)["error"]["type"] == "LockError"
    assert f"which is newer than this one ({__version__})" in told.err


def test_a_lock_of_an_older_nodesmith_is_brought_up_to_date(shop: Workshop) -> None:
    rewrite(shop, nodesmith="0.0.9")

    assert shop.generate(keeper(), "--check").code == 1
    assert shop.generate().code == 0
    assert json.loads(shop.read(LOCK))["nodesmith"] == __version__


@pytest.mark.parametrize("place", [FOLDER, LOCK, f"{FOLDER}/pristine"])
def test_records_behind_a_symbolic_link_are_neither_read_nor_written(shop: Workshop, place: str) -> None:
    outside = shop.folder / "outside"
    (shop.node / place).rename(outside)
    (shop.node / place).symlink_to(outside)
    before = shop.tree()

    assert shop.generate(renamed()).code == 2
    assert shop.tree() == before


def test_all_broken_locks_are_named_at_once(shop: Workshop) -> None:
    system: dict[str, object] = {"system": "shop", "nodes": [keeper(), keeper(name="other")]}
    shop.generate(system)
    for folder in shop.out.iterdir():
        if folder.name.startswith("node_"):
            (folder / LOCK).write_text("")

    assert shop.generate(system).err.count("[broken-lock]") == 2
