"""What tests need from elsewhere, fetched once and kept in the user's cache, outside the tree."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COMPLETE = ".complete"


def cached(name: str, fetch: Callable[[Path], None]) -> Path:
    """Return the folder `name` of the cache, which `fetch` fills where that was never done to its end."""
    home = _folder() / name
    home.parent.mkdir(parents=True, exist_ok=True)
    with _locked(home.with_name(f"{name}.lock")):
        if not (home / _COMPLETE).exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            fetch(home)
            (home / _COMPLETE).touch()
    return home


def cached_before(name: str) -> Path | None:
    """Return that folder where it was filled before."""
    home = _folder() / name
    return home if (home / _COMPLETE).exists() else None


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nodesmith"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
