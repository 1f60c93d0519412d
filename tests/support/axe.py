"""axe-core, which knows what makes a page hard to use for many people; fetched once, beside the project."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.cache import cached

if TYPE_CHECKING:
    from playwright.sync_api import Page

PACKAGE, VERSION = "axe-core", "4.11.0"
FETCH_SECONDS = 120
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_script() -> str:
    """Return the text of axe-core; where it cannot be had, what needs it is skipped aloud."""
    try:
        home = cached(f"{PACKAGE}-{VERSION}", _fetch)
    except (OSError, subprocess.SubprocessError) as reason:
        pytest.skip(f"axe-core cannot be had, and nobody checked that the page is accessible: {reason}")
    return (home / "package" / "axe.min.js").read_text(encoding="utf-8")


def findings(page: Page, script: str, *, only: str = "") -> list[str]:
    """Return what axe finds wrong with a page as it is shown now; `only` names the one rule that matters."""
    if not page.evaluate("'axe' in window"):
        # Through the debugger: the page itself lets no script in.
        page.evaluate(f"() => {{ {script} }}")
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", [only] if only else RULES
    )
    return [
        f"{each['id']}: {each['help']}: {', '.join(str(node['target']) for node in each['nodes'][:5])}"
        for each in found["violations"]
    ]


def _fetch(home: Path) -> None:
    subprocess.run(
        ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"],
        cwd=home,
        check=True,
        capture_output=True,
        timeout=FETCH_SECONDS,
    )
    (archive,) = Path(home).glob("*.tgz")
    with tarfile.open(archive) as package:
        package.extractall(home, filter="data")
