from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from generation.update.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = 65534


@pytest.fixture
def shop(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Workshop:
    """A node that has been generated once."""
    shop = Workshop(folder=tmp_path, captured=capfd)
    assert shop.generate().code == 0
    return shop


@pytest.fixture
def not_root() -> Iterator[None]:
    """Give up root's right to read anything until the test is over."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    yield
    os.setresuid(0, 0, 0)
