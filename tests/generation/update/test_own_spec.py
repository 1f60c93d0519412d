"""A node that is generated from its own `node.yaml`, which a person has edited in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generation.update.workshop import keeper

from nodesmith.cli.application import run
from nodesmith.generation.update.own_spec import says_the_same

if TYPE_CHECKING:
    from generation.update.workshop import Workshop

FIND = "  # mine\n  find: {input: {item_id: str}, output: {}}\n"


def again(shop: Workshop, *options: str) -> int:
    return run(["generate", str(shop.node / "node.yaml"), "-o", str(shop.out), *options])


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_spec_that_is_edited_in_the_node_is_not_in_conflict_with_itself(
    shop: Workshop, line_end: str
) -> None:
    edited = (shop.read("node.yaml").replace("Keeps items.", "Keeps all.") + FIND).replace("\n", line_end)
    (shop.node / "node.yaml").write_bytes(edited.encode())

    assert again(shop) == 0

    assert shop.read("node.yaml") == edited
    assert 'description = "Keeps all."' in shop.read("pyproject.toml")
    assert (shop.node / "v1_0_0/handlers/handler_find.py").is_file()
    assert again(shop, "--check") == 0


def test_the_edited_spec_follows_another_one_later(shop: Workshop) -> None:
    (shop.node / "node.yaml").write_text(shop.read("node.yaml") + FIND)
    again(shop)

    assert shop.generate(keeper(), "--conflict=theirs").code == 0

    assert "find" not in shop.read("node.yaml")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("# a\nnode:   'effect'\n", True),
        ("node: compute\n", False),
        ("node: effect\nnode: effect\n", False),
        ("<<<<<<< yours\nnode: effect\n", False),
        ("", False),
        ("!!python/object:os.system x", False),
    ],
)
def test_comments_and_layout_make_no_difference_to_what_a_spec_says(text: str, *, same: bool) -> None:
    assert says_the_same(text.encode(), b"node: effect\n") == same
