"""The resources of a node whose adapter becomes another: they are the person's, who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generation.update.workshop import NODE, keeper

if TYPE_CHECKING:
    from generation.update.workshop import Workshop

RESOURCES = "v1_0_0/resources.py"
WITH_ADAPTER = keeper(adapter="sqlite")


def test_resources_that_would_be_others_now_stay_and_are_told_of_once(shop: Workshop) -> None:
    before = shop.read(RESOURCES)

    planned = shop.generate(WITH_ADAPTER, "--dry-run")
    done = shop.generate(WITH_ADAPTER)
    again = shop.generate(WITH_ADAPTER)

    said = (
        f"keep      {shop.node}/{RESOURCES}: stays as you have it, though nodesmith would write another now"
    )
    assert (said in planned.out, said in done.out, said in again.out) == (True, True, False)
    assert "kept" not in done.out
    assert "1 kept as yours" in again.out
    assert shop.read(RESOURCES) == before
    assert shop.generate(WITH_ADAPTER, "--check").code == 0


def test_resources_that_would_be_others_now_can_be_had(shop: Workshop) -> None:
    shop.generate(WITH_ADAPTER)
    (shop.node / RESOURCES).rename(shop.folder / "mine.py")

    told = shop.json(WITH_ADAPTER, "--restore", f"{NODE}/{RESOURCES}")

    assert told.action(RESOURCES) == "restore"
    assert "import sqlite3" in shop.read(RESOURCES)


def test_a_handler_that_would_be_another_now_is_nothing_to_tell_of(shop: Workshop) -> None:
    told = shop.generate(keeper(operations={"keep": {"input": {"other": "str"}, "output": {}}}))

    assert "would write another" not in told.out
