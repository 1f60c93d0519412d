"""What a node publishes, on disk until the broker has it."""

from nodesmith.runtime.outbox.bounds import OutboxBounds
from nodesmith.runtime.outbox.outbox import Outbox, OutboxMetrics, Until

__all__ = ["Outbox", "OutboxBounds", "OutboxMetrics", "Until"]
