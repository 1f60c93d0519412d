"""The registry's own clock: it never goes back, and can be told as a time of day."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> float:
    """Return the seconds of this process's own count."""
    return time.monotonic()


def day_time(at: float) -> datetime:
    """Return a moment of that count as date and time, by the machine's clock as it is set now."""
    return datetime.fromtimestamp(time.time() - (time.monotonic() - at), UTC)


def text(moment: datetime | None) -> str | None:
    """Return a moment as RFC 3339 in UTC, to the millisecond."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
