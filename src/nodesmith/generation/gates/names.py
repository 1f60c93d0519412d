"""Files whose names meet: on a file system that ignores case one would overwrite the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.files import NodeFiles


def name_findings(files: NodeFiles) -> Iterator[Finding]:
    """Yield every path that meets another, or stands where another needs a folder."""
    seen: dict[str, str] = {}
    for path in files:
        folded = path.casefold()
        if folded in seen:
            yield Finding(rule="name-collision", message=f"meets {seen[folded]}", file=path)
        seen[folded] = path
    for path in files:
        for parent in _parents(path.casefold()):
            if parent in seen:
                yield Finding(
                    rule="name-collision", message=f"needs {seen[parent]} to be a folder", file=path
                )


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
