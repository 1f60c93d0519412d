from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generation.update.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Workshop:
    """A node that has been generated once."""
    shop = Workshop(folder=tmp_path, captured=capfd)
    assert shop.generate().code == 0
    return shop
