"""Turn one sentence or one short spec file into a running event-driven service."""

__version__ = "0.1.0"
