from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the scores of the evaluation sets at the end of every run."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    scores = [
        value
        for report in reports
        if getattr(report, "when", "") == "call"
        for key, value in report.user_properties
        if key == "sentence score"
    ]
    if scores:
        terminalreporter.section("sentences understood")
        for line in scores:
            terminalreporter.write_line(str(line))
