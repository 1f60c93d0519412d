from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nodesmith.runtime.progress import Commits, PartitionProgress


@given(st.lists(st.integers(1, 3), min_size=1, max_size=30), st.randoms())
def test_only_what_has_everything_before_it_done_is_committed(steps: list[int], random: object) -> None:
    """Offsets may have gaps (transactions, deleted records), and records are done in any order."""
    offsets = [sum(steps[: index + 1]) for index in range(len(steps))]
    progress = PartitionProgress()
    for offset in offsets:
        progress.begin(offset)
    order = list(offsets)
    random.shuffle(order)  # type: ignore[attr-defined]
    done: set[int] = set()
    for offset in order:
        commit = progress.finish(offset)
        done.add(offset)
        undone = [other for other in offsets if other not in done]
        if commit is not None:
            assert all(other >= commit for other in undone)
            assert commit - 1 in done
    assert commit == offsets[-1] + 1


def test_an_older_offset_never_replaces_a_newer_one() -> None:
    commits = Commits()
    commits.put(("t", 0), 9)
    commits.put(("t", 0), 4)
    assert commits.take() == {("t", 0): 9}
    assert commits.take() == {}
