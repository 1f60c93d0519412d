"""What a run left out, and why: one line a reason, so that a green run does not hide what nobody looked at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest


def skipped_lines(reports: Iterable[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """Return how many tests were skipped for each reason, the most first."""
    reasons = Counter(_reason(report) for report in reports)
    return [f"{count:5} skipped: {reason}" for reason, count in reasons.most_common()]


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    said = report.longrepr
    text = said[2] if isinstance(said, tuple) else str(said or "no reason given")
    return text.removeprefix("Skipped: ")
