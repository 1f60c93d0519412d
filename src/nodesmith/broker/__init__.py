"""A Kafka-protocol broker for a laptop and for tests, not for production: one process, plain text, no replicas."""

from nodesmith.broker.server import EmbeddedBroker

__all__ = ["EmbeddedBroker"]
