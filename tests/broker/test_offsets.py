"""The file of committed offsets by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from nodesmith.broker.offsets import CommittedOffset, OffsetStore, Place

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_file_is_rewritten_when_most_of_it_is_outdated(tmp_path: Path) -> None:
    store = OffsetStore(tmp_path / "offsets.jsonl", rewrite_after=100)
    for number in range(1000):
        store.commit("g", {Place("t", 0): CommittedOffset(number)})
    store.close()
    assert len((tmp_path / "offsets.jsonl").read_text().splitlines()) < 110
    again = OffsetStore(tmp_path / "offsets.jsonl")
    assert again.of_group("g") == {Place("t", 0): CommittedOffset(999)}
    again.close()


def test_what_is_forgotten_stays_forgotten(tmp_path: Path) -> None:
    store = OffsetStore(tmp_path / "offsets.jsonl")
    for group in ("kept", "gone"):
        store.commit(group, {Place("t", 0): CommittedOffset(1), Place("deleted", 0): CommittedOffset(1)})
    store.forget_group("gone")
    store.forget_topic("deleted")
    store.close()
    again = OffsetStore(tmp_path / "offsets.jsonl")
    assert again.groups() == ["kept"]
    assert list(again.of_group("kept")) == [Place("t", 0)]
    again.close()


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=5),
            st.builds(Place, st.text(max_size=5), st.integers(0, 3)),
            st.builds(CommittedOffset, st.integers(0, 2**63 - 1), st.integers(-1, 5), st.text(max_size=20)),
        )
    )
)
@settings(max_examples=50, deadline=None)
def test_any_group_and_metadata_come_back(
    tmp_path_factory: pytest.TempPathFactory, commits: list[tuple[str, Place, CommittedOffset]]
) -> None:
    path = tmp_path_factory.mktemp("offsets") / "offsets.jsonl"
    store, expected = OffsetStore(path), {}
    for group, place, committed in commits:
        store.commit(group, {place: committed})
        expected[group, place] = committed
    store.close()
    again = OffsetStore(path)
    found = {(group, place): one for group in again.groups() for place, one in again.of_group(group).items()}
    again.close()
    assert found == expected
