"""One sentence to a spec document, by rules: no model, no network."""

from __future__ import annotations

from nodesmith.spec.sentence.understanding import Understanding, understand

__all__ = ["Understanding", "understand"]
