"""What every part of an ONEX document is written with."""

from __future__ import annotations

Document = dict[str, object]

# The subcontracts' own schema version, as omnibase-core 0.47 knows them.
SCHEMA_VERSION: dict[str, int] = {"major": 1, "minor": 0, "patch": 0}
