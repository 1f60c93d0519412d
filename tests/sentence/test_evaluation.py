from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sentence.evaluation import FILES, rows_of, score

from nodesmith.spec.sentence import understand

if TYPE_CHECKING:
    from collections.abc import Callable

BAR = 0.95


@pytest.mark.parametrize("file", FILES)
def test_at_least_95_percent_are_right_on_archetype_and_on_name(
    file: str, record_property: Callable[[str, object], None]
) -> None:
    result = score(file)

    print(f"{file}: {result}")
    record_property("sentence score", f"{file}: {result}")
    assert result.archetypes >= BAR * result.total, result.wrong
    assert result.names >= BAR * result.total, result.wrong


def test_operations_that_were_listed_are_the_operations() -> None:
    rows = [row for file in FILES for row in rows_of(file) if "operations" in row]

    for row in rows:
        assert list(understand(row["sentence"]).document["operations"]) == row["operations"]  # type: ignore[call-overload]
    assert len(rows) > 5
